import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.display.duration import duration
from orchestrator.display.plan_table import summary
from orchestrator.errors import SweepError, require_none
from orchestrator.plan.benchmark_file import Benchmark, read_benchmarks, shape_key, write_benchmark
from orchestrator.plan.calibration import Error
from orchestrator.plan.cost import Tariff
from orchestrator.plan.diff import diff
from orchestrator.plan.evaluation_price import ToMeasure
from orchestrator.plan.overhead import OVERHEAD_SECONDS
from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.plan_document import plan_document, plan_file_of
from orchestrator.plan.price import PastError, Rate, evaluations_of, price
from orchestrator.plan.probe_price import OPERATIONS
from orchestrator.plan.published import CPU_STARTUP, published
from orchestrator.plan.speed import SpeedEvidence, evidence
from orchestrator.store.observe import NEVER, Measurements, Observed, Speed
from orchestrator.store.timing import Timing
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep
from tests.support.tiny_sweep import SWEEP, find
from trainer.config.job import Job, Resources
from trainer.config.options import RunOptions
from trainer.config.plan_file import Axis, PlanFile
from trainer.config.probes import PROBES
from trainer.config.resolve import resolve
from trainer.record import State

Read = Callable[..., Sweep]
NOTHING = SpeedEvidence({}, {})
TINY = resolve({"preset": "tiny32"}, find("").description)


def planned(
    sweep: Sweep, seen: dict[int, Observed] | None = None, known: SpeedEvidence = NOTHING, **more: float
) -> Plan:
    trials = tuple(expand(sweep, find))
    observed = {trial.id: (seen or {}).get(index, NEVER) for index, trial in enumerate(trials)}
    return make_plan(sweep, trials, observed, known, parallel=2, tariff=Tariff(**more))


def done(kimg: float) -> Observed:
    metrics = {"fid2k-lite0": kimg}
    return Observed(
        State.DONE, attempts=1, kimg=kimg, saved_kimg=kimg, horizon_kimg=kimg, measured=Measurements(metrics)
    )


def test_a_plan_counts_what_each_trial_needs(read: Read) -> None:
    plan = planned(read(), {0: done(1.0), 1: done(0.5), 2: Observed(State.RUNNING, attempts=1, kimg=0.2)})
    assert plan.actions == {"new": 1, "extend": 1, "reuse": 1, "leave": 1}
    assert (plan.totals.runs, plan.totals.kimg) == (2, 1.5)


def test_cells_that_share_a_trial_are_paid_once(read: Read) -> None:
    text = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"
    text += "cells: {a: {}, b: {discriminator.capacity: 1}}\n"
    plan = planned(read(text))
    assert (len(plan.trials), len(plan.unique), plan.totals.runs) == (2, 1, 1)


def test_the_wall_time_is_that_of_the_slots_and_at_least_of_the_longest(read: Read) -> None:
    plan = planned(read())
    seconds = [plan.prices[trial].seconds for trial in plan.unique]
    assert plan.totals.wall_hours == pytest.approx((plan.overhead.seconds + sum(seconds) / 2) / 3600)
    assert plan.overhead.seconds > OVERHEAD_SECONDS
    assert plan.totals.wall_hours_low < plan.totals.wall_hours < plan.totals.wall_hours_high
    alone = planned(read(SWEEP.replace("[20, 40]", "[20]").replace("[none, ada]", "[ada]")))
    longest = next(iter(alone.prices.values())).seconds
    assert alone.totals.wall_hours == pytest.approx((alone.overhead.seconds + longest) / 3600)


def test_energy_and_cost_are_reported_only_if_their_price_is_given(read: Read) -> None:
    assert (planned(read()).totals.kwh, planned(read()).totals.money) == (None, None)
    totals = planned(read(), watts=100.0, per_kwh=0.5).totals
    assert totals.kwh == pytest.approx(totals.cpu_hours * 0.1)
    assert totals.money == pytest.approx(totals.cpu_hours * 0.05)


