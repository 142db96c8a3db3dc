"""MLflow's run is of a trial: its status is that of the last attempt, and other views of sweeps are in tags."""

from collections.abc import Callable

import pytest

from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.store.requests import cancel, retry, stop
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_recorder import only_run, plan, record, write_record
from tests.orchestrator.test_recorder import run as run
from tests.orchestrator.test_recorder_edges import rename
from trainer.record import RunDir, State


@pytest.fixture
def recorded(store: Store, run: RunDir) -> Callable[[], dict[str, str]]:
    """A function that records the trial of the sweeps `demo` (to 2 kimg) and `longer` (to 8), and gives its states."""
    plan(store, "longer", run)
    rename(store, "longer", "cell0", 8.0)

    def states() -> dict[str, str]:
        assert is_behind(store, default_target(store), [run.path.name])
        found = only_run(record(store))
        tags = {key: value for key, value in found.data.tags.items() if key.partition(".")[0] == "state"}
        return {"status": found.info.status, **tags}

    return states


DONE = {"status": "FINISHED", "state": "done"}


def test_a_sweep_that_wants_more_than_was_trained_says_so(run: RunDir, recorded: Callable[[], dict[str, str]]) -> None:
    assert recorded() == DONE | {"state.longer": "short"}
    cancel(run, "longer")
    assert recorded() == DONE | {"state.longer": "cancelled"}
    retry(run, "longer")
    assert recorded() == DONE | {"state.longer": "short"}
    write_record(run, State.DONE, kimg=8.0)
    assert recorded() == DONE


def test_what_one_sweep_has_stopped_or_cancelled_is_interrupted_for_another(
    run: RunDir, recorded: Callable[[], dict[str, str]]
) -> None:
    write_record(run, State.PREEMPTED, kimg=1.0)
    assert recorded() == {"status": "KILLED", "state": "preempted"}
    stop(run, "longer", "worse")
    assert recorded() == {"status": "KILLED", "state": "preempted", "state.longer": "stopped"}
    cancel(run, "demo")
    assert recorded() == {"status": "KILLED", "state": "cancelled", "state.longer": "stopped"}
    retry(run, "longer")
    assert recorded() == {"status": "KILLED", "state": "cancelled", "state.longer": "preempted"}


def test_recording_again_without_a_change_is_not_needed(
    store: Store, run: RunDir, recorded: Callable[[], dict[str, str]]
) -> None:
    stop(run, "longer", "worse")
    recorded()
    assert not is_behind(store, default_target(store), [run.path.name])
