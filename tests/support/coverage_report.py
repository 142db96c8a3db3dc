"""Prints the coverage of each package, from the JSON of slipcover: python -m tests.support.coverage_report FILE."""

import json
import sys
from collections import defaultdict
from pathlib import Path


def coverage(report: Path) -> dict[str, tuple[int, int]]:
    """Return covered and all lines of each folder directly in a package, its flat files, and all together."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for name, file in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        covered, missing = len(file["executed_lines"]), len(file["missing_lines"])
        for group in ("/".join(Path(name).parts[:-1][:2]), "all"):
            before, of = found[group]
            found[group] = before + covered, of + covered + missing
    return dict(found)


def main(report: str) -> None:
    """Print a line per folder."""
    for name, (covered, lines) in sorted(coverage(Path(report)).items(), key=lambda item: (item[0] == "all", item[0])):
        if lines:
            print(f"{name:28}{lines:7,} lines {covered / lines:6.1%} covered")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
