"""What augmentation adds to an iteration: the pipe bgc at p = 0 and p = 0.5, against none."""

from collections.abc import Iterator

from benchmarks.bench_iteration import COMPARED, Bench, Row, Shown, take_turns, untouched
from benchmarks.ratios import Ratio, implementations
from trainer.augment.augmenter import Augmenter
from trainer.augment.pipe import named_pipe

AUGMENTED = {name: row for name, row in COMPARED.items() if row.channel_base != 8192}
NONE, OFF, HALF = "no augmentation", "bgc, p 0", "bgc, p 0.5"


def augmentation_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare iterations with and without augmentation, on the native operations."""
    for name, row in AUGMENTED.items():
        shown: dict[str, Shown] = {
            NONE: untouched,
            OFF: Augmenter(named_pipe("bgc"), 0.0).images,
            HALF: Augmenter(named_pipe("bgc"), 0.5).images,
        }
        took = take_turns({which: _bench(row, seen) for which, seen in shown.items()}, rounds)
        for which in (OFF, HALF):
            yield Ratio(f"iteration, {name}", which, NONE, took[which], took[NONE])


def _bench(row: Row, shown: Shown) -> Bench:
    return Bench(row, implementations()["native"], shown)
