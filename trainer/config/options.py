"""RunOptions: how a run is watched and how far it goes. None of this is part of a trial's identity."""

from pathlib import Path
from typing import Literal

from trainer.config.metrics import DetectorName, MetricName
from trainer.config.spec import Positive, PositiveInt, Settings


class Watch(Settings):
    """How often a run looks up from training, and with what help. Cadences count from the start of the trial, so they
    fall on the same iterations whether or not the run was interrupted.

    `ops`: native ones are compiled (`adasweep ops build`), reference ones are plain torch; auto takes native ones where
    they are built, and says where they are not. The default is what is faster for whole iterations on CPUs, as measured.
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
    ops: Literal["auto", "native", "reference"] = "reference"
    threads: PositiveInt = 1


class RunOptions(Watch):
    """How far, how often, with what help. Changing any of it never changes a single weight at a given kimg, but for
    `ops` and `threads`, which change the rounding; what was used is in the record.

    Lengths are in thousands of real images shown (kimg).
    """

    horizon_kimg: Positive
    data_path: Path
    cache_dir: Path
    transfer_path: Path | None = None
    metrics: tuple[MetricName, ...] = ("fid2k", "kid2k")
    detector: DetectorName = "lite0"
