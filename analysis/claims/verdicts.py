"""Claims about a sweep, tested by exact rank sums with Holm's correction (grammar: trainer.config.claims.grammar)."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from analysis.claims.evidence import Evidence, cells_of, evidence_of, unmeasured
from analysis.claims.looks import Looks
from analysis.claims.sequential import LookDecision, LookStage, Verdict, decide
from analysis.claims.stats import bootstrap_interval, holm, two_sided_p
from analysis.errors import ClaimError
from analysis.results.load import Curves, Runs
from trainer.config.claims.cells import pair_of
from trainer.config.claims.grammar import PROSE, Claim, ClaimProblem, is_measured, is_prose, parse_claim
from trainer.config.claims.power import seeds_for, smallest_p

Loader = Callable[[str | None], tuple[Runs, Curves]]
"""Maps a metric's name (None: the sweep's score) to the runs and curves of the sweep."""


class Judged(NamedTuple):
    """A claim with its verdict.

    `interval`: 95 % bootstrap interval of median(less) - median(more). `seeds_needed`: more seeds for (less, more).
    With sequential seeds, `p_value` is the smallest of the looks at `stage`, and `p_corrected` covers looks and claims.
    """

    claim: Claim
    verdict: Verdict
    evidence: Evidence
    p_value: float
    p_corrected: float
    interval: tuple[float, float]
    seeds_needed: tuple[int, int]
    kwh_needed: float | None
    stage: LookStage | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as JSON values; with a `stage` where seeds are sequential."""
        sides = {"less": str(self.claim.less), "more": str(self.claim.more)}
        found = {**self._asdict(), "claim": self.claim._asdict() | sides, "evidence": self.evidence._asdict()}
        stage = found.pop("stage")
        return found | ({"stage": stage._asdict()} if stage else {})


class Verdicts(NamedTuple):
    """The claims of a sweep: those judged, and (text, reason) of those not tested."""

    judged: list[Judged]
    not_tested: list[tuple[str, str]]


def judge_sweep(planned: Sequence[str], given: Sequence[str], load: Loader) -> Verdicts:
    """Return the verdicts on the claims of the plan and on the additional claims `given`, corrected together."""
    runs = load(None)[0]
    prose = [(text.removeprefix(PROSE), "prose") for text in planned if is_prose(text)]
    claims = [read_claim(text) for text in planned if not is_prose(text)]
    untestable = [(claim.text, reason) for claim in claims if (reason := _why_untestable(claim, runs, load))]
    left_out = {text for text, _ in untestable}
    tested = [claim for claim in claims if claim.text not in left_out]
    return Verdicts(judge(_with(tested, given), load), prose + untestable)


def _with(stated: Sequence[Claim], given: Sequence[str]) -> list[Claim]:
    """Return the claims that are `stated`, and of those `given` the others, once each: the correction counts them."""
    found = list(stated)
    for claim in map(read_claim, given):
        if claim not in [one._replace(text=claim.text) for one in found]:
            found.append(claim)
    return found


def read_claim(text: str) -> Claim:
    """Parse a claim. Raises ClaimError."""
    try:
        return parse_claim(text)
    except ClaimProblem as problem:
        raise ClaimError(f'claim "{text}": {problem}') from problem


def _why_untestable(claim: Claim, runs: Runs, load: Loader) -> str:
    """Return why a claim of the sweep cannot be tested in this plan, for example of a smaller tier; "" if it can."""
    metrics = runs.plan.metrics
    if claim.metric and metrics and not is_measured(claim.metric, metrics):
        return f"not in this plan: its metrics are {', '.join(metrics)}"
    try:
        why = unmeasured(claim, *load(claim.metric), pair_of(claim, cells_of(runs)))
    except ClaimProblem as problem:
        return f"not in this plan: {problem}"
    return f"not in this plan: {why}" if why else ""


def judge(claims: Sequence[Claim], load: Loader) -> list[Judged]:
    """Return the verdict on each claim; Holm's correction covers all claims except controls."""
    collected = [evidence_of(claim, *load(claim.metric)) for claim in claims]
    seeds = load(None)[0].plan.sequential
    if seeds:
        return judge_in_looks(claims, collected, Looks(seeds.least, seeds.most))
    tested = [place for place, claim in enumerate(claims) if not claim.is_control]
    corrected = dict(zip(tested, holm([collected[place].p_value for place in tested]), strict=True))
    return [
        _verdict(claim, evidence, corrected[place], len(tested)) if place in corrected else _control(claim, evidence)
        for place, (claim, evidence) in enumerate(zip(claims, collected, strict=True))
    ]


