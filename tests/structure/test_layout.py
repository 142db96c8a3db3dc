"""The layout of each package: few top-level files, no mutual imports of subpackages, no tiny files in analysis.

Here a subpackage is a file or folder directly in a package. Import-linter checks the layers.
"""

from itertools import combinations
from pathlib import Path
from statistics import median

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "trainer", "analysis")
MOST_FLAT_FILES = 6
SMALL_LINES = 20
MOST_SMALL = 0.1
LEAST_MEDIAN_LINES = 50


def lines_of(package: str) -> list[int]:
    """Return the number of lines of every file of a package, including each `__init__.py`."""
    return [len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize("package", PACKAGES)
def test_few_files_are_at_the_top_level(package: str) -> None:
    flat = sorted(path.name for path in (ROOT / package).glob("*.py"))
    assert len(flat) <= MOST_FLAT_FILES, flat


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_subpackages_import_each_other(package: str) -> None:
    graph = grimp.build_graph(package)

    def imports(importer: str, imported: str) -> bool:
        return graph.direct_import_exists(importer=importer, imported=imported, as_packages=True)

    pairs = combinations(sorted(graph.find_children(package)), 2)
    assert [(one, other) for one, other in pairs if imports(one, other) and imports(other, one)] == []


def test_the_median_file_of_analysis_is_not_small() -> None:
    assert median(lines_of("analysis")) >= LEAST_MEDIAN_LINES


def test_few_files_of_analysis_are_small() -> None:
    lines = lines_of("analysis")
    assert sum(count <= SMALL_LINES for count in lines) <= MOST_SMALL * len(lines)
