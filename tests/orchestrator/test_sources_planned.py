"""Plans with trials that start from others: order, price, and what the dependents wait for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.display.plan_table import summary
from orchestrator.plan.decide import Action, Decision
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.plan_document import plan_document, plan_file_of
from orchestrator.plan.plan_file import dependents_of_plan
from orchestrator.plan.sources import Dependent, held_back, unique_trials
from orchestrator.plan.speed import SpeedEvidence
from orchestrator.store.layout import Store
from orchestrator.store.observe import NEVER, Observed
from orchestrator.store.starting_point import kept_snapshots, provide_start, source_snapshot
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from tests.support.tiny_sweep import find
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.plan_file import PlanFile
from trainer.config.training import TransferFromTrial
from trainer.files import append_lines, replace_file
from trainer.record import State
from trainer.recording.sweep_state import wanted_of_plan

Read = Callable[..., Sweep]
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}\nhorizon_kimg: 2\n"
CHAIN = HEAD + "cells:\n  c: {transfer: {cell: b}}\n  b: {transfer: {cell: a}}\n  a: {augment: none}\nseeds: 2\n"
NOTHING = SpeedEvidence({}, {})
A, B = "a" * 12, "b" * 12


def planned(sweep: Sweep, **seen: Observed) -> Plan:
    """Return the plan of a sweep of which some trials, by name and seed, were seen."""
    trials = tuple(expand(sweep, find))
    observed = {one.id: seen.get(f"{one.name}{one.seed}", NEVER) for one in unique_trials(trials).values()}
    return make_plan(sweep, trials, observed, NOTHING, parallel=2)


def names(plan: Plan) -> list[str]:
    return [f"{plan.unique[trial].name}{plan.unique[trial].seed}" for trial in plan.decisions]


def elsewhere(tmp_path: Path, horizon: str = "4") -> Plan:
    other = HEAD.replace("sweep: s", "sweep: other").replace("horizon_kimg: 2", f"horizon_kimg: {horizon}")
    (tmp_path / "other.yaml").write_text(other + "cells: {a: {augment: none}}\nmetrics: [kid2k]\n")
    file = tmp_path / "sweep.yaml"
    cells = "cells: {b: {transfer: {sweep: other.yaml, cell: a}}, c: {augment: ada}}\n"
    file.write_text(HEAD + cells)
    return planned(read_sweep(file))


def test_sources_come_first_whatever_their_place_in_the_file(read: Read) -> None:
    plan = planned(read(CHAIN))
    assert names(plan) == ["a0", "b0", "c0", "c1", "b1", "a1"]
    assert [cell.name for cell in plan.cells] == ["c", "c", "b", "b", "a", "a"]


def test_what_a_trial_waits_for_is_told(read: Read) -> None:
    plan = planned(read(CHAIN), a0=Observed(State.RUNNING, attempts=1, kimg=0.5, host="here"))
    reasons = dict(zip(names(plan), plan.decisions.values(), strict=True))
    a0, b0 = (trial for trial in list(plan.decisions)[:2])
    assert reasons["b0"].reason == f"waits for its source {a0} (a): running on here, at 0.5 kimg"
    assert reasons["c0"].reason == f"waits for its source {b0} (b): {reasons['b0'].reason}"
    assert plan.actions == {"new": 1, "leave": 1, "wait": 4}
    assert len(plan.costs) == 5


def test_a_source_of_another_sweep_is_planned_as_that_says_and_priced(tmp_path: Path) -> None:
    plan = elsewhere(tmp_path)
    ((source, needed),) = plan.sources.items()
    assert list(plan.wanted) == [source, *(trial.id for trial in plan.trials)]
    assert (plan.wanted[source].metrics, plan.wanted[source].sweep) == (("kid2k",), "s")
    assert needed.trial.horizon_kimg == 4
    assert plan.totals.runs == 3
    assert plan.totals.kimg == 8
    assert "2 trials (2 cells × 1 seed), and 1 source from other sweeps: 2 new, 1 wait" in summary(plan)


def test_a_source_with_another_seed_is_not_told_as_one_of_another_sweep(read: Read) -> None:
    plan = planned(read(HEAD + "cells: {b: {transfer: {cell: a, seed: 5}}, a: {augment: none}}\n"))
    assert "2 trials (2 cells × 1 seed), and 1 source of other seeds: 2 new, 1 wait" in summary(plan)


def test_wall_time_is_at_least_that_of_a_chain(read: Read) -> None:
    plan = planned(read(CHAIN))
    seconds = [plan.prices[trial].seconds for trial in plan.decisions][:3]
    assert plan.totals.wall_hours == pytest.approx((plan.overhead.seconds + sum(seconds)) / 3600)


def test_a_stored_plan_knows_its_sources_and_what_starts_from_them(tmp_path: Path, read: Read) -> None:
    plan = elsewhere(tmp_path)
    again = PlanFile.model_validate_json(plan_file_of(plan).model_dump_json())
    assert [source.cell for source in again.sources] == ["other: a"]
    assert wanted_of_plan(again) == plan.wanted
    assert dependents_of_plan(again) == tuple(one._replace(source="other: a") for one in plan.dependents)
    assert plan_document(plan)["sources"][0]["action"] == "new"
    chain = planned(read(CHAIN))
    assert [chain.unique[one.trial].name for one in dependents_of_plan(plan_file_of(chain))] == ["b", "b", "c", "c"]


def test_a_plan_without_sources_is_written_as_before(read: Read) -> None:
    cells = plan_file_of(planned(read(HEAD))).model_dump(mode="json")["cells"]
    assert "start" not in cells[0]


@pytest.mark.parametrize(
    ("source", "is_kept", "action", "told"),
    [
        (Decision(Action.NEW, "never run"), False, Action.WAIT, "waits for its source"),
        (Decision(Action.LEAVE, "queued"), False, Action.WAIT, "queued"),
        (Decision(Action.LEAVE, "running"), True, Action.NEW, "never run"),
        (Decision(Action.REUSE, "done"), True, Action.NEW, "never run"),
        (Decision(Action.REUSE, "diverged"), False, Action.BLOCKED, "keeps no snapshot at 2 kimg: diverged"),
        (Decision(Action.BLOCKED, "failed: oh"), False, Action.BLOCKED, "(a) is blocked: failed: oh"),
        (Decision(Action.STOPPED, "worse"), False, Action.BLOCKED, "(a) is stopped: worse"),
    ],
)
def test_a_trial_starts_once_the_snapshot_is_there(source: Decision, is_kept: bool, action: Action, told: str) -> None:
    start = TransferFromTrial(trial=A, kimg=2)
    decisions = {A: source, B: Decision(Action.NEW, "never run", 0.0, 1.0)}
    found = held_back(decisions, (), [Dependent(B, start, "a")], {B: NEVER}, {start} if is_kept else ())
    assert found[B].action is action
    assert told in found[B].reason


def test_the_best_snapshot_is_known_once_the_source_is_done() -> None:
    start = TransferFromTrial(trial=A, kimg=2, best_by="fid2k-lite0")
    decisions = {A: Decision(Action.LEAVE, "running"), B: Decision(Action.NEW, "never run")}
    assert held_back(decisions, (), [Dependent(B, start, "a")], {B: NEVER}, {start})[B].action is Action.WAIT


def test_a_trial_that_has_begun_no_longer_needs_its_source() -> None:
    decisions = {A: Decision(Action.BLOCKED, "failed"), B: Decision(Action.RESUME, "was interrupted")}
    start = TransferFromTrial(trial=A, kimg=2)
    assert held_back(decisions, (), [Dependent(B, start, "a")], {B: Observed(attempts=1)}, ()) == decisions


HAS_START = Observed(attempts=1, checkpoint_kimg=0.0, has_start=True, state=State.PREEMPTED)
STARTS_OVER = Observed(attempts=1, checkpoint_kimg=0.0, state=State.PREEMPTED, saved_kimg=1.0)
IS_DONE = Observed(attempts=1, checkpoint_kimg=0.0, state=State.DONE, kimg=2.0, horizon_kimg=2.0)


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        ({}, Action.NEW),
        ({"b0": IS_DONE}, Action.NEW),
        ({"b0": IS_DONE, "b1": IS_DONE}, Action.REUSE),
        ({"b0": IS_DONE, "b1": HAS_START}, Action.REUSE),
        ({"b0": IS_DONE, "b1": STARTS_OVER}, Action.NEW),
    ],
)
def test_a_source_is_trained_where_something_has_yet_to_start_from_it(
    read: Read, seen: dict[str, Observed], action: Action
) -> None:
    sweep = read(HEAD + "cells: {b: {transfer: {cell: a, seed: 7}}, a: {augment: none}}\nseeds: 2\nmetrics: []\n")
    plan = planned(sweep, **seen)
    ((source, decision),) = ((one, plan.decisions[one]) for one in plan.sources)
    assert decision.action is action, decision.reason
    assert (source in plan.costs) == (action is Action.NEW)


def test_metrics_of_a_source_are_measured_though_nothing_has_yet_to_start_from_it() -> None:
    decisions = {A: Decision(Action.EVALUATE, "without fid2k", 2.0, 2.0, "evaluate"), B: Decision(Action.REUSE, "done")}
    start = Dependent(B, TransferFromTrial(trial=A, kimg=2), "a")
    assert held_back(decisions, {A}, [start], {B: IS_DONE}, ()) == decisions


def test_a_trial_that_starts_over_waits_for_its_source_unless_it_kept_its_start() -> None:
    decisions = {A: Decision(Action.NEW, "never run"), B: Decision(Action.EXTEND, "starts anew", 0.0, 4.0)}
    start = Dependent(B, TransferFromTrial(trial=A, kimg=2), "a")
    found = [held_back(decisions, (), [start], {B: seen}, ())[B].action for seen in (STARTS_OVER, HAS_START)]
    assert found == [Action.WAIT, Action.EXTEND]


def test_snapshots_are_found_by_moment_and_by_metric(store: Store) -> None:
    run = store.run(A)
    for images in (500, 1000, 2000):
        replace_file(run.snapshot(images), str(images))
    append_lines(run.metrics, [{"kimg": k, "metric": "fid2k-lite0", "value": v} for k, v in ((0.5, 9), (1, 3), (2, 5))])
    last, half, gone = (TransferFromTrial(trial=A, kimg=kimg) for kimg in (2, 0.5, 1.5))
    best, early = (TransferFromTrial(trial=A, kimg=kimg, best_by="fid2k-lite0") for kimg in (2, 0.5))
    found = [source_snapshot(store, start) for start in (last, half, best, early)]
    assert [path and path.read_text() for path in found] == ["2000", "500", "1000", "500"]
    assert kept_snapshots(store, [last, gone, best]) == {last, best}


def test_a_trial_keeps_what_it_starts_from_whatever_happens_to_the_source(store: Store) -> None:
    start = TransferFromTrial(trial=A, kimg=2)
    assert not provide_start(store, B, start)
    replace_file(store.run(A).snapshot(2000), "weights")
    assert provide_start(store, B, start)
    store.run(A).snapshot(2000).unlink()
    assert provide_start(store, B, start)
    assert store.run(B).start.read_text() == "weights"


def test_a_file_system_without_links_gets_a_copy(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(store.run(A).snapshot(2000), "weights")
    monkeypatch.setattr(os, "link", _no_links)
    assert provide_start(store, B, TransferFromTrial(trial=A, kimg=2))
    assert store.run(B).start.stat().st_ino != store.run(A).snapshot(2000).stat().st_ino


def _no_links(*_: object) -> None:
    raise OSError(18, "Invalid cross-device link")


def test_which_snapshot_is_best_does_not_depend_on_what_another_sweep_measured(store: Store) -> None:
    run, name = store.run(A), "fid2k-lite0"
    for number, (sweep, seeds) in enumerate((("mine", 1), ("theirs", 2)), start=1):
        options = RunOptions(horizon_kimg=2, data_path=Path("d"), cache_dir=Path("c"), evaluation_seeds=seeds)
        work = "train" if number == 1 else "evaluate"
        job = Job(attempt=number, token=number, options=options, sweep=sweep, work=work)
        replace_file(run.job(number), job.model_dump_json())
    for images in (1000, 2000):
        replace_file(run.snapshot(images), str(images))
    own = [{"kimg": kimg, "metric": name, "value": value, "attempt": 1} for kimg, value in ((1, 3), (2, 5))]
    theirs = {"kimg": 1, "metric": name, "value": 90, "seed": 1, "attempt": 2}
    append_lines(run.metrics, [*own, theirs])
    found = source_snapshot(store, TransferFromTrial(trial=A, kimg=2, best_by=name))
    assert found
    assert found.read_text() == "1000"
