"""Formats are described completely in docs/store.md, and nowhere else."""

import re
from pathlib import Path

import pytest

from orchestrator.plan.cost import Totals
from orchestrator.plan.price import Power, Price
from orchestrator.plan.status import TrialStatus
from trainer.config.plan_file import PlanFile, PlannedRun

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "store.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FIELDS = {
    "plan.json": PlanFile.model_fields,
    "a cell of plan.json": PlannedRun.model_fields,
    "totals": Totals._fields,
    "price": Price._fields,
    "power": Power._fields,
    "a trial of status --json": TrialStatus.__dataclass_fields__,
}
OF_A_FORMAT = re.compile(r"\b(schema_version|wall_hours_low|score_last|modified_ns|num_generated)\b")
"""Words that occur only in descriptions of formats."""


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_format_is_described(name: str) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert [field for field in FIELDS[name] if f"`{field}`" not in text] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != REFERENCE], ids=lambda page: page.name)
def test_formats_are_described_in_one_document(page: Path) -> None:
    assert OF_A_FORMAT.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if not _leads(page, link)] == []


def _leads(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists() or not heading:
        return target.exists()
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return heading in {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in headings}
