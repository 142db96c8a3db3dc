"""Every program parses its command line with Typer."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("orchestrator", "trainer", "analysis", "infra", "benchmarks")
OTHERS = re.compile(r"^\s*(?:import|from) (argparse|click|optparse|getopt|fire)\b", re.MULTILINE)


def test_no_other_framework_reads_a_command_line() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert [path for path in files if OTHERS.search(path.read_text(encoding="utf-8"))] == []
