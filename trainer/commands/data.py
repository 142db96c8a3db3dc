"""python -m trainer data: get, prepare, verify, describe and list data sets."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.commands.data_arguments import (
    EXAMPLES,
    BackgroundOption,
    ChannelsOption,
    DataArgument,
    DataDirOption,
    FilterOption,
    FitOption,
    FollowLinksOption,
    ForceOption,
    LabelsOption,
    MaxImagesOption,
    NamesArgument,
    ResolutionOption,
    SourceArgument,
    TargetArgument,
)
from trainer.config.dataset.describe import examine, is_zip, locate, sets_in
from trainer.config.dataset.regular import usable_path
from trainer.data.get import get as bring
from trainer.data.prepare import KINDS
from trainer.data.prepare import prepare as convert
from trainer.data.registry import REGISTRY
from trainer.data.verify import Findings
from trainer.data.verify import verify as look_for_damage
from trainer.data.writer import read_settings
from trainer.errors import ExitCode, printable
from trainer.files import strict_json
from trainer.runtime.console import progress, result, say

EXAMPLES_SHOWN, PROBLEMS_SHOWN = 3, 20

app = new_app("Get, prepare, verify, describe and list data sets.")


@app.command(epilog=epilog(EXAMPLES["get"]))
def get(
    names: NamesArgument,
    store: StoreOption = DEFAULT_STORE,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Download or generate named data sets into STORE/data. No other command downloads anything."""
    made = {}
    for name in names:
        with progress(name) as tick:
            made[name] = str(bring(name, data_dir or store / "data", say, tick))
    _answer(made, "\n".join(made.values()), as_json)
    return 0


@app.command(epilog=epilog(EXAMPLES["prepare"]), help=f"Convert {KINDS} to a ZIP to train from.")
def prepare(
    source: SourceArgument,
    target: TargetArgument,
    resolution: ResolutionOption = None,
    fit: FitOption = "crop",
    filter: FilterOption = "lanczos",
    channels: ChannelsOption = None,
    max_images: MaxImagesOption = None,
    labels: LabelsOption = "keep",
    background: BackgroundOption = "white",
    follow_links: FollowLinksOption = False,
    force: ForceOption = False,
    store: StoreOption = DEFAULT_STORE,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> int:
    """Convert images to a ZIP to train from."""
    folder = data_dir or store / "data"
    path = _target(target, folder)
    with progress(path.name) as tick:
        images = convert(
            source,
            path,
            resolution=resolution,
            fit=fit,
            filter=filter,
            channels=channels or 0,
            most=max_images,
            labels=labels,
            background=background,
            follow_links=follow_links,
            replace=force,
            progress=tick,
        )
    facts = _facts(path.resolve(), folder)
    _answer(
        {**facts, "path": str(path)}, "\n".join([f"{printable(str(path))}: {images} images", *_told(facts)]), as_json
    )
    return 0


@app.command(epilog=epilog(EXAMPLES["verify"]))
def verify(
    data: DataArgument, store: StoreOption = DEFAULT_STORE, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> int:
    """Decode every image of a data set, and look for damage and duplicates."""
    path = locate(data, data_dir or store / "data")
    with progress(path.name) as tick:
        found = look_for_damage(path, tick)
    found.remarks += _told_by(found.settings)
    _answer({**asdict(found), "sound": found.sound}, _findings_text(found), as_json)
    return ExitCode.DONE if found.sound else ExitCode.USER_ERROR


@app.command(epilog=epilog(EXAMPLES["describe"]))
def describe(
    data: DataArgument, store: StoreOption = DEFAULT_STORE, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> int:
    """Describe a data set, without decoding it."""
    folder = data_dir or store / "data"
    facts = _facts(locate(data, folder), folder)
    table = {key: value for key, value in facts.items() if key != "remarks"}
    _answer(facts, "\n".join([_table(table), *_told(facts)]), as_json)
    return 0


@app.command("list", epilog=epilog(EXAMPLES["list"]))
def list_sets(store: StoreOption = DEFAULT_STORE, data_dir: DataDirOption = None, as_json: JsonOption = False) -> int:
    """List the data sets in STORE/data, and those available from `get`."""
    folder = data_dir or store / "data"
    here = {name: str(path) for name, path in sets_in(folder).items()}
    to_get = {name: wanted.title for name, wanted in REGISTRY.items() if name not in here}
    text = [
        f"in {printable(str(folder))}:",
        *(f"  {name}" for name in here or ("nothing yet",)),
        "to get (adasweep data get NAME):",
    ]
    width = max(map(len, to_get), default=0) + 2
    text += [f"  {name:<{width}}{title}" for name, title in to_get.items()]
    _answer({"data_dir": str(folder), "here": here, "to_get": to_get}, "\n".join(text), as_json)
    return 0


def _target(target: str, folder: Path) -> Path:
    """Return where `prepare` writes: a bare name is a set in the store, anything else a path."""
    if "/" in target or is_zip(Path(target)):
        return usable_path(target)
    return folder / f"{target}.zip"


def _facts(path: Path, data_dir: Path) -> dict[str, object]:
    """Return what a data set is, how it was made, and what somebody who uses it should know."""
    settings = read_settings(path)
    description, remarks = examine(path, data_dir)
    told = {key: value for key, value in settings.items() if key != "remarks"}
    return {
        "path": str(path),
        **description.model_dump(),
        "settings": told,
        "remarks": [*_told_by(settings), *remarks],
    }


def _told_by(settings: Mapping[str, object]) -> list[str]:
    """Return what was said when a set was made."""
    remarks = settings.get("remarks")
    return [f"prepared: {remark}" for remark in remarks] if isinstance(remarks, list) else []


def _told(facts: Mapping[str, object]) -> list[str]:
    remarks = facts["remarks"]
    return [f"  {printable(str(remark))}" for remark in remarks] if isinstance(remarks, list) else []


def _answer(value: object, text: str, as_json: bool) -> None:
    result(strict_json(_shown(value), indent=1) if as_json else text)


def _shown(value: object) -> object:
    """Return a value for JSON with all its texts fit to be shown: names may be no UTF-8."""
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def _findings_text(found: Findings) -> str:
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
    return "\n".join([_table(facts), *map(printable, [*some, *told])])


def _table(facts: Mapping[str, object]) -> str:
    return "\n".join(f"{key:<18}{printable(str(value))}" for key, value in facts.items())