def judge_in_looks(claims: Sequence[Claim], collected: Sequence[Evidence], looks: Looks) -> list[Judged]:
    """Return the verdict on each claim with sequential seeds."""
    decisions = decide(claims, [(evidence.less, evidence.more) for evidence in collected], looks)
    tests = sum(not claim.is_control for claim in claims)
    found = zip(claims, collected, decisions, strict=True)
    return [_in_looks(claim, evidence, decision, tests) for claim, evidence, decision in found]


def _in_looks(claim: Claim, evidence: Evidence, decision: LookDecision, tests: int) -> Judged:
    target = decision.stage.next_seeds or 0
    if decision.verdict is Verdict.UNDERPOWERED:
        target = max(claim.seeds, seeds_for(claim.alpha, 2 if claim.is_control else tests))
    seen = evidence.first(decision.stage.seeds)
    needed = max(target - seen.sizes[0], 0), max(target - seen.sizes[1], 0)
    p_values = decision.p_value, decision.p_corrected
    return _judged(claim, seen, decision.verdict, p_values, needed)._replace(stage=decision.stage)


def _verdict(claim: Claim, evidence: Evidence, corrected: float, tests: int) -> Judged:
    passed = min(evidence.sizes) >= claim.seeds and corrected < claim.alpha
    can_pass = tests * smallest_p(*evidence.sizes) < claim.alpha
    needed = (0, 0) if passed else _seeds_needed(claim, evidence, can_pass, seeds_for(claim.alpha, tests))
    verdict = Verdict.PASS if passed else Verdict.UNDERPOWERED if any(needed) else Verdict.FAIL
    return _judged(claim, evidence, verdict, (evidence.p_value, corrected), needed)


def _control(claim: Claim, evidence: Evidence) -> Judged:
    """Return the verdict on a control: the test is two-sided and not corrected."""
    p_value = two_sided_p(evidence.less, evidence.more) if all(evidence.sizes) else 1.0
    can_fail = 2 * smallest_p(*evidence.sizes) < claim.alpha
    broken = p_value < claim.alpha
    needed = (0, 0) if broken else _seeds_needed(claim, evidence, can_fail, seeds_for(claim.alpha, 2))
    verdict = Verdict.FAIL if broken else Verdict.UNDERPOWERED if any(needed) else Verdict.PASS
    return _judged(claim, evidence, verdict, (p_value, p_value), needed)


def _seeds_needed(claim: Claim, evidence: Evidence, is_decidable: bool, decidable_from: int) -> tuple[int, int]:
    """Return the minimum number of seeds that each side still needs for a verdict."""
    if min(evidence.sizes) >= claim.seeds and is_decidable:
        return 0, 0
    target = max(claim.seeds, decidable_from)
    less, more = evidence.sizes
    return max(target - less, 0), max(target - more, 0)


def _judged(
    claim: Claim, evidence: Evidence, verdict: Verdict, p_values: tuple[float, float], needed: tuple[int, int]
) -> Judged:
    interval = bootstrap_interval(evidence.less, evidence.more) if min(evidence.sizes) > 1 else (math.nan, math.nan)
    return Judged(claim, verdict, evidence, *p_values, interval, needed, evidence.kwh_of(needed))


def needs(judged: Judged, digits: str = ".3g") -> str:
    """Return what a claim needs for a verdict, and its stage with sequential seeds; "" if nothing."""
    seeds, kwh = judged.seeds_needed, judged.kwh_needed
    further = f"{seeds[0]}+{seeds[1]} seeds" + ("" if kwh is None else f", {kwh:{digits}} kWh") if any(seeds) else ""
    return "; ".join(filter(None, (str(judged.stage) if judged.stage else "", further)))


def verdict_line(judged: Judged) -> str:
    """Return the verdict and its evidence as one line."""
    less, more = judged.evidence.sizes
    low, high = judged.interval
    corrected = "two-sided" if judged.claim.is_control else f"corrected {judged.p_corrected:.2g}"
    numbers = f"{judged.evidence.compared}; p={judged.p_value:.2g}, {corrected}, n={less}+{more}"
    if not math.isnan(low):
        numbers += f", difference of medians 95 % in [{low:.4g}, {high:.4g}]"
    if judged.stage:
        numbers += f", {judged.stage}"
    line = f"{judged.verdict}  {judged.claim.text}  ({numbers})"
    if any(judged.seeds_needed):
        energy = "" if judged.kwh_needed is None else f", about {judged.kwh_needed:.3g} kWh"
        line += f"  needs at least {judged.seeds_needed[0]}+{judged.seeds_needed[1]} more seeds{energy}"
    return line
