"""Links that lead nowhere, in a store that others write to, too, end no command."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.cleanup import remove_leftovers
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from orchestrator.store.sweep_runs import recent_runs
from orchestrator.supervisor.takeover import take_over
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.orchestrator.test_run import ONE, adasweep
from trainer.files import remove_abandoned

TARGETS = pytest.mark.parametrize("target", ["nowhere", "odd", "x" * 300], ids=["nowhere", "itself", "too long a name"])


@TARGETS
def test_folders_that_are_links_to_nowhere_are_empty(store: Store, target: str) -> None:
    run = new_trial(store)
    new_attempt(run)
    for path in (store.root / "odd", store.root / "sweeps", store.root / "data" / "odd", run.checkpoints, run.samples):
        path.symlink_to(target)
    remove_leftovers(store, "test", [run.path.name])
    assert remove_abandoned(run.checkpoints) == []
    assert recent_runs(store, "local") == []
    lease = acquire(run.path)
    take_over(run, lease)
    lease.release()


@TARGETS
@pytest.mark.usefixtures("scripted")
def test_a_run_passes_over_foreign_links(store: Store, sweep_file: Callable[[str], Path], target: str) -> None:
    (store.root / "odd").symlink_to(target)
    (store.root / "figures").mkdir()
    (store.root / "figures" / "odd").symlink_to(target)
    done = adasweep(store, "run", sweep_file(ONE), "--cpus", 1, "--no-record")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
