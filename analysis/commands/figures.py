"""figures draw, trace, verify: draw figures, trace one back to its runs, verify them against their runs."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from analysis.commands.sweep_results import IdentityOption, ScoreOption, is_writable, load_results
from analysis.console import print_json, print_line, print_table
from analysis.errors import FigureError
from analysis.figures.provenance import Provenance
from analysis.figures.trace import provenance_behind
from analysis.tables.plan_file import NO_SWEEP
from analysis.tables.store import open_store
from trainer.command_line.fitting import Column
from trainer.command_line.group import epilog, new_app, taking_several
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, names_in
from trainer.command_line.program import CommandFailure, report_failure
from trainer.command_line.sweeps import stored_name
from trainer.command_line.table import FittedTable
from trainer.errors import ExitCode, UserError

if TYPE_CHECKING:
    from analysis.figures.render import Rendered

DRAW_EXAMPLES = """Examples:
  adasweep figures draw demo
  adasweep figures draw sweeps/demo.yaml --only fid_curves samples
  adasweep figures draw repeats --over store/figures/demo/fid_curves.csv
"""
TRACE_EXAMPLES = """Example:
  adasweep figures trace store/figures/demo/fid_curves.pdf
"""
VERIFY_EXAMPLES = """Examples:
  adasweep figures verify demo
  adasweep figures verify               all sweeps that have figures
"""
RUN_COLUMNS = (
    Column("trial"),
    Column("cell", least=20),
    Column("seed", right=True),
    Column("state"),
    Column("kimg", right=True),
    Column("best snapshot kimg", 50, right=True),
)
SweepArgument = Annotated[
    str,
    typer.Argument(metavar="SWEEP", help="A sweep: its file or name.", show_default="figures that need no run"),
]
EverySweepArgument = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A sweep: its file or name.", show_default="all")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A PDF, PNG or CSV written by `figures draw`.")]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="FIGURE ...", help="These figures instead of the sweep's.")
]
OverOption = Annotated[
    Path | None,
    typer.Option("--over", metavar="CSV", help="Draw curves over those of recorded runs: the CSV of such a figure."),
]


class FigureCommands(TyperGroup):
    """draw, trace and verify. A sweep name in their place (the syntax of earlier versions) gets an error with a fix."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the name of the command, the command, and its remaining arguments."""
        if args[0] not in self.commands and not get_close_matches(args[0], self.commands):
            problem, way_out = "is neither draw, trace nor verify", f"type: figures draw {args[0]}"
            raise UserError(f"figures {args[0]}", problem, way_out)
        return super().resolve_command(ctx, args)


app = new_app("Draw, trace and verify the figures of a sweep.", FigureCommands)


@app.command(epilog=epilog(DRAW_EXAMPLES), cls=taking_several("--only"))
def draw(
    sweep: SweepArgument = "",
    only: OnlyOption = None,
    over: OverOption = None,
    score: ScoreOption = None,
    identity: IdentityOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Draw the figures of a sweep as PDF, PNG and CSV, with a provenance file."""
    from analysis.figures.catalog import GENERAL, WITHOUT_RUNS
    from analysis.figures.recorded_curves import read_recorded
    from analysis.figures.render import render_all

    place = open_store(store)
    name = stored_name(store, sweep) if sweep else NO_SWEEP
    place = place if is_writable(place.path / "figures") else replace(place, outputs=Path.cwd())
    runs, curves = load_results(place, name, score, identity, quiet=as_json)
    names = names_in(only) or runs.plan.figures or (WITHOUT_RUNS if name == NO_SWEEP else GENERAL)
    recorded = read_recorded(over, curves.score) if over else None
    made, problems, bugs = render_all(names, runs, curves, recorded)
    if as_json:
        print_json({figure.name: {"png": str(figure.png), "provenance": figure.provenance.id} for figure in made})
    else:
        _print_figures(made)
    if bugs:
        raise ExceptionGroup("\n".join(problems), bugs)
    if problems:
        raise FigureError("\n".join(problems))
    return 0


def _print_figures(made: "Sequence[Rendered]") -> None:
    for figure in made:
        print_line(f"{figure.png}  ({figure.provenance.id})")
    for kind, lines in made[-1].provenance.exceptions().items() if made else ():
        if lines:
            print_line(f"{kind}: {'; '.join(lines)}")


@app.command(epilog=epilog(TRACE_EXAMPLES))
def trace(file: FileArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """List the runs behind a figure."""
    origin = provenance_behind(file, open_store(store))
    if as_json:
        print_json(origin.model_dump(mode="json"))
    else:
        notes = (origin.metric, origin.aggregation, f"{origin.code} · provenance {origin.id}")
        print_table(_runs_behind(origin), notes)
    return 0


def _runs_behind(origin: Provenance) -> FittedTable:
    rows = []
    for run in origin.runs:
        best = "–" if run.best_snapshot_kimg is None else f"{run.best_snapshot_kimg:g}"
        rows.append((run.trial, run.cell, str(run.seed), run.state, f"{run.kimg:g} of {run.horizon_kimg:g}", best))
    return FittedTable(RUN_COLUMNS, rows, title=f"{origin.sweep}: {origin.figure}")


@app.command(epilog=epilog(VERIFY_EXAMPLES))
def verify(sweep: EverySweepArgument = "", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Recompute the numbers of figures from the runs and compare; exit code 2 if any differ."""
    from analysis.figures.verify import verify as verify_sweep

    place = open_store(store)
    sweeps = [stored_name(store, sweep)] if sweep else place.drawn_sweeps()
    checked = [figure for name in sweeps for figure in verify_sweep(place, name)]
    if not checked:
        raise FigureError(f"{place.path / 'figures'}: no figures of {sweep or 'any sweep'} to verify")
    if as_json:
        print_json([figure._asdict() for figure in checked])
    else:
        for figure in checked:
            print_line(f"{figure.sweep}: {figure.figure}: {'; '.join(figure.differences) or 'agrees'}")
    wrong = sum(bool(figure.differences) for figure in checked)
    if wrong:
        message = f"{wrong} of {len(checked)} figures differ from their runs; check the runs, or draw the figures again"
        return report_failure(CommandFailure(ExitCode.USER_ERROR, message))
    return 0
