"""Every key of a sweep file has one sentence, which the JSON schema shows."""

import pytest

from orchestrator.sweep.json_schema import sweep_schema
from orchestrator.sweep.key_notes import GROUPS, SWEEP
from orchestrator.sweep.keys import settable
from orchestrator.sweep.setting_notes import SETTINGS

WITH_DOTTED_KEYS = {"Assignments", "Axes", "Conditions", "Tier", "JsonValue"}
"""Definitions whose keys are keys of the sweep or settings."""


def test_every_key_of_a_sweep_has_a_sentence() -> None:
    assert set(SWEEP) == set(sweep_schema()["properties"])


def test_every_setting_has_a_sentence() -> None:
    assert set(SETTINGS) == set(settable())


def test_every_key_of_a_group_has_a_sentence() -> None:
    definitions = sweep_schema()["$defs"]
    described = {key.partition(".")[0] for key in GROUPS}
    choices = {name for name, group in definitions.items() if _is_settings(group)}
    assert set(definitions) - (choices - described) - WITH_DOTTED_KEYS - {"TransferSource"} == described
    keys = {f"{name}.{key}" for name in described for key in definitions[name]["properties"]}
    assert keys == set(GROUPS)


def _is_settings(group: dict[str, object]) -> bool:
    """Return whether all keys of a definition are settings with dotted keys."""
    keys = group.get("properties", {})
    assert isinstance(keys, dict)
    prefixes = ("generator.", "discriminator.", "objective.", "augment.", "generator.precision.")
    return bool(keys) and any(all(f"{prefix}{key}" in SETTINGS for key in keys) for prefix in prefixes)


@pytest.mark.parametrize("notes", [SWEEP, SETTINGS, GROUPS])
def test_a_note_is_one_short_sentence(notes: dict[str, str]) -> None:
    assert [key for key, note in notes.items() if not note.endswith(".") or len(note) > 120] == []


def test_the_schema_shows_the_sentences() -> None:
    schema = sweep_schema()
    assert schema["properties"]["grid"]["description"] == SWEEP["grid"]
    assert schema["$defs"]["Assignments"]["properties"]["batch"]["description"] == SETTINGS["batch"]
    assert schema["$defs"]["LeCam"]["properties"]["weight"]["description"] == GROUPS["LeCam.weight"]
