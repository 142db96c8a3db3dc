"""The identity of a computation: a hash of its whole TrainConfig, including defaults."""

import hashlib
import json
import re
from collections.abc import Mapping

from trainer.config.resolve import SEEDED
from trainer.config.train import TrainConfig

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
TRIAL_ID = re.compile(r"^[0-9a-f]{12}$")


def canonical(config: TrainConfig) -> str:
    """Return the canonical JSON of a configuration: sorted keys, defaults included, shortest floats."""
    return _text_of(canonical_fields(config))


def canonical_fields(config: TrainConfig) -> dict[str, str]:
    """Return the canonical JSON of every field of a configuration."""
    return {name: ENCODER.encode(value) for name, value in config.model_dump(mode="json").items()}


def reseeded_fields(fields: Mapping[str, str], config: TrainConfig) -> dict[str, str]:
    """Return the fields of `config`, given those of a configuration that differs from it in SEEDED alone."""
    return {
        **fields,
        **{name: ENCODER.encode(value) for name, value in config.model_dump(mode="json", include=SEEDED).items()},
    }


def trial_id(config: TrainConfig) -> str:
    """Return 12 hexadecimal digits that identify the computation; equal configurations have equal ids."""
    return id_of_fields(canonical_fields(config))


def id_of_fields(fields: Mapping[str, str]) -> str:
    """Return the id of the trial whose configuration has these fields, as canonical JSON."""
    return hashlib.sha256(_text_of(fields).encode()).hexdigest()[:12]


def _text_of(fields: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{fields[name]}' for name in sorted(fields)) + "}"
