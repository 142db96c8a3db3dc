"""Whatever is installed with the lock files takes the oldest Python that the project promises."""

import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]


def test_every_locked_package_takes_the_oldest_python() -> None:
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = f"{promised.removeprefix('>=')}.0"
    asked = {found.name: str(found.metadata.json.get("requires_python", "")) for found in distributions()}
    assert len(asked) > 50
    assert [name for name, python in asked.items() if python and oldest not in SpecifierSet(python)] == []
