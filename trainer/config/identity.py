"""The identity of a computation: a hash of its whole TrainConfig, including defaults."""

import hashlib
import json
import re

from trainer.config.train import TrainConfig

TRIAL_ID = re.compile(r"^[0-9a-f]{12}$")


def canonical(config: TrainConfig) -> str:
    """Return the canonical JSON of a configuration: sorted keys, defaults included, shortest floats."""
    return json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)


def trial_id(config: TrainConfig) -> str:
    """Return 12 hexadecimal digits that identify the computation; equal configurations have equal ids."""
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:12]
