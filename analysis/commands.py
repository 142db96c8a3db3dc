"""The commands: each takes the store and the parsed arguments, writes what it found, and returns the exit code."""

from argparse import Namespace

from rich.table import Table

from analysis.claims.verdicts import judge_sweep, sentence
from analysis.console import complain, say, say_json, show
from analysis.energy import table as energy_table
from analysis.energy.ledger import Factors
from analysis.energy.table import energy_of
from analysis.errors import FigureError
from analysis.figures.provenance import Provenance
from analysis.figures.trace import which as provenance_behind
from analysis.results import summary
from analysis.results.load import Curves, Runs, load, loader
from analysis.tables.collect import Collected
from analysis.tables.collect import collect as collect_tables
from analysis.tables.csv_export import export_csv
from analysis.tables.plan_file import NO_SWEEP
from analysis.tables.store import Store
from trainer.config.claims.grammar import EXAMPLE


def collect(store: Store, chosen: Namespace) -> int:
    """Bring the tables up to date and list what was skipped."""
    found = collect_tables(store)
    written = export_csv(store) if chosen.csv else []
    if chosen.json:
        say_json(found._asdict() | ({"csv": [str(path) for path in written]} if chosen.csv else {}))
        return 0
    say(f"{found.trials} trials: {found.read} read, {found.trials - found.read} unchanged, {found.removed} gone")
    _say_skipped(found)
    for path in written:
        say(str(path))
    return 0


def figures(store: Store, chosen: Namespace) -> int:
    """Draw figures and say where they are; or tell which runs are behind one, or whether they still agree."""
    if chosen.which:
        return _which(store, chosen)
    if chosen.verify is not None:
        return _verify(store, chosen)
    return _draw(store, chosen)


def _draw(store: Store, chosen: Namespace) -> int:
    from analysis.figures.catalog import FREE, GENERAL, figure_named
    from analysis.figures.render import render

    runs, curves = _load(store, chosen)
    names = chosen.only or runs.plan.figures or (FREE if runs.plan.sweep == NO_SWEEP else GENERAL)
    for name in names:
        figure_named(name)
    made = [render(name, runs, curves) for name in names]
    if chosen.json:
        say_json({figure.name: {"png": str(figure.png), "provenance": figure.provenance.id} for figure in made})
        return 0
    for figure in made:
        say(f"{figure.png}  ({figure.provenance.id})")
    for kind, lines in made[-1].provenance.exceptions().items() if made else ():
        say(f"{kind}: {'; '.join(lines)}") if lines else None
    return 0


def table(store: Store, chosen: Namespace) -> int:
    """Show the summary of a sweep."""
    result = summary.summarize(*_load(store, chosen))
    if chosen.json:
        about = {"sweep": result.sweep, "tier": result.tier, "score": result.score._asdict()}
        say_json({**about, "cells": result.table.to_dict("records")})
    elif chosen.format == "csv":
        say(result.table.to_csv(index=False, lineterminator="\n").rstrip())
    elif chosen.format == "markdown":
        say(summary.markdown(result))
    else:
        show(summary.rich_table(result), summary.notes(result))
    return 0


def _which(store: Store, chosen: Namespace) -> int:
    """List the runs behind a figure."""
    origin = provenance_behind(chosen.which, store)
    if chosen.json:
        say_json(origin.model_dump(mode="json"))
    else:
        notes = (origin.metric, origin.aggregation, f"{origin.code} · provenance {origin.id}")
        show(_runs_behind(origin), notes)
    return 0


def _runs_behind(origin: Provenance) -> Table:
    found = Table(title=f"{origin.sweep}: {origin.figure}", title_justify="left")
    for heading in ("trial", "cell", "seed", "state", "kimg", "best snapshot kimg"):
        found.add_column(heading)
    for run in origin.runs:
        best = "–" if run.best_snapshot_kimg is None else f"{run.best_snapshot_kimg:g}"
        found.add_row(run.trial, run.cell, str(run.seed), run.state, f"{run.kimg:g} of {run.horizon_kimg:g}", best)
    return found


