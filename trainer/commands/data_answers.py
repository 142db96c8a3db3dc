"""What the commands of `data` answer: facts and remarks, for a person or as JSON."""

from collections.abc import Mapping
from pathlib import Path

from trainer.config.dataset.describe import examine
from trainer.data.verify import Findings
from trainer.data.writer import read_settings
from trainer.errors import printable
from trainer.files import strict_json
from trainer.runtime.console import result

EXAMPLES_SHOWN, PROBLEMS_SHOWN = 3, 20


def facts_of_set(path: Path, data_dir: Path) -> dict[str, object]:
    """Return what a data set is, how it was made, and what somebody who uses it should know."""
    settings = read_settings(path)
    description, remarks = examine(path, data_dir)
    told = {key: value for key, value in settings.items() if key != "remarks"}
    return {
        "path": str(path),
        **description.model_dump(),
        "settings": told,
        "remarks": [*told_when_prepared(settings), *remarks],
    }


def told_when_prepared(settings: Mapping[str, object]) -> list[str]:
    """Return what was said when a set was made."""
    remarks = settings.get("remarks")
    return [f"prepared: {remark}" for remark in remarks] if isinstance(remarks, list) else []


def told_lines(facts: Mapping[str, object]) -> list[str]:
    """Return the remarks among the facts of a set, one indented line each."""
    remarks = facts["remarks"]
    return [f"  {printable(str(remark))}" for remark in remarks] if isinstance(remarks, list) else []


def answer(value: object, text: str, as_json: bool) -> None:
    """Write `value` as JSON, or `text`."""
    result(strict_json(_shown(value), indent=1) if as_json else text)


def _shown(value: object) -> object:
    """Return a value for JSON with all its texts fit to be shown: names may be no UTF-8."""
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def findings_text(found: Findings) -> str:
    """Return what `verify` found as a table, remarks, and the first of the problems."""
    facts: dict[str, object] = {
        "path": found.path,
        "fingerprint": found.fingerprint,
        "images": found.images,
        "resolution": found.resolution,
        "channels": found.channels,
        "images per class": found.class_counts or "no labels",
        "duplicates": len(found.duplicates),
        "problems": len(found.problems),
    }
    some = [f"  the same image twice: {first} = {second}" for first, second in found.duplicates[:EXAMPLES_SHOWN]]
    told = [f"  {line}" for line in [*found.remarks, *found.problems[:PROBLEMS_SHOWN]]]
    return "\n".join([table_of(facts), *map(printable, [*some, *told])])


def table_of(facts: Mapping[str, object]) -> str:
    """Return facts one to a line."""
    return "\n".join(f"{key:<18}{printable(str(value))}" for key, value in facts.items())
