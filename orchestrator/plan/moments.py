"""What refers to a point of training, against the points at which a sweep evaluates."""

from collections.abc import Iterator, Sequence
from math import floor

from orchestrator.errors import Problem
from orchestrator.sweep.claims import well_formed
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.stop_rules import Asha
from orchestrator.sweep.trial import Trial
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.claims.cells import pair_of
from trainer.config.claims.grammar import Claim, ClaimProblem
from trainer.config.stored import TOLERANCE_KIMG, is_within

KeyProblem = tuple[KeyPath, str]


def moment_problems(sweep: Sweep, trials: Sequence[Trial]) -> Iterator[KeyProblem]:
    """Yield the claims and the stop rules that need scores at points of training where nothing is evaluated.

    Only what a tier states itself is checked: what it inherits may concern longer runs.
    """
    if sweep.states_stop:
        yield from _unmet_rungs(sweep.spec)
    if sweep.states_claims and not sweep.spec.search:
        yield from _unmeasured_claims(sweep.spec, {trial.cell: trial for trial in trials})


def inherited_rungs(sweep: Sweep) -> Iterator[Problem]:
    """Yield the stop rules that a tier inherits, and that need scores where nothing is evaluated: they judge less."""
    if not sweep.states_stop:
        yield from (sweep.problem(path, text) for path, text in _unmet_rungs(sweep.spec))


def nearest_evaluation(trial: Trial, kimg: float, every_kimg: float) -> float:
    """Return the point of a trial's training, in kimg, nearest to `kimg` at which it is evaluated."""
    before = floor(kimg / every_kimg)
    due = (trial.config.whole_iterations(number * every_kimg) for number in range(max(1, before - 1), before + 2))
    known = [moment for moment in due if is_within(moment, trial.horizon_kimg)]
    return min([*known, trial.horizon_kimg], key=lambda moment: abs(moment - kimg))


def _unmet_rungs(spec: SweepSpec) -> Iterator[KeyProblem]:
    every = spec.watch.evaluate_every_kimg
    for index, rule in enumerate(spec.stop):
        unmet = rule.unmet(spec.longest_horizon_kimg, every) if isinstance(rule, Asha) else []
        if unmet:
            nearest = every * max(1, round(unmet[0] / every))
            rungs = ", ".join(f"{rung:g}" for rung in unmet)
            text = f"asha has no scores at {rungs} kimg: evaluations run every {every:g} kimg"
            is_rung = nearest < spec.longest_horizon_kimg
            way_out = (
                f"did you mean a rung at {nearest:g} kimg?"
                if is_rung
                else f"set watch.evaluate_every_kimg to {unmet[0]:g}"
            )
            yield ("stop", index), f"{text}; {way_out}"


def _unmeasured_claims(spec: SweepSpec, cells: dict[str, Trial]) -> Iterator[KeyProblem]:
    every = spec.watch.evaluate_every_kimg
    for index, claim in well_formed(spec.claims):
        for kimg in [claim.kimg] if claim.kimg else []:
            sides = [(cell, nearest_evaluation(cells[cell], kimg, every)) for cell in _sides(claim, cells)]
            wrong = [(cell, near) for cell, near in sides if abs(near - kimg) > TOLERANCE_KIMG]
            if wrong:
                near = wrong[0][1]
                text = f"nothing is evaluated at {kimg:g} kimg, evaluations run every {every:g} kimg and at the end"
                cells_concerned = listed([cell for cell, _ in wrong])
                point = f"{near:g} kimg" if is_within(near, spec.longest_horizon_kimg) else "by last"
                yield ("claims", index), f'"{claim.text}": {text}; did you mean {point}? ({cells_concerned})'


def _sides(claim: Claim, cells: dict[str, Trial]) -> tuple[str, ...]:
    """Return the labels of a claim's two cells; none if they are not there, which is reported elsewhere."""
    try:
        return pair_of(claim, cells)
    except ClaimProblem:
        return ()
