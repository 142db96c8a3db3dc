"""adasweep init: write a first sweep for one's own images, preparing them where that is needed."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.backends.local.backend import LocalBackend
from orchestrator.commands import delegate, plan
from orchestrator.dispatch.request import Request
from orchestrator.display.output import progress_console
from orchestrator.errors import PlanError
from orchestrator.store.layout import Store
from orchestrator.sweep.starter import MOST_PIXELS_ON_CPU, MOST_PIXELS_ON_GPU, slug, starter
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.describe import describe, locate, set_name
from trainer.config.dataset.survey import survey
from trainer.errors import DataError, OutputError, printable
from trainer.files import replace_file

EXAMPLES = """Examples:
  adasweep init ~/photos                      writes photos.yaml and shows its plan and price
  adasweep init ~/photos --resolution 32      smaller images: faster
  adasweep init cats --out cats-ada.yaml      a set that `adasweep data prepare` made
"""
FolderArgument = Annotated[str, typer.Argument(metavar="FOLDER", help="A folder or ZIP of images, or a set by name.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Sweep file to write.", show_default="NAME.yaml")
]
PixelsOption = Annotated[
    int | None,
    typer.Option("--resolution", metavar="PIXELS", help="Convert the images to this size, a power of two."),
]

TRAINABLE = (1, 3)
"""The channels that metrics and changes of colour take."""

app = new_app()


class _PreparationFailed(Exception):
    """`data prepare` has told why; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@app.command(epilog=epilog(EXAMPLES))
def init(
    folder: FolderArgument,
    out: OutOption = None,
    resolution: PixelsOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Write a commented sweep for your own images, and show its plan and price.

    Images that cannot be trained from directly are first converted, as `adasweep data prepare` does.
    """
    place, source = Store(store), locate(folder, Store(store).data)
    name = slug(set_name(source))
    target = out or Path(f"{name}.yaml")
    if target.exists():
        raise PlanError(printable(str(target)), "exists already", "name another file with --out, or plan it as it is")
    gpus = LocalBackend(place).capacity.gpus
    try:
        data, about = _usable(source, name, resolution, place, MOST_PIXELS_ON_GPU if gpus else MOST_PIXELS_ON_CPU)
    except _PreparationFailed as failed:
        return failed.code
    _write(target, starter(slug(target.stem), target.name, data, about, gpus))
    progress_console().print(f"wrote {target}", markup=False, soft_wrap=True)
    return plan.execute(place, Request(target), as_json=as_json, against_last=False)


def _write(target: Path, text: str) -> None:
    try:
        replace_file(target, text)
    except OSError as error:
        problem = f"cannot be written ({(error.strerror or str(error)).lower()})"
        raise OutputError(printable(str(target)), problem, "name another file with --out") from None


def _usable(
    source: Path, name: str, resolution: int | None, store: Store, most_pixels: int
) -> tuple[str, DataDescription]:
    """Return how a sweep names the set, and its description; prepare it if it cannot be trained from directly."""
    try:
        about = describe(source, store.data)
        unfit = _unfit(source, about, resolution, store)
        if unfit is None:
            return _named(source, store), about
        reason = unfit
    except DataError as error:
        reason = error
    found = survey(source)
    prepared = store.data / f"{name}.zip"
    if prepared.exists():
        if source.samefile(prepared):
            raise reason
        raise DataError(prepared, "exists already", f"use it: adasweep init {name}; or remove it")
    progress_console().print(printable(f"{reason.place}: {reason.problem}; preparing"), markup=False, soft_wrap=True)
    pixels = found.resolution(most_pixels) if resolution is None else resolution
    options = ["--resolution", str(pixels), "--labels", "folders" if found.class_folders else "keep"]
    options += ["--channels", str(found.channels)]
    words = ["data", "prepare", str(source), str(prepared.resolve()), *options]
    if code := delegate.execute("trainer", words, store, sys.stderr):
        raise _PreparationFailed(code)
    return name, describe(name, store.data)


def _unfit(source: Path, about: DataDescription, resolution: int | None, store: Store) -> DataError | None:
    """Return why a set is converted although it could be read; None if it is used as it is."""
    if about.channels not in TRAINABLE:
        return DataError(source, "has transparent images, which metrics cannot measure", "convert it with --channels 3")
    if resolution not in (None, about.resolution):
        return DataError(source, f"is of {about.resolution} pixels", f"convert it to {resolution}")
    if not about.classes and source.parent != store.data.resolve() and survey(source).class_folders:
        return DataError(source, "has its classes in folders", "convert it with --labels folders")
    return None


def _named(source: Path, store: Store) -> str:
    """Return the name of a set of the store, or the path of any other. Raises DataError if no text can hold it."""
    if not str(source).isprintable():
        raise DataError(source, "has a name that no sweep file can hold", "rename it")
    return set_name(source) if source.parent == store.data.resolve() else str(source)
