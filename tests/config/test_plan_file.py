import errno
import json
from pathlib import Path
from typing import Any

import pytest

from trainer.config import plan_file
from trainer.config.plan_file import Axis, PlanFile, read_plan_file
from trainer.errors import UserError

EARLIER_RUN = {
    "cell": "ada, data.subset=500, data.mirror=True",
    "settings": {"augment": "ada", "data.subset": 500, "data.mirror": True},
    "seed": 0,
    "trial": "0123456789ab",
    "horizon_kimg": 24.0,
}


def read(tmp_path: Path, **plan: object) -> PlanFile:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"schema_version": 1, "sweep": "demo", "tier": "", "score": "fid2k-lite0", **plan}))
    found = read_plan_file(path)
    assert found is not None
    return found


def test_what_plans_of_earlier_versions_lack_is_filled_in_as_they_are_read(tmp_path: Path) -> None:
    plan = read(tmp_path, cells=[EARLIER_RUN])
    (run,) = plan.cells
    assert (plan.name, plan.evaluation_seeds, plan.probes, plan.search) == ("demo", 1, (), None)
    assert run.name == "ada"
    assert run.axes == (Axis(key="data.subset", value=500), Axis(key="data.mirror", value=True))
    assert run.settings == EARLIER_RUN["settings"]
    assert run.training_images == 1000


@pytest.mark.parametrize(
    ("label", "settings", "name", "axes", "images"),
    [
        ("base", {}, "", [], None),
        (
            "data.subset=500, augment=none",
            {"data.subset": 500, "augment": "none"},
            "",
            ["data.subset", "augment"],
            None,
        ),
        ("small", {"data.subset": 500, "data.mirror": False}, "small", [], 500),
    ],
)
def test_an_earlier_label_is_split_into_name_and_axes(
    tmp_path: Path, label: str, settings: dict[str, Any], name: str, axes: list[str], images: int | None
) -> None:
    plan = read(tmp_path, cells=[{**EARLIER_RUN, "cell": label, "settings": settings}])
    (run,) = plan.cells
    assert (run.name, [axis.key for axis in run.axes], run.training_images) == (name, axes, images)


@pytest.mark.parametrize(
    ("plan", "run"),
    [
        ({"evaluation_seeds": 10**18}, {}),
        ({"evaluation_seeds": 0}, {}),
        ({"horizon_kimg": -1}, {}),
        ({}, {"horizon_kimg": 0}),
        ({}, {"horizon_kimg": 1e300}),
        ({}, {"trial": "../../../etc"}),
        ({}, {"trial": "0123456789ab\n"}),
    ],
)
def test_a_plan_of_what_cannot_be_is_refused(tmp_path: Path, plan: dict[str, Any], run: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="not readable as a plan"):
        read(tmp_path, cells=[EARLIER_RUN | run], **plan)


def test_what_later_versions_add_is_skipped(tmp_path: Path) -> None:
    assert read(tmp_path, cells=[{**EARLIER_RUN, "colour": "blue"}], weather="fine").sweep == "demo"


def test_there_is_no_plan_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_plan_file(tmp_path / "plan.json") is None


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("all", "cells: Input should be a valid tuple"),
        ([{**EARLIER_RUN, "seed": "none"}], r"cells\.0\.seed: Input should be a valid integer"),
        ([{**EARLIER_RUN, "settings": []}], r"cells\.0\.settings"),
    ],
)
def test_a_file_that_is_not_a_plan_is_a_mistake_with_a_way_out(tmp_path: Path, cells: object, message: str) -> None:
    with pytest.raises(UserError, match=rf"plan\.json: not readable as a plan \(.*{message}.*remove it and run"):
        read(tmp_path, cells=cells)


def test_a_plan_of_another_schema_is_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"schema_version.*if a later version of adasweep wrote it, use that version"):
        read(tmp_path, schema_version=2, cells=[])


def test_a_plan_that_cannot_be_reached_is_not_to_be_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(plan_file, "read_regular", denied)
    with pytest.raises(UserError, match=r"permission denied.*make it readable, then repeat the command"):
        read(tmp_path, cells=[])