def claims(store: Store, chosen: Namespace) -> int:
    """Test the claims of a sweep and say what each verdict rests on. A claim that fails is a result, not an error."""
    runs, curves = _load(store, chosen)
    load_by = loader(store, chosen.sweep, (runs, curves))
    found = judge_sweep(runs.plan.claims, chosen.claim, load_by)
    if chosen.json:
        not_tested = [{"claim": text, "reason": reason} for text, reason in found.not_tested]
        say_json({"tested": [one.plain() for one in found.judged], "not_tested": not_tested})
        return 0
    for line in (*map(sentence, found.judged), *(f"NOT TESTED  {text}  ({why})" for text, why in found.not_tested)):
        say(line)
    if not found.judged:
        say(f'give a claim with --claim, as in: --claim "{EXAMPLE}"')
    return 0


def energy(store: Store, chosen: Namespace) -> int:
    """Say what sweeps took: measured, estimated, by the paper's formula; wasted, reused; and its CO2."""
    found, skipped = energy_of(store, chosen.sweeps, factors_of(chosen))
    if chosen.json:
        say_json(energy_table.plain(found) | {"skipped": skipped})
        return 0
    for line in skipped:
        say(f"skipped {line}")
    show(energy_table.rich_table(found), energy_table.notes(found))
    return 0


def factors_of(chosen: Namespace) -> Factors:
    """Return the factors that the command line asks for."""
    given = {"node_watts": chosen.node_watts, "node_devices": chosen.node_devices}
    if chosen.kg_per_kwh is not None:
        given |= {"kg_per_kwh": chosen.kg_per_kwh, "kg_source": "given with --kg-per-kwh"}
    return Factors()._replace(**{name: value for name, value in given.items() if value is not None})


def report(store: Store, chosen: Namespace) -> int:
    """Write a report of sweeps as one page, and print it."""
    from analysis.report.pdf import print_pdf
    from analysis.report.report import write_report

    collected = collect_tables(store)
    html = chosen.out or store.reports / f"{'+'.join(name.replace('/', '-') for name in chosen.sweeps)}.html"
    parts = write_report(store, chosen.sweeps, html, factors_of(chosen))
    written = [html]
    if chosen.pdf:
        print_pdf(html, html.with_suffix(".pdf"))
        written.append(html.with_suffix(".pdf"))
    if chosen.json:
        say_json({"files": [str(path) for path in written], "claims": {part.sweep: part.verdicts for part in parts}})
        return 0
    _say_skipped(collected)
    for path in written:
        say(str(path))
    return 0


def _verify(store: Store, chosen: Namespace) -> int:
    """Make the numbers of figures again and compare; 2 where any differs."""
    from analysis.figures.verify import verify as verify_sweep

    sweep = chosen.verify or chosen.sweep
    sweeps = [sweep] if sweep else store.drawn_sweeps()
    checked = [figure for sweep in sweeps for figure in verify_sweep(store, sweep)]
    if not checked:
        raise FigureError(f"{store.path / 'figures'}: no figures of {sweep or 'any sweep'} to verify")
    if chosen.json:
        say_json([figure._asdict() for figure in checked])
    else:
        for figure in checked:
            say(f"{figure.sweep}: {figure.figure}: {'; '.join(figure.differences) or 'agrees'}")
    wrong = sum(bool(figure.differences) for figure in checked)
    if wrong:
        complain(f"{wrong} of {len(checked)} figures differ from their runs; look at the runs, or draw them again")
    return 2 if wrong else 0


def _load(store: Store, chosen: Namespace) -> tuple[Runs, Curves]:
    """Collect, say what was skipped unless the output is for a machine, and load the sweep."""
    found = collect_tables(store)
    if not chosen.json and getattr(chosen, "format", "text") == "text":
        _say_skipped(found)
    return load(store, chosen.sweep or NO_SWEEP, score=chosen.score, identity=chosen.identity)


def _say_skipped(found: Collected) -> None:
    for line in found.skipped:
        say(f"skipped {line}")
