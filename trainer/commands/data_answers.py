"""Output of the `data` commands: facts and remarks, as text or as JSON."""

from collections.abc import Mapping
from pathlib import Path

from trainer.config.dataset.describe import examine
from trainer.config.dataset.preparation import read_settings
from trainer.data.verify import Findings
from trainer.errors import printable
from trainer.files import strict_json
from trainer.runtime.console import print_result

EXAMPLES_SHOWN, PROBLEMS_SHOWN = 3, 20


def facts_of_set(path: Path, data_dir: Path) -> dict[str, object]:
    """Return the description of a data set, the settings it was prepared with, and remarks for its users."""
    settings = read_settings(path)
    description, remarks = examine(path, data_dir)
    shown = {key: value for key, value in settings.items() if key != "remarks"}
    return {
        "path": str(path),
        **description.model_dump(),
        "settings": shown,
        "remarks": [*preparation_remarks(settings), *remarks],
    }


def preparation_remarks(settings: Mapping[str, object]) -> list[str]:
    """Return the remarks recorded when a set was prepared."""
    remarks = settings.get("remarks")
    return [f"prepared: {remark}" for remark in remarks] if isinstance(remarks, list) else []


def remark_lines(facts: Mapping[str, object]) -> list[str]:
    """Return the remarks about a set, one indented line each."""
    remarks = facts["remarks"]
    return [f"  {printable(str(remark))}" for remark in remarks] if isinstance(remarks, list) else []


def answer(value: object, text: str, as_json: bool) -> None:
    """Print `value` as JSON, or `text`."""
    print_result(strict_json(_shown(value), indent=1) if as_json else text)


def _shown(value: object) -> object:
    """Return a value with all its strings printable: file names may not be valid UTF-8."""
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def findings_text(found: Findings) -> str:
    """Return what `verify` found: a table, remarks, and the first few problems."""
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
    lines = [f"  {line}" for line in [*found.remarks, *found.problems[:PROBLEMS_SHOWN]]]
    return "\n".join([table_of(facts), *map(printable, [*some, *lines])])


def table_of(facts: Mapping[str, object]) -> str:
    """Return one line per fact."""
    return "\n".join(f"{key:<18}{printable(str(value))}" for key, value in facts.items())
