"""The tags that the plans in a store give to each trial."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from orchestrator.plan.plan_file import stored_plan, sweeps
from orchestrator.plan.sweep_view import sweep_view
from orchestrator.store.layout import Store
from orchestrator.store.observe import Observed
from trainer.config.identity import TRIAL_ID
from trainer.config.plan_file import PlanFile, PlannedRun
from trainer.config.trial_file import raw_config
from trainer.errors import UserError
from trainer.recording.sweep_state import Desired, state_label, wanted_of_plan


class Placed(NamedTuple):
    """The tags that plans give to a trial, and what each of their sweeps wants of it."""

    tags: Mapping[str, str] = {}
    wanted: tuple[Desired, ...] = ()


def placed_by_trial(store: Store) -> dict[str, Placed]:
    """Return the tags and the wishes of the plans in a store for each trial."""
    tags, wanted = tags_by_trial(store), wanted_by_trial(store)
    return {trial: Placed(placed, tuple(wanted[trial])) for trial, placed in tags.items()}


def wanted_by_trial(store: Store) -> dict[str, list[Desired]]:
    """Return what each sweep with a readable plan wants of the trials in its cells."""
    found: dict[str, list[Desired]] = defaultdict(list)
    for sweep in sweeps(store):
        if plan := _readable(store, sweep):
            wanted = wanted_of_plan(plan)
            for trial in plan.trials:
                found[trial].append(wanted[trial])
    return found


def own_states(seen: Observed, wanted: Iterable[Desired]) -> dict[str, str]:
    """Return the tags of the sweeps in which a trial stands otherwise than its tag `state` says."""
    states = {want.sweep: state_label(want, sweep_view(want, seen)) for want in wanted}
    return {f"state.{sweep}": state for sweep, state in states.items() if state != seen.state.value}


def tags_by_trial(store: Store) -> dict[str, dict[str, str]]:
    """Return the tags that the plans in a store give to each trial: its sweeps, and its position in them.

    `cell` is the same for all seeds of a configuration, whichever sweep it belongs to, and unique to it.
    """
    tags: dict[str, dict[str, str]] = {}
    for sweep in sweeps(store):
        if plan := _readable(store, sweep):
            for run in plan.cells:
                if TRIAL_ID.fullmatch(run.trial):
                    _tag(tags.setdefault(run.trial, {}), sweep, plan.tier or "full", run)
    labels = _labels(store, tags)
    return {trial: placed | {"cell": labels[trial]} for trial, placed in tags.items()}


def _readable(store: Store, sweep: str) -> PlanFile | None:
    """Return the plan of a sweep; None if it cannot be read: trials can be recorded without it."""
    try:
        return stored_plan(store, sweep)
    except UserError:
        return None


def _tag(tags: dict[str, str], sweep: str, tier: str, run: PlannedRun) -> None:
    tags["sweep"] = _joined(tags.get("sweep", ""), sweep)
    tags[f"sweep.{sweep}"] = run.cell
    tags.setdefault("cell", run.cell)
    tags.setdefault("seed", str(run.seed))
    tags["tier"] = _joined(tags.get("tier", ""), tier)
    tags["horizon_kimg"] = f"{max(run.horizon_kimg, float(tags.get('horizon_kimg', 0))):g}"


def _joined(names: str, name: str) -> str:
    return ",".join(dict.fromkeys([*filter(None, names.split(",")), name]))


def _labels(store: Store, tags: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the label of each trial's cell: the same for all seeds of a configuration, and unique to it."""
    groups = {trial: group for trial in tags if (group := _group(store, trial))}
    first: dict[str, tuple[str, str]] = {}
    for trial, group in groups.items():
        given = (tags[trial]["sweep"].partition(",")[0], tags[trial]["cell"])
        first[group] = min(first.get(group, given), given)
    times = Counter(label for _, label in first.values())
    names = {group: label if times[label] == 1 else f"{label} ({group})" for group, (_, label) in first.items()}
    return {trial: names[groups[trial]] if trial in groups else tags[trial]["cell"] for trial in tags}


def _group(store: Store, trial: str) -> str:
    """Return the name of a trial's configuration; "" if it is missing or cannot be read."""
    try:
        return configuration(store.run(trial).trial)
    except (OSError, ValueError):
        return ""


@cache
def configuration(path: Path) -> str:
    """Return 12 hexadecimal digits that identify the configuration in a trial.json (which never changes) without seeds.

    A subset is drawn with the run's seed by default; then `subset_seed` is ignored, too. Raises the errors of
    reading and parsing.
    """
    config = raw_config(path)
    seed, data = config.pop("seed", None), config.get("data")
    if isinstance(data, dict) and data.get("subset_seed") == seed:
        config["data"] = data | {"subset_seed": None}
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]
