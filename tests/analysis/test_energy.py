import json
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import ResultStoreError
from analysis.results.energy_ledger import UNPLANNED, Factors, Item
from analysis.results.energy_table import energy_of, notes, rows_of
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.attempts import attempts_of
from analysis.tables.store import ResultStore
from analysis.tables.trial_rows import read_trial
from trainer.config.job import Resources
from trainer.files import append_lines, replace_file
from trainer.record import Energy, RunDir, State, read_record
from trainer.recording.beyond import set_aside_beyond
from trainer.recording.energy_meters import ReplayMeter
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside

KWH = 3.6e6
MEASURED = "NVML total energy of 1 allocated devices"
FACTORS = Factors(kg_per_kwh=0.5, kg_source="test")


@pytest.fixture
def one(tmp_path: Path) -> ResultStore:
    """A sweep of one trial, done at 100 kimg after an hour, 1 kWh measured."""
    store = write_store(tmp_path / "store", [FakeRun("ada", 500, 0)], step_kimg=20.0, files=False)
    attempt(store, 1)
    return store


def directory(store: ResultStore) -> RunDir:
    return store.run(id_of(FakeRun("ada", 500, 0)))


def attempt(store: ResultStore, number: int, *, gpus: float = 1, sweep: str = "synthetic", **changes: Any) -> None:
    run = directory(store)
    usual: dict[str, Any] = {"started": 0.0, "updated": 3600.0, "exit_code": 0, "attempt": number}
    usual |= {"energy": Energy(joules=KWH, method=MEASURED, coverage=1.0)}
    record = read_record(run.record(1))
    assert record is not None
    replace_file(run.record(number), record.model_copy(update=usual | changes).model_dump_json())
    replace_file(run.job(number), json.dumps({"sweep": sweep, "resources": Resources(gpus=gpus).model_dump()}))


def items(store: ResultStore, *sweeps: str, factors: Factors = FACTORS) -> dict[tuple[str, str], Item]:
    return {(item.sweep, item.item): item for item in energy_of(store, sweeps, factors)[0].items}


def total(store: ResultStore, *sweeps: str, factors: Factors = FACTORS) -> Item:
    return energy_of(store, sweeps, factors)[0].total


def test_one_run_on_one_gpu(one: ResultStore) -> None:
    found = total(one)
    assert (found.runs, found.attempts, found.measured_kwh, found.estimated_kwh) == (1, 1, 1.0, 0.0)
    assert found.kg_co2 == 0.5
    assert found.gpu_years == pytest.approx(1 / 8766)
    assert found.coverage == 1.0


def test_the_papers_formula_is_duration_times_devices_by_eight_times_power(one: ResultStore) -> None:
    assert total(one).paper_kwh == pytest.approx(2.2 / 8)
    assert total(one, factors=Factors(node_watts=1000.0, node_devices=4)).paper_kwh == pytest.approx(0.25)


def test_cpus_have_no_paper_price_unless_their_power_is_given(one: ResultStore) -> None:
    attempt(one, 1, gpus=0)
    assert total(one).paper_kwh is None
    assert total(one, factors=Factors(node_watts=100.0, node_devices=2)).paper_kwh == pytest.approx(0.05)
    assert (total(one).gpu_years, total(one).cpu_hours) == (0.0, 1.0)


def test_the_profile_that_an_attempt_ran_with_gives_the_power_of_its_node(one: ResultStore) -> None:
    attempt(one, 1, gpus=2, energy=Energy())
    job = directory(one).job(1)
    replace_file(job, json.dumps(json.loads(job.read_text()) | {"device_watts": 330.0}))
    assert (total(one).paper_kwh, total(one).estimated_kwh) == pytest.approx((0.66, 0.66))
    assert total(one, factors=Factors(node_watts=1000.0, node_devices=4)).paper_kwh == pytest.approx(0.5)


def test_energy_not_read_from_a_counter_is_marked_as_an_estimate(one: ResultStore) -> None:
    attempt(one, 1, energy=Energy(joules=KWH, method="estimate: 10 W per busy core", coverage=1.0))
    found, _ = energy_of(one, [], FACTORS)
    assert (found.total.measured_kwh, found.total.estimated_kwh) == (0.0, 1.0)
    assert "100% of the energy is estimated, not read from a counter." in notes(found)


