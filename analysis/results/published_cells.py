"""The published values that a figure can show beside ours: of its score, at the tier that repeats the paper."""

from analysis.results.load import Runs
from analysis.results.score import Score
from trainer.config.claims.cells import cell_of
from trainer.config.claims.grammar import ClaimProblem
from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import main_name
from trainer.config.published_value import PublishedValue

PAPER_TIERS = (None, "", "paper")


def published_by_cell(runs: Runs, score: Score) -> dict[str, float]:
    """Return the published number of each cell whose value is of `score` and not known to be incomparable."""
    if runs.plan.tier not in PAPER_TIERS:
        return {}
    cells = {run.cell: run for run in runs.plan.cells}
    found: dict[str, float] = {}
    for value in runs.plan.published:
        if _is_of(value, runs, score) and not value.not_comparable:
            try:
                found[cell_of(value.side, cells)] = value.value
            except ClaimProblem:  # a cell that this plan lacks has no place in its figures
                continue
    return found


def _is_of(value: PublishedValue, runs: Runs, score: Score) -> bool:
    detector = runs.plan.detector or DETECTOR
    same_network = detector.partition(":")[0] == value.detector
    return same_network and main_name(value.metric, detector, runs.plan.distance or DISTANCE) == score.metric
