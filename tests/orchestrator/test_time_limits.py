"""What a plan says of time limits: of runs that take several jobs, and of jobs too short to save anything new."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.store.layout import Store
from tests.support.tiny_sweep import SWEEP

Write = Callable[[str], Path]
ABOUT = ("need about", "never get on", "ends no run")


@pytest.fixture
def warned(store: Store, sweep_file: Write) -> Callable[..., list[str]]:
    """A function from resources, kimg, backend and profile to the warnings about time limits."""

    def warned_of(resources: str, kimg: float, backend: str = "slurm", profile: str = "minutes: 240") -> list[str]:
        store.root.joinpath("slurm.yaml").write_text(profile, encoding="utf-8")
        text = SWEEP.replace("horizon_kimg: 1", f"horizon_kimg: {kimg}") + f"resources: {{{resources}}}\n"
        plan = plan_sweep(store, Request(sweep_file(text), backend=backend))
        return [line for line in plan.cautions if any(part in line for part in ABOUT)]

    return warned_of


def test_a_run_longer_than_its_time_limit_is_told_to_take_several_jobs(warned: Callable[..., list[str]]) -> None:
    (found,) = warned("minutes: 10", 100)
    assert "jobs: resources.minutes ends a job after 10 min, it is queued again and continues (cells data" in found


def test_the_limit_of_the_profile_is_named_where_it_is_the_shorter_one(warned: Callable[..., list[str]]) -> None:
    (found,) = warned("minutes: 600", 100, profile="minutes: 12")
    assert "jobs: minutes of the profile ends a job after 12 min" in found


def test_a_job_that_ends_before_its_first_evaluation_is_told_to_get_nowhere(warned: Callable[..., list[str]]) -> None:
    (found,) = warned("minutes: 3", 100, profile="{minutes: 240, signal_seconds: 175}")
    assert found.startswith("runs never get on: start-up and one ")
    least = int(found.partition("set it to ")[2].partition(" ")[0])
    assert not [line for line in warned(f"minutes: {least}", 100) if "never" in line]


def test_where_nothing_ends_a_job_its_time_limit_is_told_to_have_no_effect(warned: Callable[..., list[str]]) -> None:
    (found,) = warned("minutes: 1", 100, backend="local")
    assert found.startswith("resources.minutes 1 ends no run here: a run takes about ")


SHORT = [("minutes: 240", "slurm"), ("cpus: 1", "local"), ("cpus: 1", "slurm")]


@pytest.mark.parametrize(("resources", "backend"), SHORT)
def test_a_run_within_its_time_limit_has_no_warning(
    warned: Callable[..., list[str]], resources: str, backend: str
) -> None:
    assert warned(resources, 1, backend) == []
