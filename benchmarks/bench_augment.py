"""What augmentation adds to an iteration: the pipe bgc at p = 0 and p = 0.5, against none."""

import time
from collections.abc import Iterator

from torch import Tensor

from benchmarks.aims import WITHOUT_CALLS
from benchmarks.bench_iteration import COMPARED, Bench, Row, Shown, take_turns, untouched
from benchmarks.ratios import Ratio, implementations
from trainer.augment.augmented_discriminator import Role
from trainer.augment.augmenter import Augmenter
from trainer.augment.pipe import named_pipe

AUGMENTED = {name: row for name, row in COMPARED.items() if row.channel_base != 8192}
NONE, OFF, HALF = "no augmentation", "bgc, p 0", "bgc, p 0.5"


class Clocked:
    """An augmentation that adds up the CPU seconds it takes."""

    def __init__(self, shown: Shown) -> None:
        self.shown, self.seconds = shown, 0.0

    def __call__(self, images: Tensor, role: Role) -> Tensor:
        started = time.process_time()
        augmented = self.shown(images, role)
        self.seconds += time.process_time() - started
        return augmented


def augmentation_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare iterations with and without augmentation, on the native operations.

    What p = 0 adds is less than iterations differ by chance, so its calls are also timed alone, each phase with them.
    """
    for name, row in AUGMENTED.items():
        off = Clocked(Augmenter(named_pipe("bgc"), 0.0).images)
        shown: dict[str, Shown] = {
            NONE: untouched,
            OFF: off,
            HALF: Augmenter(named_pipe("bgc"), 0.5).images,
        }
        took = take_turns({which: _bench(row, seen) for which, seen in shown.items()}, rounds)
        for which in (OFF, HALF):
            yield Ratio(f"iteration, {name}", which, NONE, took[which], took[NONE])
        calls = 1000 * off.seconds / (rounds + 1)
        yield Ratio(f"iteration, {name}", OFF, WITHOUT_CALLS, took[OFF], took[OFF] - calls)


def _bench(row: Row, shown: Shown) -> Bench:
    return Bench(row, implementations()["native"], shown)
