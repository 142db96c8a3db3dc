"""SweepSpec: the content of a sweep file."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from orchestrator.sweep.claims import ClaimText
from orchestrator.sweep.coercion import coerced
from orchestrator.sweep.keys import HORIZON, Assignments, AxisValues, Name
from orchestrator.sweep.requested_resources import RequestedResources
from orchestrator.sweep.search_space import Search
from orchestrator.sweep.stop_rules import StopRules
from trainer.config.metrics.names import DetectorName, DistanceName, MetricName, main_name
from trainer.config.options import RunOptions, Watch
from trainer.config.plan_file import MOST_SEQUENTIAL
from trainer.config.probes import ProbeName
from trainer.config.published_value import PublishedValue
from trainer.config.spec import EvaluationSeeds, Positive, Seed, Settings

SeedCount = Annotated[int, Field(ge=1, le=10_000)]
MAX_HORIZON_KIMG = 1e9
HorizonOfCells = Annotated[float, Field(gt=0, le=MAX_HORIZON_KIMG)]


class When(Settings):
    """In cells where `if` holds: apply the settings in `set`, and add the axes in `grid`."""

    model_config = ConfigDict(populate_by_name=True)

    if_: Assignments = Field(alias="if")
    set: Assignments = {}
    grid: dict[str, AxisValues] = {}


class Budget(Settings):
    """The maximum cost of the sweep; a plan that exceeds it is refused."""

    kwh: Positive | None = None
    gpu_hours: Positive | None = None
    cpu_hours: Positive | None = None


class Length(Settings):
    """How long a cell is trained, in thousands of real images shown."""

    horizon_kimg: HorizonOfCells


class SequentialSeeds(Settings):
    """Seeds that are added to the cells of undecided claims: each cell starts with `from`, and has `to` at most."""

    from_: Annotated[int, Field(alias="from", ge=2, le=MOST_SEQUENTIAL)]
    to: Annotated[int, Field(ge=2, le=MOST_SEQUENTIAL)]
    until: Literal["claims"]


class SweepSpec(Settings):
    """What to run. Cells are the product of all axes: `cells`, `zip`, every key of `grid`; each runs once per seed."""

    sweep: Name
    question: str = ""
    include: str | list[str] = []
    base: Assignments = {}
    cells: dict[Name, Assignments] = {}
    zip: dict[str, AxisValues] = {}
    grid: dict[str, AxisValues] = {}
    when: list[When] = []
    derive: dict[str, str | float | int] = {}
    exclude: list[Assignments] = []
    seeds: SeedCount | Annotated[list[Seed], Field(min_length=1)] | SequentialSeeds = [0]
    horizon_kimg: HorizonOfCells
    metrics: list[MetricName] = list(RunOptions.model_fields["metrics"].default)
    detector: DetectorName = RunOptions.model_fields["detector"].default
    distance: DistanceName = RunOptions.model_fields["distance"].default
    evaluation_seeds: EvaluationSeeds = RunOptions.model_fields["evaluation_seeds"].default
    probes: list[ProbeName] = []
    watch: Watch = Watch()
    resources: RequestedResources = RequestedResources()
    score: str = ""
    figures: list[str] = []
    claims: list[ClaimText] = []
    underpowered: Annotated[str, Field(description="Why claims have too few seeds to be decided.")] = ""
    published: list[PublishedValue] = []
    search: Search | None = None
    stop: StopRules = []
    budget: Budget = Budget()
    because: dict[str, Annotated[str, Field(min_length=1)]] = {}
    tiers: dict[Name, dict[str, JsonValue]] = {}

    @model_validator(mode="after")
    def _zip_has_equal_lengths(self) -> Self:
        if len({len(values) for values in self.zip.values()}) > 1:
            lengths = ", ".join(f"{key} {len(values)}" for key, values in self.zip.items())
            raise ValueError(f"lists of different lengths ({lengths})")
        return self

    def at_horizon(self, kimg: float) -> Self:
        """Return the sweep with every cell trained to `kimg`, including those that set a horizon of their own."""
        cells = {name: _without_horizon(given) for name, given in self.cells.items()}
        whens = [when.model_copy(update={"set": _without_horizon(when.set)}) for when in self.when]
        return self.model_copy(update={HORIZON: kimg, "cells": cells, "when": whens})

    @property
    def longest_horizon_kimg(self) -> float:
        """Return the longest horizon of any cell, in kimg."""
        given = [*self.cells.values(), *(when.set for when in self.when)]
        own = (coerced(HORIZON, one[HORIZON]) for one in given if HORIZON in one)
        return max([self.horizon_kimg, *(value for value in own if isinstance(value, int | float))])

    @property
    def seed_values(self) -> list[int]:
        """Return the seeds; `seeds: 3` is short for [0, 1, 2]. Sequential ones are all that there may be."""
        if isinstance(self.seeds, SequentialSeeds):
            return list(range(self.seeds.to))
        return list(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def sequential(self) -> SequentialSeeds | None:
        """Return the seeds if they are sequential."""
        return self.seeds if isinstance(self.seeds, SequentialSeeds) else None

    @property
    def score_name(self) -> str:
        """Return the full name of the metric that ranks cells, as in metrics.jsonl."""
        score = self.score or (self.metrics[0] if self.metrics else "")
        return main_name(score, self.detector, self.distance)


def _without_horizon(given: Assignments) -> Assignments:
    return {key: value for key, value in given.items() if key != HORIZON}
