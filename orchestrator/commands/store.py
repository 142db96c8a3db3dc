"""adasweep store: list a store's sweeps, show disk use, remove unneeded files, merge another store."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.unpack import print_merged
from orchestrator.dispatch.poll import observe_now
from orchestrator.display.output import print_json, progress_console, result_console
from orchestrator.evidence.merge import merge as merge_evidence
from orchestrator.evidence.other_store import OtherStore
from orchestrator.evidence.prune import PruneOptions, Removable, removable, remove
from orchestrator.evidence.usage import by_kind, of_sweep
from orchestrator.plan.plan_file import readable_plans
from orchestrator.store.layout import Store
from trainer.command_line.fitting import Column
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.command_line.table import FittedTable, show
from trainer.errors import counted

EXAMPLES = """Examples:
  adasweep store disk
  adasweep store prune                  list unneeded files
  adasweep store prune --yes            remove them
  adasweep store merge ../other/store --yes
"""
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without --yes, only show what would be done.")]
CheckpointsOption = Annotated[
    bool, typer.Option("--checkpoints", help="Also remove the last checkpoints of finished trials.")
]
SnapshotsOption = Annotated[bool, typer.Option("--snapshots", help="Also remove the snapshots of finished trials.")]
OtherArgument = Annotated[Path, typer.Argument(metavar="OTHER", help="The store to merge from.")]

app = new_app("Maintain a store.", examples=EXAMPLES)


@app.command(name="list", epilog=epilog(EXAMPLES))
def list_sweeps(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """List the sweeps in the store, with their trials and disk use, and the plans that cannot be read."""
    opened, unreadable = Store(store), list[str]()
    found = [of_sweep(opened, plan.sweep, plan.trials) for plan in readable_plans(opened, unreadable)]
    for line in unreadable:
        progress_console().print(f"skipped {line}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"sweeps": [one._asdict() for one in found], "unreadable": unreadable})
    else:
        _show(("sweep", "trials", "MB"), [(one.sweep, str(one.trials), _megabytes(one.size)) for one in found])
    return 0


@app.command(epilog=epilog(EXAMPLES))
def disk(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Show disk use by kind of file."""
    sizes = by_kind(Store(store))
    if as_json:
        print_json({"bytes": sizes})
    else:
        _show(("kind", "MB"), [(kind, _megabytes(size)) for kind, size in sizes.items()])
    return 0


@app.command(epilog=epilog(EXAMPLES))
def prune(
    checkpoints: CheckpointsOption = False,
    snapshots: SnapshotsOption = False,
    yes: YesOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """List weights that nothing needs; with --yes, remove them. Keeps results, and what training needs."""
    opened = Store(store)
    found = list(removable(opened, observe_now(opened, list(opened.ids())), PruneOptions(checkpoints, snapshots)))
    if yes:
        found = remove(opened, found)
    if as_json:
        files = [{"path": str(one.path.relative_to(store)), "bytes": one.size, "reason": one.reason} for one in found]
        print_json({"removed": yes, "files": files})
    else:
        _show_removable(found, removed=yes)
    return 0


@app.command(epilog=epilog(EXAMPLES))
def merge(
    other: OtherArgument, yes: YesOption = False, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False
) -> int:
    """Show what another store would add to this one; with --yes, add it. Never replaces newer files."""
    done = merge_evidence(Store(store), OtherStore(other), dry_run=not yes)
    return print_merged(done, f"{other}" if yes else f"{other} (nothing done without --yes)", as_json=as_json)


def _show_removable(found: list[Removable], *, removed: bool) -> None:
    reasons = dict.fromkeys(one.reason for one in found)
    groups = [(reason, [one.size for one in found if one.reason == reason]) for reason in reasons]
    _show(("what", "files", "MB"), [(reason, str(len(sizes)), _megabytes(sum(sizes))) for reason, sizes in groups])
    total = _megabytes(sum(one.size for one in found))
    ending = "removed" if removed else "can be removed; to remove them, add --yes"
    result_console().print(f"{counted(len(found), 'file')}, {total} MB: {ending}", markup=False)


def _show(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    columns = [Column(title, right=bool(place), least=None if place else 20) for place, title in enumerate(titles)]
    show(result_console(), FittedTable(columns, rows))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
