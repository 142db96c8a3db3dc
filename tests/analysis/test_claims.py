import json
import math

import pytest

from analysis.claim import Claim, parse_claim
from analysis.claims import Verdict, judge, sentence
from analysis.errors import ClaimError
from analysis.results import load
from analysis.synthetic import FakeRun, write_store
from tests.analysis.stores import loaded

SEEDS = 5
MANY = [
    FakeRun(augment, subset, seed) for subset in (500, 2000) for augment in ("none", "ada") for seed in range(SEEDS)
]


@pytest.fixture
def many(tmp_path):
    return write_store(tmp_path / "store", MANY, step_kimg=20.0, files=False)


def verdict_on(store, *texts: str):
    runs, curves = loaded(store)
    return judge([parse_claim(text) for text in texts], runs, curves)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada < baseline at subset=2000, p<0.01, n>=5", ("ada", "baseline", {"subset": "2000"}, 0.01, 5)),
        ("ada < baseline @ subset=2000, p<0.01, n>=5", ("ada", "baseline", {"subset": "2000"}, 0.01, 5)),
        ("baseline > ada", ("ada", "baseline", {}, 0.05, 3)),
        ("gamma=0.1 < gamma=1, p<0.1", ("gamma=0.1", "gamma=1", {}, 0.1, 3)),
        (
            "no augmentation > ADA at data.subset=500, seed=1",
            ("ADA", "no augmentation", {"data.subset": "500", "seed": "1"}, 0.05, 3),
        ),
    ],
)
def test_claims_are_read(text, expected):
    assert parse_claim(text) == Claim(text, *expected)


@pytest.mark.parametrize(
    "text", ["ada baseline", "ada < ", "ada < baseline, p<2", "ada < baseline, n>=x", "a < b, maybe"]
)
def test_what_is_not_understood_is_said(text):
    with pytest.raises(ClaimError, match=r'claim "'):
        parse_claim(text)


def test_a_clear_difference_passes(many):
    (judged,) = verdict_on(many, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.verdict is Verdict.PASS
    assert judged.p_value == judged.p_corrected == 1 / 252
    assert judged.interval[1] < 0
    assert judged.seeds_needed == (0, 0)


def test_the_opposite_fails(many):
    (judged,) = verdict_on(many, "baseline < ada at subset=500, p<0.01, n>=5")
    assert (judged.verdict, judged.p_value) == (Verdict.FAIL, 1.0)


def test_many_claims_make_each_harder(many):
    texts = ["ada < baseline at subset=500, p<0.01"] + ["baseline < ada at subset=2000, p<0.01"] * 2
    judged = verdict_on(many, *texts)
    assert judged[0].p_corrected == pytest.approx(3 / 252)
    assert judged[0].verdict is Verdict.UNDERPOWERED
    assert judged[0].seeds_needed == (1, 1)


def test_too_few_seeds_are_told_with_the_energy_still_needed(store):
    (judged,) = verdict_on(store, "ada < baseline at subset=500, p<0.01, n>=5")
    assert judged.verdict is Verdict.UNDERPOWERED
    assert judged.seeds_needed == (2, 2)
    assert judged.kwh_needed == pytest.approx(4 * 36_000 / 3.6e6)
    assert sentence(judged).endswith("needs 2+2 more seeds, about 0.04 kWh")


def test_a_diverged_run_counts_as_worst_and_an_unfinished_one_not(troubled):
    (judged,) = verdict_on(troubled, "ada < baseline at subset=500")
    assert judged.more_values[0] == math.inf
    assert (len(judged.less_values), len(judged.more_values)) == (2, 3)


def test_a_cell_without_runs_is_underpowered(troubled):
    (judged,) = verdict_on(troubled, "ada < baseline at subset=2000")
    assert (judged.verdict, judged.p_value, judged.kwh_needed) == (Verdict.UNDERPOWERED, 1.0, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada < baseline", "fits subset=500 ada, subset=2000 ada; add a condition"),
        ("lecam < baseline at subset=500", "fits none of"),
        ("ada < baseline at gamma=1", "is no axis of the sweep; axes: data.subset, augment"),
    ],
)
def test_a_claim_must_name_one_cell_on_each_side(store, text, message):
    with pytest.raises(ClaimError, match=message):
        verdict_on(store, text)


def test_claims_of_the_plan_are_read_with_it(store):
    plan = json.loads(store.plan("synthetic").read_text())
    store.plan("synthetic").write_text(json.dumps({**plan, "claims": ["ada < baseline at subset=500"]}))
    runs, _ = load(store, "synthetic")
    assert runs.plan.claims == ("ada < baseline at subset=500",)