def test_what_a_meter_does_not_cover_is_estimated_at_the_power_seen(one: ResultStore) -> None:
    attempt(one, 1, energy=Energy(joules=KWH, method=MEASURED, coverage=0.25))
    assert (total(one).measured_kwh, total(one).estimated_kwh, total(one).coverage) == (1.0, 3.0, 0.25)


def test_an_attempt_without_any_meter_is_priced_by_the_formula_or_left_out_with_a_note(one: ResultStore) -> None:
    attempt(one, 1, energy=Energy())
    assert total(one).estimated_kwh == pytest.approx(2.2 / 8)
    attempt(one, 1, energy=Energy(), gpus=0)
    found, _ = energy_of(one, [], FACTORS)
    assert (found.total.kwh, found.total.attempts_without_energy) == (0.0, 1)
    assert any("Left out: 1 attempt, not metered" in note for note in notes(found))


def test_attempts_add_up_and_repeated_work_is_wasted(one: ResultStore) -> None:
    attempt(one, 1, state=State.PREEMPTED, exit_code=75, kimg=50.0)
    attempt(one, 2, resumed_from_kimg=40.0)
    found = items(one)
    assert found["synthetic", "result"].measured_kwh == pytest.approx(1.8)
    assert found["synthetic", "wasted: superseded"].measured_kwh == pytest.approx(0.2)
    assert total(one).measured_kwh == pytest.approx(2.0)


def test_an_evaluation_repeats_no_training(one: ResultStore) -> None:
    attempt(one, 2, work="evaluate")
    assert {place: (item.attempts, item.measured_kwh) for place, item in items(one).items()} == {
        ("synthetic", "result"): (2, 2.0)
    }


def test_a_restart_from_scratch_wastes_all_earlier_work(one: ResultStore) -> None:
    attempt(one, 1, state=State.PREEMPTED, exit_code=75, kimg=50.0)
    attempt(one, 2)
    assert items(one)["synthetic", "wasted: superseded"].measured_kwh == pytest.approx(1.0)


def test_a_failed_trial_is_wasted(one: ResultStore) -> None:
    attempt(one, 1, state=State.FAILED, exit_code=70, kimg=50.0)
    append_lines(directory(one).ticks, [{"attempt": 1, "kimg": 50.0, "time": 3600.0}])
    assert list(items(one)) == [("synthetic", "wasted: failed")]


def test_a_diverged_run_is_a_result(one: ResultStore) -> None:
    attempt(one, 1, diverged=True, kimg=20.0)
    assert list(items(one)) == [("synthetic", "result")]


def test_of_a_killed_attempt_only_the_time_up_to_its_last_tick_is_covered(one: ResultStore) -> None:
    directory(one).ticks.unlink()
    append_lines(directory(one).ticks, [{"attempt": 1, "kimg": 20.0, "time": 1800.0, "seconds_per_kimg": 10.0}])
    attempt(one, 1, state=State.LOST, exit_code=-9, kimg=20.0)
    assert total(one).coverage == 0.5
    assert total(one).estimated_kwh == pytest.approx(1.0)


def test_an_attempt_that_never_started_used_no_energy(one: ResultStore) -> None:
    attempt(one, 2, state=State.PREEMPTED, pid=0)
    assert total(one).attempts == 1


def test_training_metrics_and_idle_share_the_time(one: ResultStore) -> None:
    run = directory(one)
    for path in (run.ticks, run.metrics):
        path.unlink()
    append_lines(run.ticks, [{"attempt": 1, "kimg": kimg, "time": 1.0, "seconds_per_kimg": 18.0} for kimg in (60, 100)])
    row = {"attempt": 1, "kimg": 100.0, "value": 1.0, "seconds": 900.0}
    append_lines(run.metrics, [{**row, "metric": name} for name in ("fid", "kid")])
    found = total(one)
    assert (found.training_kwh, found.metrics_kwh, found.idle_kwh) == pytest.approx((0.5, 0.25, 0.25))


def test_work_paid_for_by_another_sweep_is_reused_and_counted_once(one: ResultStore) -> None:
    plan = json.loads(one.plan("synthetic").read_text())
    replace_file(one.plan("other"), json.dumps(plan | {"sweep": "other"}))
    found, _ = energy_of(one, ["other"], FACTORS)
    assert (found.items, found.total.kwh) == ([], 0.0)
    assert [(item.sweep, item.runs, item.measured_kwh) for item in found.reused] == [("other", 1, 1.0)]
    assert total(one).measured_kwh == 1.0


