"""Mistakes are shown at the setting that made them."""

import pytest

from orchestrator.sweep.error_location import locate_error
from orchestrator.sweep.setting import Setting
from orchestrator.sweep.yaml_source import KeyPath

BASE = [Setting(key, value, ("base", key)) for key, value in (("data", "tiny"), ("micro_batch", 4))]
AXIS = Setting("preset", "tiny32", ("grid", "preset", 0))


@pytest.mark.parametrize(
    ("settings", "text", "path"),
    [
        (BASE, "augment.pipe bgc changes colours", ("base",)),
        ([*BASE, AXIS], "augment.pipe bgc changes colours", ("grid", "preset", 0)),
        ([*BASE, AXIS], "micro_batch 4 does not divide", ("base", "micro_batch")),
    ],
)
def test_a_conflict_is_shown_at_the_setting_it_names_or_else_at_the_axis_or_base(
    settings: list[Setting], text: str, path: KeyPath
) -> None:
    detail = {"type": "value_error", "loc": (), "msg": text, "input": None, "ctx": {"error": ValueError(text)}}
    assert locate_error(detail, settings).path == path  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ([], ("base", "augment.target")),
        ([Setting("augment", "ada", ("grid", "augment", 0))], ("base", "augment.target")),
        ([Setting("augment", {"target": "low"}, ("grid", "augment", 0))], ("grid", "augment", 0, "target")),
        ([Setting("augment", {"type": "ada"}, ("cells", "a", "augment"))], ("base", "augment.target")),
    ],
)
def test_a_wrong_value_is_shown_where_it_is_not_where_a_choice_keeps_it(settings: list[Setting], path: KeyPath) -> None:
    given = [*BASE, Setting("augment.target", "high", ("base", "augment.target")), *settings]
    detail = {"type": "float_parsing", "loc": ("augment", "ada", "target"), "msg": "no number", "input": "high"}
    assert locate_error(detail, given).path == path  # type: ignore[arg-type]
