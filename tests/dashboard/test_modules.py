"""The modules of the pages, run by Node.js, and as the one script of exported pages."""

import shutil
import subprocess
from pathlib import Path

import pytest

from analysis.dashboard.export import bundle
from analysis.dashboard.files import assets
from infra.debian import CannotInstall, program


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js, installed if it is not there."""
    try:
        return program(["node", "nodejs"], "nodejs")
    except CannotInstall as reason:
        pytest.skip(str(reason))


def test_the_numbers_of_pages_are_right(node: str, tmp_path: Path) -> None:
    own = tmp_path / "assets"
    shutil.copytree(assets()["main.js"].parent, own)
    (own / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    test = Path(__file__).with_name("modules_test.mjs")
    settings = {"ASSETS": own.as_uri(), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([node, "--test", str(test)], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_joined_modules_run_without_modules(node: str, tmp_path: Path) -> None:
    modules = {
        "one.js": "export const one = 1;\nexport function two() { return one + 1; }\n",
        "main.js": 'import { one, two } from "./one.js";\n\nglobalThis.found = one + two();\n',
    }
    script = tmp_path / "bundle.js"
    script.write_text(bundle(modules) + "console.log(globalThis.found);", encoding="utf-8")
    done = subprocess.run([node, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_no_module_makes_markup_or_asks_elsewhere() -> None:
    for name, path in assets().items():
        if name.endswith(".js") and not name.startswith("vendor/"):
            source = path.read_text(encoding="utf-8")
            for word in ("innerHTML =", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
                rest = source.replace("http://www.w3.org/2000/svg", "")
                assert word not in rest, (name, word)
