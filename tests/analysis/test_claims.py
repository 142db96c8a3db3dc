import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.claims.sequential import Verdict
from analysis.claims.verdicts import Judged, Verdicts, judge, judge_sweep, needs, read_claim, verdict_line
from analysis.errors import ClaimError
from analysis.results.load import loader
from analysis.synthetic_store import FakeRun, id_of, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from trainer.files import append_lines, replace_file
from trainer.record import State, read_record

SEEDS = 5
MANY = [
    FakeRun(augment, subset, seed) for subset in (500, 2000) for augment in ("none", "ada") for seed in range(SEEDS)
]


@pytest.fixture
def many(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", MANY, step_kimg=20.0, files=False)


def verdict_on(store: ResultStore, *texts: str) -> list[Judged]:
    return judge([read_claim(text) for text in texts], loader(store, "synthetic", loaded(store)))


def change_plan(store: ResultStore, **changes: Any) -> None:
    plan = json.loads(store.plan("synthetic").read_text())
    store.plan("synthetic").write_text(json.dumps(plan | changes))


def found_in_plan(store: ResultStore, *claims: str, given: Sequence[str] = (), **changes: Any) -> Verdicts:
    change_plan(store, claims=claims, **changes)
    of_score = loaded(store)
    return judge_sweep(of_score[0].plan.claims, given, loader(store, "synthetic", of_score))


def test_a_clear_difference_passes(many: ResultStore) -> None:
    (judged,) = verdict_on(many, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.verdict is Verdict.PASS
    assert judged.p_value == judged.p_corrected == 1 / 252
    assert judged.interval[1] < 0
    assert judged.seeds_needed == (0, 0)


def test_the_opposite_fails(many: ResultStore) -> None:
    (judged,) = verdict_on(many, "baseline < ada at subset=500, p<0.01, n>=5")
    assert (judged.verdict, judged.p_value) == (Verdict.FAIL, 1.0)


def test_more_claims_make_each_harder_to_pass(many: ResultStore) -> None:
    texts = ["ada < baseline at subset=500, p<0.01"] + ["baseline < ada at subset=2000, p<0.01"] * 2
    judged = verdict_on(many, *texts)
    assert judged[0].p_corrected == pytest.approx(3 / 252)
    assert judged[0].verdict is Verdict.UNDERPOWERED
    assert judged[0].seeds_needed == (1, 1)


def test_too_few_seeds_are_reported_with_the_energy_still_needed(store: ResultStore) -> None:
    (judged,) = verdict_on(store, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.verdict is Verdict.UNDERPOWERED
    assert judged.seeds_needed == (2, 2)
    assert judged.kwh_needed == pytest.approx(4 * 36_000 / 3.6e6)
    assert verdict_line(judged).endswith("needs at least 2+2 more seeds, about 0.04 kWh")


def test_the_energy_still_needed_is_without_what_only_other_sweeps_asked_of_the_trials(store: ResultStore) -> None:
    cells = json.loads(store.plan("synthetic").read_text())["cells"]
    change_plan(store, cells=[{**cell, "horizon_kimg": 40.0} for cell in cells])
    for run in WHOLE:
        add_attempt(store, run, 2, work="evaluate")
        add_attempt(store, run, 3, resumed_from_kimg=100.0, kimg=300.0)
    (judged,) = verdict_on(store, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.kwh_needed == pytest.approx(4 * 36_000 / 3.6e6 * 40 / 100)


def test_an_evaluation_that_another_sweep_asked_for_costs_energy_where_its_values_are_used(store: ResultStore) -> None:
    for run in WHOLE:
        add_attempt(store, run, 2, work="evaluate")
        metrics = store.run(id_of(run)).metrics
        append_lines(metrics, [json.loads(metrics.read_text().splitlines()[-1]) | {"attempt": 2}])
    (judged,) = verdict_on(store, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.kwh_needed == pytest.approx(4 * 2 * 36_000 / 3.6e6)


def add_attempt(store: ResultStore, run: FakeRun, number: int, **changes: Any) -> None:
    """Add an attempt that another sweep asked for, of as much energy as the first."""
    directory = store.run(id_of(run))
    record = read_record(directory.record(1))
    assert record is not None
    replace_file(directory.record(number), record.model_copy(update={"attempt": number} | changes).model_dump_json())
    replace_file(directory.job(number), json.dumps({"sweep": "other"}))


def test_a_diverged_run_counts_as_worst_and_an_unfinished_one_not(troubled: ResultStore) -> None:
    (judged,) = verdict_on(troubled, "ada < baseline at subset=500")
    assert judged.evidence.more[0] == math.inf
    assert judged.evidence.sizes == (2, 3)


def test_a_cell_without_runs_is_underpowered(troubled: ResultStore) -> None:
    (judged,) = verdict_on(troubled, "ada < baseline at subset=2000")
    assert (judged.verdict, judged.p_value, judged.kwh_needed) == (Verdict.UNDERPOWERED, 1.0, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada < baseline", r"matches subset=500 ada \| subset=2000 ada; add a condition"),
        ("lecam < baseline at subset=500", "matches none of"),
        ("ada < baseline at gamma=1", "is not an axis of the sweep; axes: augment, data.subset"),
    ],
)
def test_a_claim_must_name_one_cell_on_each_side(store: ResultStore, text: str, message: str) -> None:
    with pytest.raises(ClaimError, match=message):
        verdict_on(store, text)


def test_claims_of_the_plan_are_judged_and_prose_is_not(many: ResultStore) -> None:
    found = found_in_plan(many, "ada < baseline at subset=500", "prose: ADA helps")
    assert [judged.verdict for judged in found.judged] == [Verdict.PASS]
    assert found.not_tested == [("ADA helps", "prose")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ada < baseline at subset=9000", 'not in this plan: "ada & subset=9000" matches none of'),
        ("ada < baseline at subset=500 by kid2k", "not in this plan: its metrics are fid2k"),
    ],
)
def test_a_claim_that_a_smaller_tier_inherits_is_left_out_with_its_reason(
    many: ResultStore, text: str, reason: str
) -> None:
    found = found_in_plan(many, text, metrics=["fid2k"])
    assert not found.judged
    assert found.not_tested[0][1].startswith(reason)


def test_additional_claims_are_corrected_together_with_those_of_the_plan(many: ResultStore) -> None:
    found = found_in_plan(many, "ada < baseline at subset=500", given=["ada < baseline at subset=2000"])
    assert [judged.p_corrected for judged in found.judged] == pytest.approx([2 / 252, 2 / 252])


def test_an_additional_claim_that_the_plan_states_is_tested_once(many: ResultStore) -> None:
    stated, other = "ada < baseline at subset=500", "baseline > ada at subset=2000"
    found = found_in_plan(many, stated, given=["ada<baseline @ subset=500", other, other])
    assert [judged.claim.text for judged in found.judged] == [stated, other]
    assert found.judged[0].p_corrected == pytest.approx(2 / 252)


def test_a_given_claim_about_no_cell_is_a_mistake(many: ResultStore) -> None:
    with pytest.raises(ClaimError, match="matches none of"):
        found_in_plan(many, given=["ada < baseline at subset=9000"])


def test_an_unreadable_claim_of_another_version_is_an_error(many: ResultStore) -> None:
    with pytest.raises(ClaimError, match="is not a claim"):
        found_in_plan(many, "ADA helps where images are few")


def test_one_side_may_have_its_own_conditions(many: ResultStore) -> None:
    (judged,) = verdict_on(many, "baseline & subset=500 > baseline & subset=2000, by rise")
    assert judged.verdict is Verdict.PASS
    assert (judged.evidence.less_cell, judged.evidence.more_cell) == ("subset=2000 none", "subset=500 none")


def test_rise_is_last_over_best(many: ResultStore) -> None:
    runs, _ = loaded(many)
    cell = runs.frame[runs.frame["cell"] == "subset=500 none"]
    expected = (cell["last"] / cell["best"]).tolist()
    (judged,) = verdict_on(many, "ada < baseline at subset=500 by rise")
    assert judged.evidence.more == pytest.approx(expected)
    assert judged.evidence.compared == "last over best fid2k-lite0"


def test_the_value_at_a_given_kimg_is_compared(many: ResultStore) -> None:
    _, curves = loaded(many)
    (judged,) = verdict_on(many, "ada < baseline at subset=500, 40 kimg")
    moment = curves.scores[curves.scores["kimg"] == 40.0]["value"].tolist()
    assert judged.evidence.more == moment[:SEEDS]
    assert judged.evidence.less == moment[SEEDS : 2 * SEEDS]


def test_a_claim_about_a_point_beyond_the_horizon_is_not_tested_and_makes_no_other_harder(many: ResultStore) -> None:
    reached = "ada < baseline at subset=500"
    found = found_in_plan(many, reached, f"{reached}, 200 kimg")
    assert [judged.p_corrected for judged in found.judged] == [1 / 252]
    assert found.not_tested == [
        (f"{reached}, 200 kimg", "not in this plan: 200 kimg is beyond the horizon of 100 kimg")
    ]
    with pytest.raises(ClaimError, match="200 kimg is beyond the horizon of 100 kimg"):
        found_in_plan(many, reached, given=[f"{reached}, 200 kimg"])


def test_a_claim_about_a_point_between_two_evaluations_is_told_which_there_are(many: ResultStore) -> None:
    reached = "ada < baseline at subset=500"
    found = found_in_plan(many, reached, f"{reached}, 50 kimg")
    why = "subset=500 ada is not evaluated at 50 kimg; its nearest evaluations are at 20, 40, 60, 80 kimg"
    assert [judged.p_corrected for judged in found.judged] == [1 / 252]
    assert found.not_tested == [(f"{reached}, 50 kimg", f"not in this plan: {why}")]
    with pytest.raises(ClaimError, match=why):
        found_in_plan(many, reached, given=[f"{reached}, 50 kimg"])


def test_a_point_that_no_run_has_passed_may_yet_be_evaluated(tmp_path: Path) -> None:
    begun = [
        FakeRun(augment, 500, seed, kimg=40.0, state=State.RUNNING) for augment in ("none", "ada") for seed in (0, 1)
    ]
    store = write_store(tmp_path / "store", begun, step_kimg=20.0, files=False)
    (judged,) = verdict_on(store, "ada < baseline, 50 kimg")
    assert (judged.verdict, judged.evidence.sizes) == (Verdict.UNDERPOWERED, (0, 0))


def test_the_kimg_of_the_best_is_compared(many: ResultStore) -> None:
    (judged,) = verdict_on(many, "baseline & subset=500 < ada & subset=500, by best_kimg")
    assert judged.verdict is Verdict.PASS
    assert judged.evidence.more == [100.0] * SEEDS


def test_at_a_given_kimg_only_runs_that_diverged_earlier_count_as_worst(troubled: ResultStore) -> None:
    def more(kimg: int) -> Sequence[float]:
        return verdict_on(troubled, f"ada < baseline at subset=500, {kimg} kimg")[0].evidence.more

    assert math.inf not in more(40)
    assert more(80)[0] == math.inf


def test_a_kimg_that_an_unfinished_run_has_passed_counts(troubled: ResultStore) -> None:
    sizes = [verdict_on(troubled, f"ada < baseline at subset=500, {kimg} kimg")[0].evidence.sizes for kimg in (40, 60)]
    assert sizes == [(3, 3), (2, 3)]


def test_a_control_passes_where_nothing_is_found_and_fails_where_something_is(tmp_path: Path) -> None:
    same = [FakeRun(augment, 500, seed) for augment in ("none", "ada") for seed in range(SEEDS)]
    store = write_store(tmp_path / "store", same, step_kimg=4.0, files=False)
    broken, held = verdict_on(
        store, "control: ada < baseline at 100 kimg, n>=5", "control: ada < baseline at 4 kimg, n>=5"
    )
    assert (broken.verdict, broken.p_value) == (Verdict.FAIL, 2 / 252)
    assert (held.verdict, held.p_value) == (Verdict.PASS, 1.0)


def test_a_control_does_not_affect_the_correction_of_claims(many: ResultStore) -> None:
    claim, control = verdict_on(many, "ada < baseline at subset=500", "control: ada < baseline at subset=2000")
    assert claim.p_corrected == 1 / 252
    assert control.verdict is Verdict.FAIL


def test_a_control_with_too_few_seeds_is_underpowered(store: ResultStore) -> None:
    (judged,) = verdict_on(store, "control: ada < baseline at subset=500")
    assert (judged.verdict, judged.seeds_needed) == (Verdict.UNDERPOWERED, (1, 1))


def test_two_cells_that_are_the_same_runs_are_not_a_comparison(many: ResultStore) -> None:
    plan = json.loads(many.plan("synthetic").read_text())
    twice = [cell | {"cell": "again", "settings": {"augment": "again"}} for cell in plan["cells"][:SEEDS]]
    change_plan(many, cells=plan["cells"] + twice)
    with pytest.raises(ClaimError, match="are the same runs"):
        verdict_on(many, "augment=again < subset=500 none", "again < subset=500 none")


def test_another_metric_is_compared_where_the_claim_says_so(many: ResultStore) -> None:
    for run in MANY:
        path = many.run(id_of(run)).metrics
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kid = [row | {"metric": "kid2k-lite0", "identity": "k1d", "value": -row["value"]} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows + kid))
    by_score, by_kid = verdict_on(many, "ada < baseline at subset=500", "baseline < ada at subset=500 by last kid2k")
    assert (by_score.verdict, by_kid.verdict) == (Verdict.PASS, Verdict.PASS)
    assert by_kid.evidence.compared == "last kid2k-lite0"
    with pytest.raises(ClaimError, match="values of 0 or less; a rise needs ratios"):
        verdict_on(many, "ada < baseline at subset=500 by rise kid2k")


def in_looks(store: ResultStore, least: int, most: int, *claims: str) -> list[Judged]:
    return found_in_plan(store, *claims, sequential={"least": least, "most": most}).judged


def test_sequential_seeds_are_judged_in_looks_and_say_how_far_they_are(many: ResultStore) -> None:
    (judged,) = in_looks(many, 3, 8, "ada < baseline at subset=500")
    assert (judged.verdict, str(judged.stage)) == (Verdict.PASS, "look 3 of 6")
    assert judged.p_value == pytest.approx(1 / 252)
    assert judged.p_value < judged.p_corrected < 0.05
    assert "look 3 of 6" in verdict_line(judged)
    assert judged.as_json()["stage"]["next_seeds"] is None


def test_an_undecided_claim_says_how_many_more_seeds_it_goes_on_with(many: ResultStore) -> None:
    (judged,) = in_looks(many, 3, 8, "ada < baseline at subset=500, p<0.001")
    assert judged.verdict is Verdict.UNDECIDED
    assert judged.seeds_needed == (2, 2)
    assert verdict_line(judged).endswith("needs at least 2+2 more seeds, about 0.04 kWh")
    assert needs(judged) == "look 3 of 6; 2+2 seeds, 0.04 kWh"


def test_sequential_seeds_count_up_to_the_first_that_is_not_over(tmp_path: Path) -> None:
    runs = [run for run in MANY if run.subset == 500]
    runs[2] = runs[2]._replace(kimg=40.0, state=State.RUNNING)
    store = write_store(tmp_path / "store", runs, step_kimg=20.0, files=False)
    (judged,) = in_looks(store, 2, 8, "ada < baseline at subset=500")
    assert judged.evidence.sizes == (2, 2)
    assert judged.stage is not None
    assert judged.stage.seeds == 2
