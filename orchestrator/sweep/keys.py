"""The keys of a sweep file: dotted paths into TrainConfig, their values, and suggestions for misspelt ones."""

import functools
import itertools
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue
from pydantic.fields import FieldInfo

from orchestrator.sweep.transfer_source import TransferSource
from trainer.config.job import Resources
from trainer.config.presets.official import PRESETS
from trainer.config.spec import Positive, PositiveInt
from trainer.config.train import TrainConfig
from trainer.errors import did_you_mean

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Assignments = dict[str, JsonValue]
"""Dotted keys of TrainConfig (or `preset`, `data`, `resources.cpus`, ...) and their values."""

AxisValues = Annotated[list[JsonValue], Field(min_length=1)]
"""At least one value, for an axis."""

READ_FROM_DATA = frozenset(f"data.{name}" for name in ("fingerprint", "images", "resolution", "channels", "classes"))
"""Settings that are read from the data set."""

HORIZON = "horizon_kimg"
"""What a sweep says for all cells, and cells and conditions may say for some."""

ELSEWHERE = {
    "seed": "belongs under `seeds`",
    "schema_version": "is not a setting",
    "transfer.sha256": "is read from the snapshot; write `transfer: PATH`",
    **dict.fromkeys(
        ("transfer.trial", "transfer.kimg", "transfer.best_by"),
        "is found out from the source; write `transfer: {cell: NAME, at: last}`",
    ),
}


TRANSFER = "The weights to start from: the path of a snapshot, or a trial that is trained first."

_PRESET: Any = Literal[PRESETS]


@functools.cache
def settable() -> dict[str, list[FieldInfo]]:
    """Return every key that a sweep may set, with its field in each of the choices that have one."""
    fields: dict[str, list[FieldInfo]] = {
        "preset": [FieldInfo(annotation=_PRESET, description="A published configuration to start from.")],
        "preset_devices": [FieldInfo(annotation=PositiveInt, description="Devices that preset auto is meant for.")],
    }
    fields[HORIZON] = [FieldInfo(annotation=Positive, description="Length of training of these cells, in kimg.")]
    fields |= {key: [field] for key, field in _walk(Resources, "resources.")}
    for key, field in _walk(TrainConfig, ""):
        if key not in READ_FROM_DATA and key not in ELSEWHERE:
            fields.setdefault(key, []).append(field)
    fields["data"] = fields["data.source"] = [
        FieldInfo(annotation=str, description="A known data set, or the path of a folder or ZIP.")
    ]
    fields["transfer"] = [FieldInfo(annotation=str | TransferSource | None, default=None, description=TRANSFER)]
    fields |= {key: [field] for key, field in _walk(TransferSource, "transfer.")}
    return fields


def _walk(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield prefix + name, field
        for inner in models_in(field.annotation):
            yield from _walk(inner, f"{prefix}{name}.")


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the groups of settings that `annotation` allows."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated, list):
        return [model for part in typing.get_args(annotation) for model in models_in(part)]
    return []


@functools.cache
def choices_of(key: str) -> frozenset[str] | None:
    """Return the texts that a setting may be: its choices, or the names of its alternatives. None if it may be any."""
    texts = [_texts(field.annotation) for field in settable().get(key, [])]
    known = [one for one in texts if one is not None]
    return frozenset().union(*known) if known and len(known) == len(texts) else None


def _texts(annotation: Any) -> frozenset[str] | None:
    """Return the texts that an annotation allows, None if any or if it allows no text."""
    if models := models_in(annotation):
        return frozenset(str(one.model_fields["type"].default) for one in models if "type" in one.model_fields) or None
    if typing.get_origin(annotation) is Literal:
        return frozenset(one for one in typing.get_args(annotation) if isinstance(one, str)) or None
    return None


def default_of(key: str, tree: Any) -> Any:
    """Return the default of a key in the choices of a tree of settings.

    None if a preset or another key decides, or if the choice that was made has no such key.
    """
    values = [field.get_default() for field in _fields(key, tree) if not field.is_required()]
    return values[0] if values else None


def _fields(key: str, tree: Any) -> list[FieldInfo]:
    """Return the fields of a key: of the choices that a tree makes, or of all where it makes none."""
    fields, models, here = settable().get(key, []), _groups().get(key.partition(".")[0], []), tree
    for group, part in itertools.pairwise(key.split(".")):
        here = here.get(group) if isinstance(here, dict) else None
        fields = [model.model_fields[part] for model in _chosen(models, here) if part in model.model_fields]
        models = [inner for field in fields for inner in models_in(field.annotation)]
    return fields


@functools.cache
def _groups() -> dict[str, list[type[BaseModel]]]:
    """Return the alternatives of each group of settings."""
    groups = {name: models_in(field.annotation) for name, field in TrainConfig.model_fields.items()}
    return groups | {"resources": [Resources], "transfer": [TransferSource]}


def _chosen(models: list[type[BaseModel]], group: Any) -> list[type[BaseModel]]:
    """Return the alternative that a group of settings names, or all if it names none."""
    if not isinstance(group, dict) or "type" not in group:
        return models
    tagged = [model for model in models if "type" in model.model_fields]
    return [model for model in tagged if model.model_fields["type"].default == group["type"]]


def key_problem(key: str) -> str | None:
    """Return why `key` is not a setting, or None if it is."""
    if key in settable():
        return None
    if key in ELSEWHERE:
        return ELSEWHERE[key]
    if key in READ_FROM_DATA:
        return "is read from the data set"
    if key.startswith("methods."):
        return "is not a setting; a method with settings is written `methods: [{type: NAME, KEY: VALUE}]`"
    return "is not a setting" + did_you_mean(key, settable())


def nested(key: str, value: Any) -> dict[str, Any]:
    """Return a tree in which only `key` (dotted) has `value`. `data` is short for `data.source`."""
    if key == "data" and not isinstance(value, dict):
        key = "data.source"
    *groups, last = key.split(".")
    tree = {last: value}
    for group in reversed(groups):
        tree = {group: tree}
    return tree


def lookup(tree: Any, key: str) -> Any:
    """Return the value at `key` in a tree of settings: a value, the name of a tagged choice, or the default."""
    here = tree
    for part in ("data.source" if key == "data" else key).split("."):
        if not isinstance(here, dict) or part not in here:
            return default_of(key, tree)
        here = here[part]
    return here.get("type", here) if isinstance(here, dict) else here
