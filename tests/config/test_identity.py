"""A trial's id depends only on what is computed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config.dataset.config import DataDescription
from trainer.config.identity import TRIAL_ID, trial_id
from trainer.config.presets.official import merge
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig

DATA = DataDescription(name="set", fingerprint="0123456789abcdef", images=1000, resolution=32, channels=1, classes=10)


def config(**settings: Any) -> TrainConfig:
    return resolve({"preset": "tiny32", "data": {"subset": 500}, **settings}, DATA)


def leaves(tree: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(tree, dict):
        return [leaf for key, value in tree.items() for leaf in leaves(value, (*path, key))]
    return [(path, tree)]


def nest(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {path[0]: value if len(path) == 1 else nest(path[1:], value)}


def test_id_is_twelve_hexadecimal_digits() -> None:
    assert TRIAL_ID.match(trial_id(config()))


def test_explicit_default_has_same_id() -> None:
    written_out = config().model_dump(mode="json")
    assert trial_id(TrainConfig.model_validate(written_out)) == trial_id(config())


def test_short_form_of_a_choice_has_same_id() -> None:
    assert trial_id(config(augment="none")) == trial_id(config(augment={"type": "none"}))


def test_float_spelling_does_not_change_the_id() -> None:
    assert trial_id(config(objective={"r1_gamma": 1})) == trial_id(config(objective={"r1_gamma": 1.0}))


@given(st.randoms())
def test_key_order_does_not_change_the_id(random: Any) -> None:
    def shuffled(tree: Any) -> Any:
        if not isinstance(tree, dict):
            return tree
        keys = list(tree)
        random.shuffle(keys)
        return {key: shuffled(tree[key]) for key in keys}

    tree = config().model_dump(mode="json")
    assert trial_id(TrainConfig.model_validate(shuffled(tree))) == trial_id(config())


def test_settings_that_came_later_leave_older_trials_their_ids() -> None:
    assert trial_id(resolve({"preset": "tiny32"}, DATA)) == "d4bc73ffdcbe"
    assert trial_id(resolve({"preset": "cifar"}, DATA)) == "5f0762f3cbc9"
    later = (
        {"generator": {"spectral_norm": True}},
        {"ema": {"beta": 0.9}},
        {"objective": {"discriminator_steps": 2}},
        {"discriminator": {"minibatch_std_group": None}},
        {"discriminator": {"minibatch_std_channels": 0}},
        {"discriminator": {"embedding_dim": 8}},
        {"discriminator": {"resample_taps": [1, 2, 1]}},
        {"generator": {"resample_taps": [1, 2, 1]}},
        {"generator": {"noise_inputs": False}},
    )
    assert len({trial_id(config(**each)) for each in ({}, *later)}) == 1 + len(later)


CHANGES: dict[str, Any] = {
    "architecture": "orig",
    "channels": 3,
    "dtype": "bf16",
    "methods": "lecam",
    "modulation": "per-sample",
    "pipe": "bg",
}
HELD = {("schema_version",), ("augment", "heuristic"), ("data", "labels"), ("transfer",)}


@pytest.mark.parametrize("path", [path for path, _ in leaves(config().model_dump(mode="json")) if path not in HELD])
def test_any_field_changes_the_id(path: tuple[str, ...]) -> None:
    tree = config().model_dump(mode="json")
    value = dict(leaves(tree))[path]
    if path[-1] == "type":
        pytest.skip("a tag changes its whole group; see test_short_form_of_a_choice_has_same_id")
    other = CHANGES.get(path[-1], _other(value, path[-1]))
    changed = TrainConfig.model_validate(merge(tree, nest(path, other)))
    assert trial_id(changed) != trial_id(config())


def _other(value: Any, name: str) -> Any:
    if isinstance(value, bool):
        return not value
    if name in ("resolution", "batch"):
        return value * 2
    if name == "micro_batch":
        return value // 2
    if name == "subset":
        return value - 1
    if name == "minibatch_std_group":
        return value * 2
    if name == "fingerprint":
        return value[::-1]
    if value is None:
        return 1.5
    return value / 2 if isinstance(value, float) and value else (value + 1 if isinstance(value, int) else 0.25)
