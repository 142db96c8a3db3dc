"""Recorded hardware, software and code versions of the runs of a sweep, with the number of attempts for each."""

from collections import Counter
from collections.abc import Iterable, Iterator

from analysis.results.load import Runs
from analysis.tables.store import ResultStore
from trainer.record import RunRecord, State, read_record

HEADINGS = ("what", "value", "attempts")
BAD = frozenset({State.FAILED, State.LOST, State.PREEMPTED, State.CANCELLED})


def environment(runs: Runs) -> list[tuple[str, str, str]]:
    """Return rows under HEADINGS: hosts, versions, ops, code. More than one value of a kind may need a second look."""
    counted = Counter(fact for record in records(runs.store, runs.frame["trial"].unique()) for fact in _facts(record))
    return [(kind, value, str(count)) for (kind, value), count in sorted(counted.items())]


def bad_endings(runs: Runs) -> list[str]:
    """Return a line per way in which attempts ended other than done: their number, state and last message."""
    endings = [record for record in records(runs.store, runs.frame["trial"].unique()) if record.state in BAD]
    counted = Counter(f"{record.state}" + (f": {record.message}" if record.message else "") for record in endings)
    return [f"{count} attempt{'s' * (count > 1)} {ending}" for ending, count in counted.most_common()]


def records(store: ResultStore, trials: Iterable[str]) -> Iterator[RunRecord]:
    """Yield the records of all attempts that started."""
    for trial in trials:
        run = store.run(trial)
        for number in run.attempts():
            record = read_record(run.record(number))
            if record and record.pid:
                yield record


def _facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    yield "host", record.host
    yield "ranks", str(record.world_size)
    yield "ops", record.ops
    yield from (("processor", record.processor) for _ in [0] if record.processor)
    yield from (("code", record.code) for _ in [0] if record.code)
    yield from ((f"version of {name}", version) for name, version in record.versions.items())
