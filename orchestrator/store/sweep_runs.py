"""Actual and expected durations of `run`: STORE/sweeps/NAME/runs.jsonl."""

from collections.abc import Sequence

from orchestrator.store.layout import Store, writing
from orchestrator.store.timing import Timing
from trainer.config.job import Estimate
from trainer.config.stored import Malformed
from trainer.config.sweep_run import RUNS_FILE, SweepRun, sweep_runs
from trainer.files import append_lines, matching

RECENT = 10


def recent_runs(store: Store, backend: str) -> list[SweepRun]:
    """Return the RECENT newest runs of all sweeps on a backend."""
    files = matching(store.root / "sweeps", f"**/{RUNS_FILE}")
    found = [run for file in files for run in sweep_runs(file) if run.backend == backend]
    return sorted(found, key=lambda run: run.ended)[-RECENT:]


def invalid_runs(store: Store, sweep: str) -> list[Malformed]:
    """Return the lines of a sweep's runs.jsonl that are skipped because they are invalid."""
    malformed: list[Malformed] = []
    list(sweep_runs(store.plan(sweep).with_name(RUNS_FILE), malformed))
    return malformed


def run_of(attempts: Sequence[Timing], backend: str, estimate: Estimate, ended: float) -> SweepRun | None:
    """Return the run of a sweep, timed from the making of its estimate; None if no attempt is done."""
    if not attempts:
        return None
    whole = max(ended - estimate.made, 0.0)
    busy = max(one.ended for one in attempts) - min(one.ended - one.seconds for one in attempts)
    return SweepRun(
        ended=ended,
        backend=backend,
        attempts=len(attempts),
        seconds=whole,
        around=max(whole - busy, 0.0),
        estimate=estimate,
    )


def append_run(store: Store, sweep: str, run: SweepRun) -> None:
    """Append a run of a sweep."""
    path = store.plan(sweep).with_name(RUNS_FILE)
    with writing(path):
        append_lines(path, [run.model_dump(mode="json")])