def test_a_budget_refuses_what_costs_more(read: Read) -> None:
    require_none(planned(read(SWEEP + "budget: {cpu_hours: 9}\n")).budget_problems)
    with pytest.raises(SweepError, match="over the budget of 1e-06"):
        require_none(planned(read(SWEEP + "budget: {cpu_hours: 1e-6}\n")).budget_problems)
    with pytest.raises(SweepError, match="add --watts"):
        require_none(planned(read(SWEEP + "budget: {kwh: 1}\n")).budget_problems)


def test_a_benchmark_goes_before_history_and_that_before_what_was_published(tmp_path: Path) -> None:
    asked = ToMeasure(("fid2k",))
    assert evidence({}, [], []).rate(TINY, Resources(), asked).source.startswith("published")
    history = [(TINY, timing(kimg=2.0, seconds=4.0 + 20.0 + 3 * 7.0, startup=4.0, passes=(7.0, 6.0, 8.0)))]
    learned = evidence({}, [], history).rate(TINY, Resources(), asked)
    assert learned == Rate(10.0, 1.5, "1 earlier trial", "history", 7.0, 4.0, 1.5)
    write_benchmark(tmp_path, TINY, Benchmark(seconds_per_kimg=20, seconds_per_thousand_evaluated=3, ops="native"))
    known = read_benchmarks(tmp_path)
    benchmarked = evidence(known, [], history).rate(TINY, Resources(), asked)
    assert benchmarked == Rate(
        20.0, 1.5, "benchmark on this machine; evaluations: history", "benchmark, history", 7.0, 4.0, 1.5
    )
    assert evidence(known, [], [], "slurm").rate(TINY, Resources(), asked).spread == 2.0
    unknown = {key: one.model_copy(update={"ops": ""}) for key, one in known.items()}  # of earlier versions: reference
    assert evidence(unknown, [], []).rate(TINY, Resources(), asked).spread == 2.0


@pytest.mark.parametrize("damage", [{"cpus": 10**400}, {"cpus": 0}, {"seconds_per_kimg": 1e300}])
def test_a_benchmark_that_no_machine_can_have_is_skipped(tmp_path: Path, damage: dict[str, float]) -> None:
    write_benchmark(tmp_path, TINY, Benchmark(seconds_per_kimg=20, seconds_per_thousand_evaluated=3))
    (file,) = tmp_path.rglob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    assert read_benchmarks(tmp_path) == {}


def test_what_a_trial_did_on_other_resources_is_scaled_and_reported() -> None:
    history = [(TINY, timing(kimg=1.0, seconds=10.0))]
    rate = evidence({}, [], history).rate(TINY, Resources(cpus=4), ToMeasure())
    assert rate == Rate(2.5, 2.0, "1 earlier trial on other resources", "history", 0.0, CPU_STARTUP)
    assert evidence({}, [], history).rate(TINY, Resources(gpus=1), ToMeasure()).kind == "published"
    assert evidence({}, [], history, "slurm").rate(TINY, Resources(), ToMeasure()).kind == "published"


def test_the_speed_of_what_still_runs_counts_where_nothing_is_done() -> None:
    seen = Observed(State.RUNNING, attempts=1, speed=Speed(100.0))
    rate = evidence({}, [(TINY, seen)], []).rate(TINY, Resources(), ToMeasure())
    assert (rate.seconds_per_kimg, rate.source) == (10.0, "1 earlier trial")


def timing(
    kimg: float, seconds: float, startup: float | None = None, passes: tuple[float, ...] = (), **job: object
) -> Timing:
    options = RunOptions(horizon_kimg=1, data_path=Path("d"), cache_dir=Path("c"), metrics=("fid2k",))
    return Timing("0123456789ab", Job(attempt=1, token=1, options=options, **job), kimg, seconds, startup, passes)


