"""The evidence in the packs of a page: unpacked into an empty store, collected, loaded and judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.claims.verdicts import Verdicts, judge_sweep
from analysis.results.energy_ledger import Factors, Item
from analysis.results.energy_table import energy_of
from analysis.results.load import Curves, Runs, load, loader
from analysis.results.summary import Summary, summarize
from analysis.tables.collect import collect
from analysis.tables.store import open_store
from orchestrator.evidence.archive import open_pack
from orchestrator.evidence.merge import merge
from orchestrator.store.layout import Store
from trainer.config.plan_file import OverSeeds
from trainer.errors import UserError


@dataclass(frozen=True)
class PackedResults:
    """The results of one sweep: runs and curves, summary by cell, verdicts on claims, and total energy."""

    runs: Runs
    curves: Curves
    summary: Summary
    verdicts: Verdicts
    energy: Item

    @property
    def over_seeds(self) -> OverSeeds:
        """What a search minimised of the scores of a configuration's seeds: their mean, or the worst."""
        assert self.runs.plan.search
        return self.runs.plan.search.over_seeds

    @property
    def done(self) -> pd.DataFrame:
        """The finished runs, including diverged ones."""
        frame = self.runs.frame
        return frame[(frame["state"] == "done") | frame["diverged"]]


def read_packs(packs: Sequence[Path], sweep: str, folder: Path) -> PackedResults:
    """Merge packs into the store at `folder`, and return the results of a sweep.

    Raises UserError or AnalysisError for a missing or corrupt pack, unreadable evidence, or a sweep that is not in it.
    """
    for path in packs:
        with open_pack(path) as pack:
            done = merge(Store(folder), pack)
        done.require_nothing_in_the_way()
        for trial in done.apart:
            raise UserError(path.name, f"its {trial} was trained apart from that of another pack", "pack both again")
    store = open_store(folder)
    skipped = collect(store).skipped
    runs, curves = load(store, sweep)
    ledger, unread = energy_of(store, [sweep], Factors())
    for line in (*skipped, *unread):
        raise UserError(", ".join(path.name for path in packs), f"cannot be read completely: {line}", "pack it again")
    verdicts = judge_sweep(runs.plan.claims, (), loader(store, sweep, (runs, curves)))
    return PackedResults(runs, curves, summarize(runs, curves), verdicts, ledger.total)
