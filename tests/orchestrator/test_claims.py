from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import SweepError, require_none
from orchestrator.store.layout import Store
from orchestrator.sweep.reader import Sweep
from tests.support.tiny_sweep import SWEEP

Read = Callable[..., Sweep]
Write = Callable[[str], Path]

SMALL = "tiers:\n  small:\n    grid: {data.subset: [20]}\n    metrics: [fid200]\n"


def with_claims(*claims: str) -> str:
    return SWEEP + "claims:\n" + "".join(f"- {claim}\n" for claim in claims)


def first_claim_line(text: str) -> int:
    return text[: text.index("claims:")].count("\n") + 2


def planned_problems(store: Store, path: Path, tier: str = "") -> list[str]:
    with pytest.raises(SweepError) as error:
        plan_sweep(store, Request(path, tier))
    return [line.removeprefix(f"{path}:") for line in str(error.value).splitlines()]


def test_claims_prose_and_controls_are_kept_as_texts(read: Read) -> None:
    text = with_claims(
        "ada < baseline at subset=20, p<0.01", "prose: ADA helps.", "control: ada < baseline at subset=20"
    )
    assert read(text).spec.claims == [
        "ada < baseline at subset=20, p<0.01",
        "prose: ADA helps.",
        "control: ada < baseline at subset=20",
    ]


def test_a_quoted_mark_is_a_mark_too(read: Read) -> None:
    assert read(with_claims('"prose: ADA helps: a lot"')).spec.claims == ["prose: ADA helps: a lot"]


def test_every_malformed_claim_is_reported_at_its_line(store: Store, sweep_file: Write) -> None:
    text = with_claims("ADA helps", "ada < baseline at subset=20, p<7", "ada < baseline by kid2k", "prose: fine")
    first = first_claim_line(text)
    problems = planned_problems(store, sweep_file(text))
    assert problems[0].startswith(f'{first}: claims[0]: "ADA helps": is not a claim; write it like "ada < ')
    assert problems[1:] == [
        f'{first + 1}: claims[1]: "ada < baseline at subset=20, p<7": "p<7": p is a number between 0 and 1',
        f'{first + 2}: claims[2]: "ada < baseline by kid2k": kid2k is not measured; metrics: fid2k',
    ]


def test_a_claim_about_cells_that_are_not_there_is_reported_at_its_line(store: Store, sweep_file: Write) -> None:
    text = with_claims("ada < baseline at subset=20", "lecam < baseline at subset=20", "ada < baseline")
    first = first_claim_line(text)
    none, several, weak = planned_problems(store, sweep_file(text))
    assert none.startswith(
        f'{first + 1}: claims[1]: "lecam < baseline at subset=20": "lecam & subset=20" matches none of'
    )
    assert several.startswith(f'{first + 2}: claims[2]: "ada < baseline": "ada" matches ')
    assert weak.startswith(f'{first}: claims[0]: "ada < baseline at subset=20" can never pass')


def test_a_claim_about_cells_that_are_the_same_runs_is_refused(store: Store, sweep_file: Write) -> None:
    """They differ in their horizons alone: one trial, at two points of its training."""
    axes = "grid:\n  data.subset: [20, 40]\n  augment: [none, ada]\n"
    text = with_claims("short < long by last").replace(axes, "cells: {short: {batch: 20}, long: {horizon_kimg: 2}}\n")
    problems = planned_problems(store, sweep_file(text + "underpowered: a first look\n"))
    line = first_claim_line(text)
    assert problems == [
        f'{line}: claims[0]: "short < long by last": short and long have the same settings: they are the same runs'
    ]


def test_a_claim_whose_cells_are_the_same_runs_at_a_tier_that_inherits_it_is_refused(
    store: Store, sweep_file: Write
) -> None:
    axes = "grid:\n  data.subset: [20, 40]\n  augment: [none, ada]\n"
    text = with_claims("small < large").replace(axes, "cells: {small: {batch: 20}, large: {batch: 40}}\n")
    same = "underpowered: a first look\ntiers: {same: {cells: {large: {batch: 20, horizon_kimg: 2}}}}\n"
    file = sweep_file(text + same)
    assert plan_sweep(store, Request(file)).trials
    assert planned_problems(store, file, "same") == [
        f'{first_claim_line(text)}: claims[0]: "small < large": small and large have the same settings at tier same: '
        "they are the same runs; give the tier claims of its own"
    ]


