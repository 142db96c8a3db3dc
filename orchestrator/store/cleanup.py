"""Removes temporary files of killed processes from a store, at the start of `run`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.store.layout import Store
from orchestrator.store.private import outside
from trainer.files import matching, remove_abandoned


def remove_leftovers(store: Store, sweep: str, trials: Iterable[str]) -> None:
    """Remove temporary files of dead processes of this host from a sweep's trials and from shared folders."""
    for folder in _folders(store, sweep, trials):
        remove_abandoned(folder)


def _folders(store: Store, sweep: str, trials: Iterable[str]) -> Iterator[Path]:
    shared = [folder for folder in (*_within(store.root), *_within(outside(store))) if folder != store.trials]
    yield from (store.root, *shared, *(inner for folder in shared for inner in _within(folder)))
    yield store.plan(sweep).parent
    for run in map(store.run, trials):
        yield from (run.path, run.path / "attempts")
        yield from map(run.attempt, run.attempts())


def _within(folder: Path) -> list[Path]:
    return [path for path in matching(folder, "*") if not path.is_symlink() and path.is_dir()]
