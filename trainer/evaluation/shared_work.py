"""Work shared out to several processes: batch by batch, its results put together in the order of batches."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from trainer.runtime.signals import Preempted
from trainer.runtime.world import World

T = TypeVar("T")
Progress = Callable[[str], None]


def in_rounds(own: Iterator[T], world: World, pulse: Callable[[], None]) -> Iterator[T]:
    """Yield the results of all processes, of which `own` are every `size`-th: all get the same ones in the same order.

    `pulse` is called before every round; where it raises Preempted in one process, all are.
    """
    while True:
        agreed(pulse, world)
        found = [result for result in world.gather([next(own, None)]) if result is not None]
        yield from found
        if len(found) < world.size:
            return


def agreed(act: Callable[[], None], world: World) -> None:
    """Let every process do its part; where it raises Preempted in one of them, all are."""
    try:
        act()
        stopped = False
    except Preempted:
        stopped = True
    if world.any(stopped):
        raise Preempted
