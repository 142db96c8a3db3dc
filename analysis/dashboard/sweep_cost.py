"""What a sweep has cost so far, what all of it will cost at that rate, and what its plan expected."""

from typing import NamedTuple

import pandas as pd

from analysis.dashboard.columns import number
from analysis.dashboard.live_store import LiveStore
from analysis.results.load import Runs
from analysis.tables.attempts import JOULES_PER_KWH, SECONDS_PER_HOUR
from trainer.config.job import Job
from trainer.config.stored import read_document

MOST_ESTIMATES = 100
"""Of so many cells the plan's estimate is read; others are taken to cost as much for each image."""


class SweepCost(NamedTuple):
    """Hours of all attempts, energy and money. None where it is not known, or there is no price."""

    hours: float | None
    kwh: float | None
    money: float | None


UNKNOWN = SweepCost(None, None, None)


class SweepCosts(NamedTuple):
    """`at_end` is `so_far`, in proportion to the images to be trained; `planned` is None before the first run."""

    so_far: SweepCost
    at_end: SweepCost | None
    planned: SweepCost | None


def sweep_costs(live: LiveStore, runs: Runs) -> SweepCosts:
    """Return the costs of a sweep."""
    frame = runs.frame
    trials = sorted(set(frame["trial"]))
    attempts = live.tables.rows("attempts", ("trial", "seconds", "gpus"), trials).to_pandas()
    joules = frame.drop_duplicates("trial")["energy_joules"].astype(float).sum(min_count=1)
    hours = float(attempts["seconds"].sum()) / SECONDS_PER_HOUR
    gpu_hours = float((attempts["seconds"] * attempts["gpus"]).sum()) / SECONDS_PER_HOUR
    kwh = number(joules / JOULES_PER_KWH)
    so_far = SweepCost(hours, kwh, live.prices.money(kwh, gpu_hours))
    done, whole = float(frame["kimg"].sum()), float(frame["horizon_kimg"].sum())
    expected = _expected_hours(live, frame)
    at_end = _scaled(so_far, whole / done) if done else None
    planned = _scaled(so_far, expected / hours) if hours and expected else None
    return SweepCosts(so_far, at_end, planned)


def _scaled(cost: SweepCost, factor: float) -> SweepCost:
    return SweepCost(*(None if value is None else value * factor for value in cost))


def _expected_hours(live: LiveStore, frame: pd.DataFrame) -> float | None:
    """Return the hours that the plan expected of all runs, by the first attempts of one run of each cell."""
    begun = frame[frame["attempts"].fillna(0) > 0].drop_duplicates("cell").head(MOST_ESTIMATES)
    pairs = zip(begun["trial"], begun["horizon_kimg"], strict=True)
    found = [(hours, horizon) for trial, horizon in pairs if (hours := _estimate(live, trial))]
    kimg = sum(horizon for _, horizon in found)
    return sum(hours for hours, _ in found) / kimg * float(frame["horizon_kimg"].sum()) if kimg else None


def _estimate(live: LiveStore, trial: str) -> float | None:
    job = read_document(live.store.run(trial).job(1), Job)
    return job.estimate.seconds / SECONDS_PER_HOUR if job and job.estimate else None
