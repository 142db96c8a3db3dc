"""Merges the settings of a cell over the preset."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.sweep.error_location import locate_error
from orchestrator.sweep.expression import ExpressionError
from orchestrator.sweep.keys import HORIZON, lookup, nested, settable
from orchestrator.sweep.misfit import Misfit, MisfitCollector, Misfits
from orchestrator.sweep.setting import Setting
from orchestrator.sweep.transfer_source import SourceReference, TransferSource
from orchestrator.sweep.trial import DataLookup, LocatedData
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.dataset.regular import expanded
from trainer.config.presets.official import PRESETS, Tree, merge, preset_tree
from trainer.config.resolve import whole_subset
from trainer.config.training import TransferFromTrial
from trainer.config.transfer import located
from trainer.errors import DataError, UserError, did_you_mean, nearest


class StandIn(NamedTuple):
    """What takes the place of a data set or preset that does not exist, to check the other values of a cell."""

    data: LocatedData
    preset: str


class Places(NamedTuple):
    """Resolves names in a sweep: data sets, and paths relative to the folder of the file that sets them.

    With a `stand_in`, nothing is missing: it takes the place of unknown data sets and presets, and cells with unknown
    snapshots start from random weights.
    """

    find: DataLookup
    folder: Callable[[KeyPath], Path]
    stand_in: StandIn | None = None

    def data(self, setting: Setting, source: str) -> LocatedData:
        """Return a data set, relative to the file that names it or found by `find`. Raises UserError."""
        beside = self._path(setting, source)
        if "/" in source:
            return self.find(str(beside) if beside.exists() else source)
        try:
            return self.find(source)
        except DataError as error:
            if not source.strip() or not beside.exists():
                raise
            there = f"{error.way_out}; for the one beside the sweep, write ./{source}"
            raise DataError(error.place, error.problem, there) from None

    def snapshot(self, setting: Setting, source: str) -> Path:
        """Return the snapshot at a path. Raises UserError."""
        return located(self._path(setting, source))

    def _path(self, setting: Setting, source: str) -> Path:
        return self.folder(setting.path) / expanded(source)


class Layers(NamedTuple):
    """The merged settings of a cell, with its data set, the snapshot or source that it starts from, and its preset."""

    tree: Tree
    data: LocatedData
    preset: dict[str, Any]
    transfer: Path | SourceReference | None = None

    @property
    def full_tree(self) -> Tree:
        """Return the settings including the preset's name and the size of the subset."""
        given = self.tree.get("data", {})
        data = {"subset": whole_subset(given, self.data.description), **given}
        return {**self.tree, "data": data, **self.preset}

    def with_seed(self, seed: int, transfer: Path | TransferFromTrial | None) -> Tree:
        """Return the settings of one run, as `trainer.config.resolve.completed` expects them."""
        data = {key: value for key, value in self.tree.get("data", {}).items() if key != "source"}
        tree = {key: value for key, value in self.tree.items() if key not in ("resources", HORIZON)}
        return {**tree, "data": data, "transfer": transfer, "seed": seed}


def layered(settings: Sequence[Setting], places: Places) -> Layers:
    """Return `settings` merged over the preset; later ones override earlier ones. Raises Misfits."""
    collector = MisfitCollector()
    with collector:
        data = _data(settings, places)
    with collector:
        preset = _preset(settings, places.stand_in)
    with collector:
        transfer = _transfer(settings, places)
    collector.require_none()
    shape = data.description.resolution, preset["preset_devices"]
    beneath = preset_tree(preset["preset"], *shape, transfer=transfer is not None)
    tree = _choices(beneath)
    for setting in settings:
        if setting.key not in preset:
            tree = merge(tree, nested(setting.key, setting.value))
    return Layers(merge(beneath, tree), data, preset, transfer)


def _choices(preset: Tree) -> Tree:
    """Return only the names of a preset's tagged choices, so that settings can select or modify one."""
    groups = {key: group for key, group in preset.items() if isinstance(group, dict) and "type" in group}
    return {key: {"type": group["type"]} for key, group in groups.items()}


def value_of(layers: Layers, known: Mapping[str, Any], name: str) -> Any:
    """Return the value of a setting, of a property of the data set, or of `known`. Raises ExpressionError."""
    found = {f"data.{key}": value for key, value in layers.data.description.model_dump().items()} | dict(known)
    if name in found:
        return found[name]
    if name not in settable():
        raise ExpressionError(f"'{name}' is not a setting{did_you_mean(name, [*settable(), *found])}")
    return lookup(layers.full_tree, name)


