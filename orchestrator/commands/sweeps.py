"""adasweep sweeps: list the bundled sweeps, or copy one to modify it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from orchestrator.display.output import print_json, result_console
from orchestrator.errors import PlanError
from orchestrator.sweep.bundled import bundled, bundled_named, nearest_bundled
from orchestrator.sweep.bundled_prices import bundled_prices
from orchestrator.sweep.reader import read_sweep
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import JsonOption
from trainer.files import replace_file

EXAMPLES = """Examples:
  adasweep sweeps
  adasweep sweeps copy ada/fig7 .       copy it to modify it
  adasweep plan ada/fig7 --tier smoke   show what it would run and cost
"""
PRICED = "Prices are at published speeds (V100, CPU core), with nothing shared. For this machine: adasweep plan SWEEP"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A bundled sweep, or the unique beginning of one.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to copy to.")]

app = new_app("List the sweeps that come with adasweep, or copy one.", examples=EXAMPLES, alone=True)


@app.callback(invoke_without_command=True)
def list_bundled(context: typer.Context, as_json: JsonOption = False) -> int:
    """List the sweeps that come with adasweep: name, tiers with their prices at published speeds, and question."""
    if context.invoked_subcommand:
        return 0
    found = [_described(name, file) for name, file in bundled().items()]
    if as_json:
        print_json({"sweeps": found})
        return 0
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading, is_whole in (("sweep", True), ("tiers", False), ("price", True), ("question", False)):
        table.add_column(heading, no_wrap=is_whole)
    for one in found:
        names, prices = "\n".join(one["prices"]), "\n".join(one["prices"].values())
        table.add_row(one["sweep"], names, prices, one["question"])
    result_console().print(table)
    result_console().print(PRICED, soft_wrap=True)
    return 0


@app.command(epilog=epilog(EXAMPLES))
def copy(name: NameArgument, folder: FolderArgument = Path()) -> int:
    """Copy a bundled sweep, and the files that it includes, into a folder. Never overwrites a file."""
    file = bundled_named(name)
    if file is None:
        hint = nearest_bundled(name) or "see: adasweep sweeps"
        raise PlanError(f"sweep {name!r}", "does not come with adasweep", hint)
    files = [file, *(file.parent / included for included in _included(file))]
    _require_free({folder / one.name: one for one in files})
    for one in files:
        replace_file(folder / one.name, one.read_bytes())
        result_console().print(str(folder / one.name), markup=False, soft_wrap=True)
    return 0


def _require_free(copies: Mapping[Path, Path]) -> None:
    """Raise PlanError if a copy would overwrite a file; some, but not all, that are whole are of an earlier attempt."""
    there = [target for target in copies if target.exists()]
    others = [target for target in there if not target.is_file() or target.read_bytes() != copies[target].read_bytes()]
    if others or len(there) == len(copies):
        raise PlanError((others or there)[0], "already exists", "name another folder")


def _described(name: str, file: Path) -> dict[str, Any]:
    spec = read_sweep(file).spec
    prices = {tier or "as it is": str(price) for tier, price in bundled_prices().get(name, {}).items()}
    return {"sweep": name, "question": spec.question, "tiers": list(spec.tiers), "prices": prices, "file": str(file)}


def _included(file: Path) -> list[str]:
    """Return the files that a bundled sweep includes, relative to its folder."""
    names = read_sweep(file).spec.include
    return [names] if isinstance(names, str) and names else list(names)
