"""Work distributed to several processes by batches, with results in the order of batches."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from trainer.runtime.signals import Preempted
from trainer.runtime.world import World

T = TypeVar("T")
Progress = Callable[[str], None]


def in_rounds(own: Iterator[T], world: World, pulse: Callable[[], None]) -> Iterator[T]:
    """Yield the results of all processes in order, on every process; `own` are every `size`-th of them.

    `pulse` is called before every round; if it raises Preempted in one process, all processes raise it.
    """
    while True:
        agreed(pulse, world)
        found = [result for result in world.gather([next(own, None)]) if result is not None]
        yield from found
        if len(found) < world.size:
            return


def agreed(act: Callable[[], None], world: World) -> None:
    """Call `act` on every process; if it raises Preempted in one of them, all raise it."""
    try:
        act()
        stopped = False
    except Preempted:
        stopped = True
    if world.any(stopped):
        raise Preempted