def test_more_images_and_slower_detectors_make_evaluations_dearer() -> None:
    nothing = evidence({}, [], [])

    def seconds(*metrics: str, detector: str = "lite0", seeds: int = 1) -> float:
        return nothing.rate(TINY, Resources(), ToMeasure(metrics, detector, seeds)).seconds_per_evaluation

    assert seconds() == 0
    assert 0 < seconds("fid2k") < seconds("fid2k", "ppl2k_wend") < seconds("fid50k")
    assert seconds("fid2k", "kid2k") == seconds("fid2k") < seconds("fid2k", detector="inception:/f.pt")
    assert seconds("fid2k", seeds=3) == pytest.approx(3 * seconds("fid2k"))


def test_an_evaluation_is_priced_as_one_of_the_same_metrics_took() -> None:
    known = evidence({}, [], [(TINY, timing(1.0, 40.0, passes=(9.0,)))])
    same, other = ToMeasure(("fid2k",), seeds=2), ToMeasure(("fid10k",))
    assert known.rate(TINY, Resources(), same).seconds_per_evaluation == 18.0
    assert known.rate(TINY, Resources(), other).seconds_per_evaluation != 9.0
    assert known.has_seen(Path("d"), same)
    assert not known.has_seen(Path("d"), other)
    assert not known.has_seen(Path("e"), same)


def test_past_errors_of_like_attempts_correct_a_price_and_set_its_range() -> None:
    past = [PastError(Error(float(plan), 3.0), "published", 80.0) for plan in range(12)]
    rate = Rate(10.0, 3.0, "table", "published", 0.0, 20.0)
    learned, plain = price(rate, 8.0, 1, past), price(rate, 8.0, 1)
    assert (plain.seconds, plain.source) == (100.0, "table")
    assert learned.plain == 100.0
    assert 250 < learned.seconds < 310
    assert learned.low < 300 < learned.high < plain.high * 2
    assert learned.source == "table, corrected by past estimates"
    assert price(rate, 800.0, 1, past).source == "table"
    assert price(rate._replace(kind="history"), 8.0, 1, past).source == "table"


def test_history_counts_for_what_has_the_same_shape() -> None:
    same = resolve({"preset": "tiny32", "seed": 5, "data": {"subset": 20}}, find("").description)
    other = resolve({"preset": "tiny32", "augment": "none"}, find("").description)
    assert shape_key(same) == shape_key(TINY) != shape_key(other)


def test_a_price_is_startup_training_and_evaluations_within_a_range() -> None:
    rate = Rate(10.0, 2.0, "s", "history", 2.0, 5.0, 2.0)
    found = price(rate, 8.0, 2)
    assert found[:3] == pytest.approx((89.0, 44.5, 178.0), rel=0.01)
    assert found[3:] == ("s", 89.0, "history")
    assert price(rate, 0.0, 1).seconds == pytest.approx(7.0)
    assert [evaluations_of(kimg, 4.0) for kimg in (0.0, 3.0, 4.0, 4.5)] == [1, 1, 1, 2]


def test_published_prices_are_of_the_right_order() -> None:
    for base, most, seconds in ((1024, 64, 18), (2048, 128, 62), (8192, 512, 1030)):
        width = {"channel_base": base, "channel_max": most}
        config = resolve({"preset": "tiny32", "generator": width}, find("").description)
        assert published(config, Resources()).seconds_per_kimg == pytest.approx(seconds, rel=0.2)
    large = resolve({"preset": "paper256"}, find("").description.model_copy(update={"resolution": 256}))
    assert published(large, Resources(gpus=8)).seconds_per_kimg == 5.0
    assert published(large, Resources(gpus=1)).seconds_per_kimg == 23.8


def test_the_stored_plan_says_of_every_cell_what_it_is(read: Read) -> None:
    named = "cells: {plain: {augment: none}, flipped: {data.mirror: true}}\n"
    plan = plan_file_of(planned(read(SWEEP.replace("  augment: [none, ada]\n", "") + named)))
    first, last = plan.cells[0], plan.cells[-1]
    assert (first.cell, first.name) == ("plain, data.subset=20", "plain")
    assert first.axes == (Axis(key="data.subset", value=20),)
    assert first.settings == {"augment": "none", "data.subset": 20}
    assert (first.training_images, last.name, last.training_images) == (20, "flipped", 80)
    assert PlanFile.model_validate_json(plan.model_dump_json()) == plan