@pytest.mark.parametrize("claims", ["ada < baseline at subset=40", "ada < baseline at subset=20 by fid2k"])
def test_a_tier_may_leave_out_cells_and_metrics_of_claims_it_inherits(
    store: Store, sweep_file: Write, claims: str
) -> None:
    assert plan_sweep(store, Request(sweep_file(with_claims(claims) + SMALL), "small")).trials


def test_a_tier_does_not_count_claims_about_points_beyond_its_horizon(store: Store, sweep_file: Write) -> None:
    watch, tier = "watch: {evaluate_every_kimg: 0.5}\n", "tiers: {short: {horizon_kimg: 0.5}}\nseeds: 5\n"
    text = with_claims("ada < baseline at subset=20", "ada < baseline at subset=40, 1 kimg").replace("seeds: [0]\n", "")
    file = sweep_file(text + watch + tier)
    assert [one.smallest_p for one in plan_sweep(store, Request(file)).claims] == pytest.approx([2 / 252] * 2)
    assert [one.smallest_p for one in plan_sweep(store, Request(file, "short")).claims] == pytest.approx([1 / 252])


def test_a_tier_stands_by_the_claims_it_states(store: Store, sweep_file: Write) -> None:
    path = sweep_file(SWEEP + SMALL + "    claims: [ada < baseline at subset=40]\n")
    (problem,) = planned_problems(store, path, "small")
    line = path.read_text().count("\n")
    assert problem.startswith(
        f'{line}: tiers.small.claims[0]: "ada < baseline at subset=40": "ada & subset=40" matches none of'
    )


def test_only_a_text_is_a_claim(store: Store, sweep_file: Write) -> None:
    text = with_claims("words: are not tested", "7")
    first = first_claim_line(text)
    assert [problem.partition(": ")[0] for problem in planned_problems(store, sweep_file(text))] == [
        str(first),
        str(first + 1),
    ]


WEAK = "claims: [ada < baseline at subset=20]\n"


def test_a_claim_that_can_never_pass_is_refused_with_the_seeds_that_could_and_their_price(
    store: Store, sweep_file: Write
) -> None:
    plan = plan_sweep(store, Request(sweep_file(SWEEP + WEAK)))
    with pytest.raises(
        SweepError, match=r"claims\[0\].*can never pass.*use `seeds: 4` \(\d+ more runs, about .* CPU-hours"
    ):
        require_none(plan.claim_problems)


def test_a_sweep_may_say_why_it_has_too_few_seeds(store: Store, sweep_file: Write) -> None:
    plan = plan_sweep(store, Request(sweep_file(SWEEP + WEAK + "underpowered: a first look\n")))
    require_none(plan.claim_problems)
    assert [one.is_decidable for one in plan.claims] == [False]


def test_a_tier_is_not_refused_for_claims_it_inherits(store: Store, sweep_file: Write) -> None:
    require_none(plan_sweep(store, Request(sweep_file(SWEEP + WEAK + SMALL), "small")).claim_problems)


def test_enough_seeds_decide_a_claim(store: Store, sweep_file: Write) -> None:
    text = "\n".join(line for line in SWEEP.splitlines() if not line.startswith("seeds:"))
    plan = plan_sweep(store, Request(sweep_file(text + "\nseeds: 4\n" + WEAK)))
    require_none(plan.claim_problems)
    assert plan.claims[0].smallest_p == pytest.approx(1 / 70)


def test_claims_that_can_never_pass_and_costs_over_the_budget_are_told_at_once(
    store: Store, sweep_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sweep_file(SWEEP + WEAK + "budget: {cpu_hours: 1.0e-9}\n")
    for command in ("plan", "run"):
        assert main([command, str(path), "--store", str(store.root)]) == 2
        claims, budget = capsys.readouterr().err.splitlines()
        assert "claims[0]" in claims
        assert "budget.cpu_hours" in budget