def test_runs_in_no_plan_are_still_counted(one: ResultStore) -> None:
    one.plan("synthetic").unlink()
    assert items(one)[UNPLANNED, "result"].measured_kwh == 1.0


def test_the_accounting_of_a_cluster_goes_before_the_workers_own(one: ResultStore) -> None:
    reported = {"joules": 2 * KWH, "method": "SLURM ConsumedEnergy of an exclusive node"}
    replace_file(directory(one).attempt(1) / "accounting.json", json.dumps(reported))
    assert (total(one).measured_kwh, total(one).methods) == (2.0, (reported["method"],))
    replace_file(directory(one).attempt(1) / "accounting.json", "torn")
    found, skipped = energy_of(one, [], FACTORS)
    assert found.total.measured_kwh == 1.0
    assert skipped == [f"{directory(one).path.name}/attempts/001/accounting.json: not JSON"]


def test_a_replayed_recording_becomes_the_energy_of_an_attempt(one: ResultStore) -> None:
    meter = ReplayMeter([KWH, 3 * KWH], MEASURED, coverage=1.0)
    meter.joules()
    attempt(one, 1, energy=Energy(joules=meter.joules(), method=meter.method, coverage=meter.coverage))
    assert attempts_of(directory(one), [])[0].joules == 3 * KWH


def test_an_empty_store_has_used_nothing(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", [], missing=[FakeRun("ada", 500, 0)], files=False)
    found, _ = energy_of(store, ["synthetic"], FACTORS)
    assert (found.items, found.total.kwh, found.total.coverage) == ([], 0.0, 0.0)
    assert len(rows_of(found)) == 1


def test_a_sweep_without_a_plan_is_a_mistake(one: ResultStore) -> None:
    with pytest.raises(ResultStoreError, match="no such plan"):
        energy_of(one, ["nothing"], FACTORS)


def test_a_plan_that_cannot_be_read_stops_the_energy_of_no_other_sweep(one: ResultStore) -> None:
    replace_file(one.plan("other"), "{")
    for chosen in ([], ["synthetic"]):
        found, skipped = energy_of(one, chosen, FACTORS)
        assert found.total.measured_kwh == 1.0
        assert [str(one.plan("other")) in line for line in skipped] == [True]
    with pytest.raises(ResultStoreError, match="not readable as a plan"):
        energy_of(one, ["other"], FACTORS)


def test_the_energy_of_an_abandoned_training_is_wasted_and_split_as_before(one: ResultStore) -> None:
    run, before = directory(one), total(one)
    split = attempts_of(run, [])[0].training_seconds
    attempt(one, 2, kimg=60.0, resumed_from_kimg=40.0)
    set_aside(run, 3, Fence(run.lease, 3))
    attempt(one, 3, kimg=20.0, resumed_from_kimg=0.0, state=State.PREEMPTED)
    append_lines(run.ticks, [{"kimg": 20.0, "attempt": 3, "time": 9e9, "seconds_per_kimg": 1.0}])
    first, second, third = attempts_of(run, [])
    assert (first.used, second.used, third.used) == (0.0, 0.0, 1.0)
    assert first.training_seconds == split > 0
    assert total(one).measured_kwh == 3 * before.measured_kwh


def test_rows_beyond_a_checkpoint_split_the_energy_of_their_attempt_as_before(one: ResultStore) -> None:
    run = directory(one)
    split = attempts_of(run, [])[0].training_seconds
    assert set_aside_beyond(run, 80_000, 2, Fence(run.lease, 2)) is not None
    assert attempts_of(run, [])[0].training_seconds == split > 0


def test_tables_show_the_training_that_counts(one: ResultStore) -> None:
    run = directory(one)
    attempt(one, 1, ops="native", processor="one")
    set_aside(run, 2, Fence(run.lease, 2))
    attempt(one, 2, kimg=20.0, state=State.PREEMPTED, ops="reference", processor="another")
    append_lines(run.metrics, [{"kimg": 20.0, "metric": "fid50k", "value": 9.0, "attempt": 2}])
    found = read_trial(run)
    assert found.run is not None
    shown = {name: found.run[name] for name in ("kimg", "ops", "processors", "attempts", "hours")}
    assert shown == {"kimg": 20.0, "ops": ["reference"], "processors": ["another"], "attempts": 2, "hours": 2.0}
    assert [(row["kimg"], row["value"]) for row in found.metrics] == [(20.0, 9.0)]
    assert (found.ticks, len(found.attempts)) == ([], 2)