def test_the_printed_plan_has_reasons_and_prices(read: Read) -> None:
    document = plan_document(planned(read(), {0: done(1.0)}))
    assert (document["cells"][0]["action"], document["cells"][0]["price"]) == ("reuse", None)
    assert document["cells"][1]["reason"] == "never run"
    assert document["cells"][1]["price"]["seconds"] > 0
    assert document["actions"] == {"new": 3, "reuse": 1}


def test_a_difference_is_reported_cell_by_cell(read: Read) -> None:
    old = plan_file_of(planned(read()))
    new = plan_file_of(
        planned(read(SWEEP.replace("[20, 40]", "[20, 50]").replace("horizon_kimg: 1", "horizon_kimg: 2")))
    )
    changes = diff(old, new)
    assert [change.kind for change in changes] == ["extended", "extended", "added", "added", "removed", "removed"]
    assert changes[0].detail == "1 to 2 kimg"
    assert [change.kind for change in diff(None, new)] == ["added"] * 4
    assert diff(new, new) == []


def test_the_summary_says_what_when_and_from_where(read: Read) -> None:
    lines = summary(planned(read()))
    assert lines[0] == "4 trials (4 cells × 1 seed): 4 new"
    assert "with 2 at a time" in lines[1]
    assert lines[-1] == "Estimated from: published: StyleGAN2 on a CPU core"
    assert summary(planned(read(), {index: done(1.0) for index in range(4)}))[-1] == "Nothing to run."
    running = Observed(State.RUNNING, attempts=1, kimg=0.2)
    under_way = planned(read(), {0: running, 1: running, 2: done(1.0), 3: done(1.0)})
    assert summary(under_way)[-1] == "Nothing to start: 2 queued or running."


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (600, "10 min"), (7200, "2.0 h"), (400_000, "4.6 days")])
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_energy_is_what_earlier_trials_of_the_shape_drew_with_a_range(read: Read) -> None:
    drawn = [
        Observed(State.DONE, attempts=1, speed=Speed(watts=watts, energy_method="meter"))
        for watts in (10.0, 20.0, 40.0)
    ]
    config = planned(read()).trials[0].config
    power = evidence({}, [(config, one) for one in drawn], []).power_of(config, Resources())
    assert power == (20.0, 2.0, "3 earlier trials (meter)")
    assert NOTHING.power_of(config, Resources()) is None
    assert NOTHING.power_of(config, Resources(gpus=2)) == (550.0, 2.0, "nominal: a node of 8 V100")


def test_energy_of_a_plan_has_its_range_and_source(read: Read) -> None:
    text = SWEEP.replace("  batch: 20", "  batch: 40")
    plan = planned(read(text + "when: [{if: {augment: ada}, set: {resources.gpus: 1}}]\nresources: {gpus: 2}\n"))
    totals = plan.totals
    assert totals.kwh is not None
    assert totals.kwh_low is not None
    assert totals.kwh_high is not None
    assert totals.kwh_low < totals.kwh < totals.kwh_high
    watts = {plan.unique[trial].resources.gpus: cost.power.watts for trial, cost in plan.costs.items() if cost.power}
    assert watts == {1: 275.0, 2: 550.0}
    assert any("from nominal: a node of 8 V100" in line for line in summary(plan))


def test_one_run_of_unknown_power_leaves_the_sum_unknown(read: Read) -> None:
    text = SWEEP + "when: [{if: {augment: ada}, set: {resources.gpus: 1}}]\n"
    assert planned(read(text)).totals.kwh is None


def test_an_evaluation_of_kept_snapshots_is_priced_by_their_number(read: Read) -> None:
    plan = planned(read(SWEEP + "watch: {evaluate_every_kimg: 0.25, evaluation: later}\n"))
    assert plan.pricing is not None
    trial = plan.trials[0]
    one, four = (plan.pricing.cost(trial, 0.0, snapshots).price.plain for snapshots in (1, 4))
    evaluation = plan.pricing.evidence.rate(trial.config, trial.resources, ToMeasure(("fid2k",))).seconds_per_evaluation
    assert four - one == pytest.approx(3 * evaluation)
    assert plan.prices[trial.id].plain < planned(read()).prices[trial.id].plain


