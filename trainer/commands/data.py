"""python -m trainer data: get, prepare, verify, describe and list data sets."""

from dataclasses import asdict

from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.commands.data_answers import (
    answer,
    facts_of_set,
    findings_text,
    preparation_remarks,
    remark_lines,
    table_of,
)
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
    RecipeOption,
    ResolutionOption,
    SourceArgument,
    TargetArgument,
)
from trainer.commands.data_conversion import Conversion, convert_to, lines_on_test_images, target_of
from trainer.config.dataset.describe import locate, sets_in
from trainer.data.get import get as bring
from trainer.data.prepare import KINDS
from trainer.data.registry import REGISTRY
from trainer.data.verify import verify as look_for_damage
from trainer.errors import ExitCode, printable
from trainer.runtime.console import log, progress

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
            made[name] = str(bring(name, data_dir or store / "data", log, tick))
    answer(made, "\n".join(made.values()), as_json)
    return 0


@app.command(epilog=epilog(EXAMPLES["prepare"]), help=f"Convert {KINDS} to a ZIP to train from.")
def prepare(
    source: SourceArgument,
    target: TargetArgument = None,
    recipe: RecipeOption = None,
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
    path = target_of(target, recipe, folder)
    options = Conversion(resolution, fit, filter, channels or 0, max_images, labels, background, follow_links)
    with progress(path.name) as tick:
        images = convert_to(path, source, recipe, options, force, tick)
    facts = facts_of_set(path.resolve(), folder)
    lines = [f"{printable(str(path))}: {images} images", *lines_on_test_images(path), *remark_lines(facts)]
    answer({**facts, "path": str(path)}, "\n".join(lines), as_json)
    return 0


@app.command(epilog=epilog(EXAMPLES["verify"]))
def verify(
    data: DataArgument, store: StoreOption = DEFAULT_STORE, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> int:
    """Decode every image of a data set and check for damage and duplicates."""
    path = locate(data, data_dir or store / "data")
    with progress(path.name) as tick:
        found = look_for_damage(path, tick)
    found.remarks += preparation_remarks(found.settings)
    answer({**asdict(found), "sound": found.sound}, findings_text(found), as_json)
    return ExitCode.DONE if found.sound else ExitCode.USER_ERROR


@app.command(epilog=epilog(EXAMPLES["describe"]))
def describe(
    data: DataArgument, store: StoreOption = DEFAULT_STORE, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> int:
    """Describe a data set, without decoding it."""
    folder = data_dir or store / "data"
    facts = facts_of_set(locate(data, folder), folder)
    table = {key: value for key, value in facts.items() if key != "remarks"}
    answer(facts, "\n".join([table_of(table), *remark_lines(facts)]), as_json)
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
    answer({"data_dir": str(folder), "here": here, "to_get": to_get}, "\n".join(text), as_json)
    return 0
