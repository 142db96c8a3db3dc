"""RunOptions: how a run is watched and how far it goes. None of this is part of a trial's identity."""

from pathlib import Path
from typing import Literal

from trainer.config.metrics.families import DETECTOR, DISTANCE
from trainer.config.metrics.names import DetectorName, DistanceName, MetricName
from trainer.config.probes import ProbeName
from trainer.config.spec import Positive, PositiveInt, Settings


class Watch(Settings):
    """How often a run looks up from training, and with what help.

    Cadences count from the start of the trial, so they fall on the same iterations whether or not the run was
    interrupted.

    `ops`: native ones are compiled (`adasweep ops build`), reference ones are plain torch; auto takes native ones where
    they are built, and says where they are not. The default is what measured faster for whole iterations on a CPU.

    `evaluation` later leaves snapshots to evaluation jobs of their own (`adasweep metrics`, or the next
    `adasweep run`), so that training goes on without a pause; all snapshots are kept until they are measured.
    """

    evaluate_every_kimg: Positive = 4.0
    tick_kimg: Positive = 1.0
    sample_every_kimg: Positive = 4.0
    checkpoint_every_kimg: Positive = 4.0
    checkpoint_every_minutes: Positive = 5.0
    checkpoints_kept: PositiveInt = 2
    sheet_columns: PositiveInt = 10
    sheet_rows: PositiveInt = 6
    snapshots_kept: Literal["all", "best-and-last"] = "best-and-last"
    evaluation: Literal["inline", "later"] = "inline"
    ops: Literal["auto", "native", "reference"] = "auto"
    threads: PositiveInt = 1


class RunOptions(Watch):
    """How far, how often, with what help.

    Changing any of it never changes a single weight at a given kimg, but for `ops` and `threads`, which change the
    rounding; what was used is in the record.

    Lengths are in thousands of real images shown (kimg). Every metric is measured once for each of `evaluation_seeds`
    sets of generated images, seeds 0, 1, ...; their spread is its error. `probes` are run by evaluation jobs alone.
    """

    horizon_kimg: Positive
    data_path: Path
    cache_dir: Path
    transfer_path: Path | None = None
    metrics: tuple[MetricName, ...] = ("fid2k", "kid2k")
    detector: DetectorName = DETECTOR
    distance: DistanceName = DISTANCE
    evaluation_seeds: PositiveInt = 1
    probes: tuple[ProbeName, ...] = ()
