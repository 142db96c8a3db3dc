"""The dashboard as static files: the same pages, which open from disk or from any web server.

A page that is opened from disk may load neither modules nor data: its data stands in the page, and the modules are
joined into one script.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from analysis.dashboard.figure_list import figure_cards
from analysis.dashboard.files import assets, figure_file, sheet_file
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.pages import Look, every_page
from analysis.errors import ReportError
from analysis.results import sample_sheets
from trainer.files import make_folder, replace_file, replacing

MARK = ".adasweep-dashboard"
"""A file in every exported folder: only such a folder, or an empty one, is written to."""
WATCH_SECONDS = 5.0
FIRST = "main.js"

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let) (\w+))", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:async )?(?:function|const|let) (\w+)", re.MULTILINE)


def export_pages(live: LiveStore, folder: Path, reload_seconds: int = 0) -> int:
    """Write all pages and their files to `folder`; return the number of pages.

    Raises ReportError where the folder holds something else.
    """
    _claim(folder)
    _write_assets(folder)
    _copy_pictures(live, folder)
    look = Look(ending=".html", is_live=False, reload_seconds=reload_seconds)
    count = 0
    for path, html in every_page(live, look):
        _write(folder / f"{path}.html", html.encode())
        count += 1
    return count


def watch_pages(live: LiveStore, folder: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Write the pages again whenever something has changed, until the process is asked to stop."""
    known = ""
    while True:
        revision = live.refresh()
        if revision != known:
            export_pages(live, folder, reload_seconds=int(WATCH_SECONDS * 4))
        known = revision
        sleep(WATCH_SECONDS)


def bundle(modules: dict[str, str], first: str = FIRST) -> str:
    """Return modules joined into one script that runs without them: each in a function of its own, in their order."""
    parts = [
        f'  made["{name}"] = (() => {{\n{_as_function(modules[name])}  }})();\n' for name in _order(modules, first)
    ]
    return '"use strict";\n(() => {\n  const made = {};\n' + "".join(parts) + "})();\n"


def _as_function(source: str) -> str:
    names = EXPORTED.findall(source)
    body = EXPORT.sub("", IMPORT.sub(lambda found: f'const {{{found[1]}}} = made["{found[2]}"];\n', source))
    return f"{body}\nreturn {{ {', '.join(names)} }};\n"


def _order(modules: dict[str, str], first: str) -> Iterator[str]:
    """Yield the modules that `first` needs, each after those it imports."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        for found in IMPORT.finditer(modules[name]):
            visit(found[2])
        done[name] = None

    visit(first)
    yield from done


def _claim(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder}: not a folder; choose another")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise ReportError(f"{folder}: holds other files; choose an empty or a new folder")
    make_folder(folder)
    (folder / MARK).touch()


def _write_assets(folder: Path) -> None:
    found = assets()
    modules = {name: path.read_text(encoding="utf-8") for name, path in found.items() if _is_module(name)}
    for name, path in found.items():
        if name not in modules:
            _write(folder / "assets" / name, path.read_bytes())
    _write(folder / "assets" / "bundle.js", bundle(modules).encode())


def _is_module(name: str) -> bool:
    return name.endswith(".js") and "/" not in name and name != "theme.js"


def _copy_pictures(live: LiveStore, folder: Path) -> None:
    for trial in live.store.trials():
        run = live.store.run(trial)
        names = [path.name for path in sample_sheets.fakes(run).values()]
        for name in [*names, *(["reals.png"] if sample_sheets.reals(run) else [])]:
            _copy(sheet_file(live, trial, name), folder / "files" / "samples" / trial / name)
    for card in figure_cards(live):
        for kind in card.kinds:
            name = f"{card.figure}.{kind}"
            _copy(figure_file(live, card.sweep, name), folder / "files" / "figures" / card.sweep / name)


def _copy(source: Path, target: Path) -> None:
    """Copy a picture unless the copy is as new and as large."""
    there, here = target.stat() if target.exists() else None, source.stat()
    if there is None or (there.st_size, there.st_mtime_ns) != (here.st_size, here.st_mtime_ns):
        with replacing(target) as temporary:
            shutil.copy2(source, temporary)


def _write(path: Path, content: bytes) -> None:
    """Write a file if its content is new."""
    if not path.is_file() or path.read_bytes() != content:
        replace_file(path, content)
