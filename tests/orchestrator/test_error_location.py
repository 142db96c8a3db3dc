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