def _data(settings: Sequence[Setting], places: Places) -> LocatedData:
    """Return the data set named by the last setting of `data`, or its stand-in."""
    try:
        return _named_data(settings, places)
    except Misfits:
        if places.stand_in is None:
            raise
        return places.stand_in.data


def _named_data(settings: Sequence[Setting], places: Places) -> LocatedData:
    for setting in reversed(settings):
        source = lookup(nested(setting.key, setting.value), "data")
        if setting.key.partition(".")[0] == "data" and source is not None:
            if not isinstance(source, str):
                raise _missing(setting.path, f"must be the name or path of a data set, not {source!r}")
            try:
                return places.data(setting, source)
            except UserError as error:
                raise _missing(setting.path, str(error)) from None
    raise _missing(("base",), "has no data set; add `data: NAME-OR-PATH`")


def _missing(path: KeyPath, text: str) -> Misfits:
    return Misfits([Misfit(path, text)], hides_others=True)


def _transfer(settings: Sequence[Setting], places: Places) -> Path | SourceReference | None:
    """Return the snapshot, or the source, that the settings of `transfer` name together."""
    try:
        return _named_transfer(settings, places)
    except Misfits:
        if places.stand_in is None:
            raise
        return None


def _named_transfer(settings: Sequence[Setting], places: Places) -> Path | SourceReference | None:
    given = [setting for setting in settings if setting.key.partition(".")[0] == "transfer"]
    if not given:
        return None
    _require_whole(given)
    tree: Tree = {}
    for setting in given:
        tree = merge(tree, nested(setting.key, setting.value))
    value, last = tree["transfer"], given[-1]
    try:
        if isinstance(value, dict):
            return SourceReference(TransferSource.model_validate(value), last.path)
        return None if value is None else places.snapshot(last, str(value))
    except ValidationError as error:
        details: list[ErrorDetails] = [{**detail, "loc": ("transfer", detail["loc"][0])} for detail in error.errors()]
        found = [locate_error(detail, given) for detail in details]
        first = {misfit.path: misfit for misfit in reversed(found)}
        raise Misfits([*first.values()], hides_others=True) from None
    except UserError as error:
        raise _missing(last.path, str(error)) from None


def _require_whole(given: Sequence[Setting]) -> None:
    """Raise Misfits if the last plain value of `transfer`, a file or nothing, is followed by parts that name no source.

    Such as `transfer.at`, which says nothing of a file.
    """
    plain = [place for place, one in enumerate(given) if one.key == "transfer" and not isinstance(one.value, dict)]
    parts = given[plain[-1] + 1 :] if plain else ()
    named = {key for one in parts for key in lookup(nested(one.key, one.value), "transfer")}
    if parts and not named & {"cell", "sweep"}:
        what = "null" if given[plain[-1]].value is None else "a file"
        text = f"is of no use: `transfer` is {what}, no cell of a sweep; add transfer.cell, or leave it out"
        raise Misfits([Misfit(parts[-1].path, text)], hides_others=True)


def _preset(settings: Sequence[Setting], stand_in: StandIn | None) -> dict[str, Any]:
    """Return the name and the devices of the preset, or what stands in for either."""
    given = {setting.key: setting for setting in settings if setting.key in ("preset", "preset_devices")}
    preset = {"preset": "auto", "preset_devices": 1} | {key: setting.value for key, setting in given.items()}
    wrong = dict(_preset_problems(**preset))
    if wrong and stand_in is None:
        raise Misfits([Misfit(given[key].path, text) for key, text in wrong.items()], hides_others=True)
    if stand_in and wrong:
        nearest_there = {"preset": nearest(str(preset["preset"]), PRESETS) or stand_in.preset, "preset_devices": 1}
        preset |= {key: nearest_there[key] for key in wrong}
    return preset


def _preset_problems(preset: Any, preset_devices: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(preset, str) or preset not in PRESETS:
        hint = did_you_mean(str(preset), PRESETS) or f"; there are {', '.join(PRESETS)}"
        yield "preset", f"no preset {preset!r}{hint}"
    if not isinstance(preset_devices, int) or preset_devices < 1:
        yield "preset_devices", f"must be a whole number of at least 1, not {preset_devices!r}"
