"""Runs sequential seeds: when the runs of a claim are over, `adasweep claims` says whether it needs more of them.

The verdicts, and the seeds to go on with, are a function of the recorded runs alone. The plan has the seeds that were
asked for so far. Any process can therefore take over, at any moment.
"""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.dispatch.dispatcher import Dispatcher, is_settled
from orchestrator.errors import PlanError
from orchestrator.plan.plan_document import write_plan
from orchestrator.plan.plan_file import stored_plan
from orchestrator.plan.sequential import claimed_pairs, reached_seeds
from orchestrator.search.growth import grow
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module
from orchestrator.sweep.expand import expand
from orchestrator.sweep.trial import DataLookup
from trainer.errors import counted

Looked = frozenset[tuple[str, str, int]]
"""Both cells of each claim whose runs are over, and the number of these runs."""


@dataclass
class SequentialGrowth:
    """The seeds that undecided claims add to the sweep that `dispatcher` runs.

    `looked`: the claims whose runs were over when all were last judged; `told`: what was logged of each claim.
    """

    dispatcher: Dispatcher
    find: DataLookup
    log: Callable[[str], None]
    looked: Looked = frozenset()
    told: dict[str, str] = field(default_factory=dict)
    _not_before: float = 0.0

    def advance(self) -> bool:
        """Judge the claims if the runs of any have ended since, and add the seeds that they need. Raises PlanError."""
        over = self._over()
        if over - self.looked and time.monotonic() >= self._not_before:
            try:
                self._add(*self._asked_for(over))
            except PlanError as error:
                self._postpone(error)
            else:
                self.looked = over
        return False

    def _postpone(self, error: PlanError) -> None:
        """Report why the claims cannot be judged; try again while there are other runs to wait for."""
        if not (self.dispatcher.active or self.dispatcher.failed):
            raise error
        self._tell("", str(error))
        self._not_before = time.monotonic() + self.dispatcher.patience

    def _over(self) -> Looked:
        """Return the claims whose planned runs are all settled."""
        plan, decisions = self.dispatcher.plan, self.dispatcher.decisions
        runs: dict[str, list[str]] = {}
        for trial in plan.trials:
            runs.setdefault(trial.cell, []).append(trial.id)
        settled = {cell for cell, trials in runs.items() if all(is_settled(decisions[trial]) for trial in trials)}
        pairs = {pair for pair, _ in claimed_pairs(plan.sweep.spec, plan.trials)}
        return frozenset((*pair, sum(len(runs[cell]) for cell in pair)) for pair in pairs if settled.issuperset(pair))

    def _asked_for(self, over: Looked) -> tuple[dict[str, int], bool]:
        """Return the number of seeds that claims ask for whose runs are over, by cell, and whether all are decided."""
        pairs, wanted, is_decided = {frozenset(pair) for *pair, _ in over}, dict[str, int](), True
        for claim in judged_claims(self.dispatcher.store, self.dispatcher.plan.sweep.key):
            stage, evidence = claim["stage"], claim["evidence"]
            seeds, further = stage["seeds"], stage["next_seeds"]
            is_decided &= not further
            cells = [evidence["less_cell"], evidence["more_cell"]]
            if frozenset(cells) not in pairs:
                continue
            more = f", goes on with {further}" if further else ""
            self._tell(claim["claim"]["text"], f"{claim['verdict']} with {counted(seeds, 'seed')}{more}")
            wanted |= {cell: max(further or 0, wanted.get(cell, 0)) for cell in cells}
        return wanted, is_decided

    def _tell(self, claim: str, text: str) -> None:
        if self.told.get(claim) != text:
            self.told[claim] = text
            self.log(f"{text}: {claim}" if claim else text)

    def _add(self, wanted: Mapping[str, int], is_decided: bool) -> None:
        """Add seeds to the plan, keeping those that another process has added meanwhile; note if all are decided."""
        plan = self.dispatcher.plan
        there = reached_seeds(plan.sweep.spec.sequential, stored_plan(self.dispatcher.store, plan.sweep.key))
        cells = {trial.cell: len(plan.sweep.seeds_of(trial.cell)) for trial in plan.trials}
        reached = {cell: max(had, there.get(cell, 0), wanted.get(cell, 0)) for cell, had in cells.items()}
        if reached == cells:
            if is_decided:
                write_plan(self.dispatcher.store, replace(plan, decided=True))
            return
        sweep = replace(plan.sweep, reached=reached)
        every = expand(sweep, self.find)
        self.log(f"{counted(len(every) - len(plan.trials), 'run')} added for undecided claims")
        grow(self.dispatcher, plan, sweep, every, self.log)


def judged_claims(store: Store, sweep: str) -> list[dict[str, Any]]:
    """Return the verdicts on the claims of a sweep as `adasweep claims --json` has them. Raises PlanError."""
    settings = environment({"ADASWEEP_STORE": str(store.root), "ADASWEEP_PROGRAM": "adasweep"})
    command = [*python_module("analysis"), "claims", sweep, "--json"]
    done = subprocess.run(
        command, env=settings, capture_output=True, text=True, check=False, start_new_session=True
    )  # in a session of its own: Ctrl-C saves and stops the runs
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise PlanError(sweep, f"its claims cannot be judged: {why}", "repeat the command to continue")
    tested: list[dict[str, Any]] = json.loads(done.stdout)["tested"]
    return tested
