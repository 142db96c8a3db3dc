"""What a trial loses when another one trains beside it, each in a process with one thread, as in a sweep on two cores.

By the clock, as a lack of cores, caches and memory bandwidth shows there. Needs two idle cores.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import mean

from benchmarks.bench_iteration import COMPARED, Bench
from benchmarks.ratios import Ratio, implementations
from trainer.runtime.torch_settings import configure_process

ITERATIONS = 16
"""How many are timed at once: two seconds at `tiny32`, with every phase at its interval."""
TOGETHER, ALONE = "two at once", "alone"


def pair_ratios(rounds: int) -> Iterator[Ratio]:
    """Compare an iteration beside another trial with one alone, in turns; the least of each counts."""
    name = next(iter(COMPARED))
    with _trials(name, 2) as trials:
        for _ in range(2):
            _milliseconds(trials)
        taken = [(_milliseconds(trials[:1]), _milliseconds(trials)) for _ in range(rounds)]
    alone, together = (min(found) for found in zip(*taken, strict=True))
    yield Ratio(f"iteration by the clock, {name}", TOGETHER, ALONE, together, alone)


@contextmanager
def _trials(name: str, count: int) -> Iterator[list[Connection]]:
    """Yield connections to processes that train the row called `name` when they are told to."""
    context, connections = multiprocessing.get_context("spawn"), list[Connection]()
    processes = []
    for _ in range(count):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=_train, args=(name, theirs), daemon=True))
        processes[-1].start()
        theirs.close()
        connections.append(ours)
    try:
        yield connections
    finally:
        for ours, process in zip(connections, processes, strict=True):
            ours.close()
            process.join()


def _milliseconds(trials: Sequence[Connection]) -> float:
    """Return the milliseconds of an iteration while all `trials` train, the mean over them."""
    for trial in trials:
        trial.send("train")
    return mean(float(trial.recv()) for trial in trials)


def _train(name: str, orders: Connection) -> None:
    configure_process(threads=1)
    bench = Bench(COMPARED[name], implementations()["native"])
    while _is_ordered(orders):
        started = time.perf_counter()
        for iteration in range(ITERATIONS):
            for phase in bench.phases:
                if iteration % phase.interval == 0:
                    bench.step(phase)
        orders.send(1000 * (time.perf_counter() - started) / ITERATIONS)


def _is_ordered(orders: Connection) -> bool:
    try:
        return bool(orders.recv())
    except EOFError:
        return False
