"""The index of all pages, docs/results/README.md, and the block with the same table in README.md."""

from collections.abc import Sequence
from pathlib import Path

from infra.results.pages import PACKS, PageEntry
from infra.results.tables import markdown_table
from infra.results.templates import render
from trainer.errors import UserError

TEMPLATE = "index.md.j2"
BEGIN, END = "<!-- results: written by make results -->", "<!-- end of results -->"
HEADINGS = ("question", "verdicts", "runs", "kWh")


def index(results: Path, entries: Sequence[PageEntry]) -> bytes:
    """Return the content of docs/results/README.md."""
    shown = {pack for entry in entries for pack in entry.packs}
    packs = sorted(path.name for path in (results / PACKS).glob("*.zip"))
    words = {
        "table": page_table(entries, ""),
        "pages": entries,
        "packs_without_page": [pack for pack in packs if pack not in shown],
    }
    return render(results, TEMPLATE, words).encode()


def with_block(readme: Path, entries: Sequence[PageEntry], prefix: str) -> bytes:
    """Return README.md with the table of pages between its two markers. Raises UserError if a marker is missing."""
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UserError(readme, f"lacks the lines {BEGIN} and {END}", "add them where the results should appear")
    return f"{before}{begin}\n{page_table(entries, prefix)}\n{end}{after}".encode()


def page_table(entries: Sequence[PageEntry], prefix: str) -> str:
    """Return one row per page; links start with `prefix`."""
    return markdown_table(HEADINGS, [_row(entry, prefix) for entry in entries])


def _row(entry: PageEntry, prefix: str) -> list[str]:
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in entry.verdicts.items()) or "no claims"
    link = f"[{entry.question}]({prefix}{entry.name}/README.md)"
    return [link, verdicts, f"{entry.runs_done} of {entry.runs_planned}", f"{entry.kwh:.2g}"]