def test_networks_in_fp32_are_priced_by_the_times_of_fp32() -> None:
    config = resolve({"preset": "stylegan2-f"}, find("").description.model_copy(update={"resolution": 1024}))
    estimate = published(config, Resources(gpus=8))
    assert estimate.seconds_per_kimg * 25_000 / 86_400 == pytest.approx(9.75, abs=0.02)
    assert estimate.source.endswith("in fp32")


PROBED = "probes: [jacobian-2, trgb-64]\n"
PROBING = ToMeasure(("fid2k",), probes=("jacobian-2", "trgb-64"))


def test_probes_are_in_the_price_of_a_trial_and_not_in_that_of_its_training(read: Read) -> None:
    plain, probed = planned(read()), planned(read(SWEEP + PROBED))
    trial = plain.trials[0]
    assert probed.prices[trial.id].seconds > plain.prices[trial.id].seconds + CPU_STARTUP
    assert probed.totals.wall_hours_high > plain.totals.wall_hours_high
    one, other = plain.estimate_of(trial, 1.0), probed.estimate_of(trial, 1.0)
    assert one
    assert other
    assert one.seconds == other.seconds, "probes are made by a later attempt"


def test_snapshots_that_are_only_probed_are_priced_by_their_number(read: Read) -> None:
    pricing = planned(read(SWEEP + PROBED)).pricing
    assert pricing
    trial = expand(read(SWEEP + PROBED), find)[0]
    one, three = (pricing.attempt(trial, 0.0, snapshots).plain for snapshots in (1, 3))
    rate = pricing.evidence.rate(trial.config, trial.resources, PROBING)
    assert three - one == pytest.approx(2 * (rate.seconds_per_probing + rate.seconds_per_evaluation))


def test_probes_are_priced_as_the_same_probes_took() -> None:
    options = RunOptions(
        horizon_kimg=1, data_path=Path("d"), cache_dir=Path("c"), metrics=("fid2k",), probes=PROBING.probes
    )
    job = Job(attempt=2, token=2, options=options, work="evaluate")
    timed = Timing("0123456789ab", job, 0.0, 100.0, 4.0, (6.0,), snapshots=2)
    known, nothing = evidence({}, [], [(TINY, timed)]), evidence({}, [], [])
    assert known.rate(TINY, Resources(), PROBING)[-2:] == (45.0, 1.5)
    other = PROBING._replace(probes=("trgb-64",))
    assert known.rate(TINY, Resources(), other)[-2:] == nothing.rate(TINY, Resources(), other)[-2:]
    assert nothing.rate(TINY, Resources(), PROBING).probing_spread == 4.0


def test_more_of_a_probe_is_dearer_and_every_probe_has_a_price() -> None:
    nothing = evidence({}, [], [])

    def seconds(*probes: str) -> float:
        return nothing.rate(TINY, Resources(), ToMeasure(probes=probes)).seconds_per_probing

    assert OPERATIONS.keys() == PROBES.keys()
    assert all(0 < seconds(f"{name}-2") < seconds(f"{name}-200") for name in PROBES)
    assert seconds("projection-1x10") < seconds("projection-1x100") < seconds("projection-1")
    assert seconds("trgb", "leak") == pytest.approx(seconds("trgb") + seconds("leak"))


def test_deferred_evaluations_are_in_the_price(read: Read) -> None:
    inline, later = (
        planned(read(SWEEP + f"watch: {{evaluate_every_kimg: 0.25, evaluation: {when}}}\n"))
        for when in ("inline", "later")
    )
    trial = inline.trials[0].id
    assert later.prices[trial].seconds == pytest.approx(inline.prices[trial].seconds + CPU_STARTUP)
