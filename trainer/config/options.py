"""RunOptions: how a run is monitored and how long it trains. Not part of a trial's identity."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import DetectorName, DistanceName, MetricName
from trainer.config.probes import ProbeName
from trainer.config.spec import EvaluationSeeds, Interval, Positive, PositiveInt, Settings
from trainer.config.stored import Horizon

MOST_CPUS = 4096
SheetSide = Annotated[int, Field(ge=1, le=256)]
"""Images along one side of a sheet of samples."""


OpsChoice = Literal["auto", "native", "reference"]


class Watch(Settings):
    """How often a run evaluates, records and saves, and the implementation it uses.

    Intervals count from the start of the trial, so they fall on the same iterations whether or not the run was
    interrupted.

    `ops`: native operations are compiled (`adasweep ops build`), reference operations are plain torch; auto uses native
    ones if they are built, and warns if not. The default measured faster for whole iterations on a CPU.

    `evaluation: later` leaves snapshots to separate evaluation jobs (`adasweep metrics`, or the next `adasweep run`),
    so that training does not pause; all snapshots are kept until they are measured.
    """

    evaluate_every_kimg: Interval = 4.0
    tick_kimg: Interval = 1.0
    sample_every_kimg: Interval = 4.0
    checkpoint_every_kimg: Interval = 4.0
    checkpoint_every_minutes: Positive = 5.0
    checkpoints_kept: PositiveInt = 2
    sheet_columns: SheetSide = 10
    sheet_rows: SheetSide = 6
    snapshots_kept: Literal["all", "best-and-last"] = "best-and-last"
    evaluation: Literal["inline", "later"] = "inline"
    ops: OpsChoice = "auto"
    threads: Annotated[PositiveInt, Field(le=MOST_CPUS)] = 1


class RunOptions(Watch):
    """How long and how a run trains and evaluates.

    None of it changes the weights at a given kimg, except `ops` and `threads`, which change the rounding; the record
    has their values.

    Lengths are in thousands of real images shown (kimg). Every metric is measured once for each of `evaluation_seeds`
    sets of generated images, seeds 0, 1, ...; their spread is its error. The best snapshot, which is kept, is that by
    `score`, a recorded name; "" is the first metric. Only evaluation jobs run `probes`.
    """

    horizon_kimg: Horizon
    data_path: Path
    cache_dir: Path
    transfer_path: Path | None = None
    metrics: tuple[MetricName, ...] = ("fid2k", "kid2k")
    score: str = ""
    detector: DetectorName = DETECTOR
    distance: DistanceName = DISTANCE
    evaluation_seeds: EvaluationSeeds = 1
    probes: tuple[ProbeName, ...] = ()
