"""Warns of time limits: of runs that need several jobs, of runs that can never get on, of limits that limit nothing."""

import math
from collections.abc import Iterable, Iterator

from orchestrator.backends.base import Backend, JobLimit
from orchestrator.display.duration import duration
from orchestrator.plan.plan import Plan
from orchestrator.plan.price import Rate
from orchestrator.sweep.problem_collector import listed
from orchestrator.sweep.trial import Trial


def limit_cautions(plan: Plan, trials: Iterable[Trial], backend: Backend) -> Iterator[str]:
    """Yield what time limits mean for trials that are to run, each with its cells."""
    cells: dict[str, list[str]] = {}
    for trial in {trial.cell: trial for trial in trials}.values():
        if text := _caution(plan, trial, backend):
            cells.setdefault(text, []).append(trial.cell)
    for text, concerned in cells.items():
        yield f"{text} ({listed(concerned)})"


def _caution(plan: Plan, trial: Trial, backend: Backend) -> str:
    decision, limit, pricing = plan.decisions.get(trial.id), backend.limit(trial.resources), plan.pricing_of(trial)
    estimate = plan.estimate_of(trial, decision.kimg if decision else trial.horizon_kimg)
    if estimate is None or pricing is None:
        return ""
    if limit is None:
        return _unlimited(trial.resources.minutes, estimate.seconds, backend.name)
    rate = pricing.rate(trial)
    return _hopeless(limit, rate, trial) or _in_several(limit, rate, estimate.seconds)


def _unlimited(minutes: float | None, seconds: float, backend: str) -> str:
    """Return that a run takes longer than the limit that it asks for where nothing ends it."""
    if minutes is None or seconds <= minutes * 60:
        return ""
    expected = f"a run takes about {duration(seconds)}"
    return f"resources.minutes {minutes:g} ends no run here: {expected}, and {backend} has no time limit"


def _hopeless(limit: JobLimit, rate: Rate, trial: Trial) -> str:
    """Return that no job of a run can finish what it cannot save in the middle: start-up and its longest step."""
    step = rate.seconds_per_kimg * trial.config.batch / 1000
    longest, what = max((step, "one iteration"), (rate.seconds_per_evaluation, "one evaluation"))
    needed, there = rate.startup + longest, limit.seconds - limit.saving_seconds
    if needed < there:
        return ""
    least = math.ceil((needed + limit.saving_seconds) / 60) + 1
    return (
        f"runs never get on: start-up and {what} take about {duration(needed)}, and {limit.key} gives a job "
        f"{duration(limit.seconds)}, the last {duration(limit.saving_seconds)} to save; set it to {least} or more"
    )


def _in_several(limit: JobLimit, rate: Rate, seconds: float) -> str:
    """Return that a run needs several jobs, each of which starts up anew."""
    if seconds <= limit.seconds:
        return ""
    jobs = math.ceil((seconds - rate.startup) / (limit.seconds - limit.saving_seconds - rate.startup))
    limited = f"{limit.key} ends a job after {duration(limit.seconds)}"
    return f"runs of about {duration(seconds)} need about {jobs:,} jobs: {limited}, it is queued again and continues"
