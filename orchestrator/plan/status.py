"""How each trial of a sweep is getting on, in numbers and in words."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from orchestrator.errors import StoreError
from orchestrator.plan.decide import Action, Decision, Rules, Wanted, decide_one
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from trainer.config.metrics.names import better
from trainer.record import RunDir, RunRecord, State, read_lines, read_record


class Score(NamedTuple):
    """The newest and the best value of a metric."""

    last: float | None = None
    best: float | None = None


@dataclass(frozen=True)
class TrialStatus:
    """One run of a sweep. `wrong` says what is the matter, in words; empty when all is well."""

    trial: str
    cell: str
    seed: int
    state: str
    kimg: float
    horizon_kimg: float
    score: str
    score_last: float | None
    score_best: float | None
    p: float | None
    r_t: float | None
    images_per_second: float | None
    attempts: int
    hours: float
    joules: float | None
    host: str
    doing: str
    wrong: str


def trial_status(store: Store, cell: Mapping[str, Any], score: str, seen: Observed, decision: Decision) -> TrialStatus:
    """Return the status of one cell of a plan (an entry of plan.json's `cells`)."""
    run = store.run(cell["trial"])
    records = [record for number in run.attempts() if (record := read_record(run.record(number)))]
    last = records[-1] if records else None
    found = score_of(store, cell["trial"], score)
    return TrialStatus(
        trial=cell["trial"],
        cell=cell["cell"],
        seed=cell["seed"],
        state=state_in_a_word(seen, decision),
        kimg=seen.kimg,
        horizon_kimg=cell["horizon_kimg"],
        score=score,
        score_last=found.last,
        score_best=found.best,
        p=last.p if last else None,
        r_t=last.r_t if last else None,
        images_per_second=last.images_per_second if last else None,
        attempts=seen.attempts,
        hours=sum(record.updated - record.started for record in records) / 3600,
        joules=_joules(records),
        host=seen.host,
        doing=last.doing if last else "",
        wrong=_wrong(seen, decision),
    )


def state_in_a_word(seen: Observed, decision: Decision) -> str:
    """Return where a trial stands in a sweep: its state; `new` before its first attempt, `stopped` by a rule."""
    if decision.action is Action.STOPPED:
        return "stopped"
    return seen.state.value if seen.attempts else "new"


def score_of(store: Store, trial: str, score: str) -> Score:
    """Return the newest and the best recorded value of the metric `score` of a trial."""
    values = score_curve(store.run(trial), score)
    if not values:
        return Score()
    best = min if better(score) == "lower" else max
    return Score(values[max(values)], best(values.values()))


def score_curve(run: RunDir, score: str) -> dict[float, float]:
    """Return the values of the metric `score` by kimg: means over evaluation seeds, the last row of each."""
    seeds: dict[float, dict[int, float]] = defaultdict(dict)
    for row in read_lines(run.metrics):
        if row.get("metric") == score:
            seeds[row["kimg"]][row.get("seed", 0)] = row["value"]
    return {kimg: fmean(of_seeds.values()) for kimg, of_seeds in seeds.items()}


def read_plan(store: Store, sweep: str) -> dict[str, Any]:
    """Return the last plan of a sweep. Raises StoreError, naming the sweeps there are, where it has none."""
    plan = stored_plan(store, sweep)
    if plan is None:
        known = ", ".join(sweeps(store)) or "none yet"
        raise StoreError(store.root, f"no sweep {sweep!r} was run here", f"there are: {known}")
    return plan


def stored_plan(store: Store, sweep: str) -> dict[str, Any] | None:
    """Return the last plan of a sweep, or None where it has none. Raises StoreError for one that cannot be read."""
    path = store.plan(sweep)
    try:
        plan: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(path, f"is not readable as a plan ({error})", "remove it and run the sweep again") from None
    return plan


def sweeps(store: Store) -> list[str]:
    """Return the names of the sweeps that were run in a store."""
    return sorted(path.parent.name for path in (store.root / "sweeps").glob("*/plan.json"))


def wanted_of_plan(plan: Mapping[str, Any]) -> dict[str, Wanted]:
    """Return what a stored plan wants of each trial."""
    numbers = {name: plan[name] for name in ("detector", "distance", "evaluation_seeds") if name in plan}
    numbers |= {"sweep": plan["sweep"], "probes": tuple(plan.get("probes", ()))}
    metrics = tuple(plan.get("metrics", ()))
    return {cell["trial"]: Wanted(cell["horizon_kimg"], metrics, **numbers) for cell in plan["cells"]}


def sweep_status(
    store: Store, plan: Mapping[str, Any], observed: Mapping[str, Observed], rules: Rules
) -> list[TrialStatus]:
    """Return the status of every cell of a stored plan."""
    wanted = wanted_of_plan(plan)
    decisions = {trial: decide_one(want, observed[trial], rules) for trial, want in wanted.items()}
    return [
        trial_status(store, cell, plan["score"], observed[cell["trial"]], decisions[cell["trial"]])
        for cell in plan["cells"]
    ]


def as_json(statuses: Iterable[TrialStatus]) -> list[dict[str, Any]]:
    """Return statuses as plain values: the stable form of `adasweep status --json`."""
    return [asdict(status) for status in statuses]


def attempts_of(store: Store, trial: str) -> list[tuple[Path, RunRecord | None]]:
    """Return the directory and the record of every attempt at a trial. One that others followed runs no more."""
    run, numbers = store.run(trial), store.run(trial).attempts()
    records = [read_record(run.record(number)) for number in numbers]
    ended = [_as_lost(record) for record in records[:-1]] + records[-1:]
    return [(run.attempt(number), record) for number, record in zip(numbers, ended, strict=True)]


def _as_lost(record: RunRecord | None) -> RunRecord | None:
    lost = record is not None and record.state is State.RUNNING
    return record.model_copy(update={"state": State.LOST}) if record and lost else record


def _joules(records: list[RunRecord]) -> float | None:
    measured = [record.energy.joules for record in records if record.energy.joules is not None]
    return sum(measured) if measured else None


def _wrong(seen: Observed, decision: Decision) -> str:
    if seen.diverged or decision.action in (Action.BLOCKED, Action.STOPPED):
        return decision.reason
    if seen.state is State.RUNNING and seen.beat_age_seconds and seen.beat_age_seconds > 300:
        return f"says nothing for {seen.beat_age_seconds:.0f} s"
    ended_early = seen.state in (State.FAILED, State.LOST, State.PREEMPTED)
    return decision.reason if ended_early and decision.action is not Action.REUSE else ""
