"""A report of sweeps as one self-contained page: question, cells, figures, claims, energy, failures, environment."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.claims.verdicts import Found, Judged, judge_sweep
from analysis.energy import table as energy
from analysis.energy.ledger import Factors
from analysis.figures.catalog import GENERAL, figure_named
from analysis.figures.provenance import code_version, numbers_csv
from analysis.figures.render import Rendered, render
from analysis.report import environment
from analysis.report import html as page
from analysis.results import summary
from analysis.results.load import Curves, Runs, load, loader
from analysis.tables.store import Store

CLAIM_HEADINGS = ("verdict", "claim", "compared", "p", "corrected", "seeds", "difference of medians, 95 %", "needs")

WORDS = (*CLAIM_HEADINGS[:3], "needs", "cell", "state", "trial", "sweep", "item", "what", "value", "why", "setting")


class Part(NamedTuple):
    """The report of one sweep: what stands in it, for the page and for a program."""

    sweep: str
    title: str
    verdicts: dict[str, int]
    lines: list[str]


def write_report(store: Store, sweeps: Sequence[str], out: Path, factors: Factors) -> list[Part]:
    """Write the report of `sweeps` to `out` and return its parts. The figures are drawn anew into the store."""
    parts = [_part(store, sweep, factors) for sweep in sweeps]
    title = f"Report of {', '.join(sweeps)}"
    body = [page.heading(1, title), page.paragraph(code_version(), "soft")]
    if len(parts) > 1:
        body.append(page.contents([(part.sweep, part.title) for part in parts]))
    text = page.page(title, [*body, *(line for part in parts for line in part.lines)])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    return parts


def _part(store: Store, sweep: str, factors: Factors) -> Part:
    runs, curves = load(store, sweep)
    names = runs.plan.figures or GENERAL
    for name in names:
        figure_named(name)
    figures = [render(name, runs, curves) for name in names]
    found = judge_sweep(runs.plan.claims, (), loader(store, sweep, (runs, curves)))
    title = f"Sweep {sweep}" + (f", tier {runs.plan.tier}" if runs.plan.tier else "")
    lines = [
        page.heading(2, title, sweep),
        *([page.paragraph(runs.plan.question, "question")] if runs.plan.question else []),
        page.paragraph(_overview(runs, found)),
        *_cells(runs, curves),
        *_figures(figures),
        *_claims(found),
        *_energy(store, sweep, factors),
        *_failures(runs),
        *_environment(runs, curves),
        _runs(runs),
    ]
    return Part(sweep, title, dict(Counter(judged.verdict.value for judged in found.judged)), lines)


def _overview(runs: Runs, found: Found) -> str:
    states = Counter(runs.frame["state"])
    runs_said = ", ".join(f"{count} {state}" for state, count in states.most_common())
    verdicts = Counter(judged.verdict.value for judged in found.judged)
    claims_said = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()) or "none tested"
    return f"{len(runs.cells)} cells, {len(runs.frame)} runs ({runs_said}). Claims: {claims_said}."


def _cells(runs: Runs, curves: Curves) -> Iterator[str]:
    found = summary.summarize(runs, curves)
    yield page.heading(3, "Cells")
    yield page.table(summary.HEADINGS, summary.cells_of(found), WORDS)
    yield from (page.paragraph(note, "note") for note in summary.notes(found))


def _figures(figures: Sequence[Rendered]) -> Iterator[str]:
    yield page.heading(3, "Figures")
    for figure in figures:
        numbers = figure.png.with_suffix(".csv")
        exceptions = [f"{kind}: {'; '.join(names)}" for kind, names in figure.provenance.exceptions().items() if names]
        caption = f"{figure.name} · provenance {figure.provenance.id} · {len(figure.provenance.trials())} trials"
        yield page.picture(figure.png, caption, figure_named(figure.name).title)
        yield page.folded(f"Numbers of {figure.name}", numbers.read_text(encoding="utf-8"))
        yield page.folded("What is not in it, or not whole", "\n".join(exceptions)) if exceptions else ""


def _claims(found: Found) -> Iterator[str]:
    yield page.heading(3, "Claims")
    if found.judged:
        yield page.table(CLAIM_HEADINGS, [_claim_row(judged) for judged in found.judged], WORDS)
        yield page.paragraph(
            "Exact rank-sum test, one-sided, Holm's correction over all claims that are no controls; a diverged run "
            "has the worst rank. UNDERPOWERED: no outcome of so few seeds could show it.",
            "note",
        )
    yield from (page.paragraph(f"Not tested ({why}): {text}", "note") for text, why in found.not_tested)
    if not found.judged and not found.not_tested:
        yield page.paragraph("The sweep claims nothing.", "note")


def _claim_row(judged: Judged) -> list[str]:
    less, more = judged.evidence.sizes
    low, high = judged.interval
    known = low == low
    needs = ""
    if any(judged.seeds_needed):
        cost = "" if judged.kwh_needed is None else f", {judged.kwh_needed:.3g} kWh"
        needs = f"{judged.seeds_needed[0]}+{judged.seeds_needed[1]} seeds{cost}"
    return [
        *(judged.verdict.value, judged.claim.text, judged.evidence.compared, f"{judged.p_value:.2g}"),
        *(f"{judged.p_corrected:.2g}", f"{less}+{more}", f"[{low:.4g}, {high:.4g}]" if known else summary.DASH, needs),
    ]


def _energy(store: Store, sweep: str, factors: Factors) -> Iterator[str]:
    found, skipped = energy.energy_of(store, [sweep], factors)
    yield page.heading(3, "Energy")
    yield page.table(energy.HEADINGS, energy.rows_of(found), WORDS)
    yield from (page.paragraph(line, "note") for line in (*energy.notes(found), *(f"skipped {s}" for s in skipped)))


def _failures(runs: Runs) -> Iterator[str]:
    frame = runs.frame
    yield page.heading(3, "Failures")
    wrong = frame[frame["diverged"] | ~frame["state"].isin(["done"])]
    yield from (page.paragraph(line, "note") for line in environment.bad_endings(runs))
    if wrong.empty:
        yield page.paragraph("Every run is done, and none diverged.", "note")
        return
    rows = [
        [row["cell"], str(row["seed"]), row["state"], f"{row['kimg']:g} of {row['horizon_kimg']:g}", _why(row)]
        for row in wrong.to_dict("records")
    ]
    yield page.table(("cell", "seed", "state", "kimg", "why"), rows, WORDS)


def _why(row: dict[object, object]) -> str:
    begun = "" if row["attempts"] == row["attempts"] else "not begun"
    texts = [row.get("diverged_because") if row["diverged"] else None, row.get("message")]
    return "; ".join(dict.fromkeys(text for text in texts if isinstance(text, str) and text)) or begun


def _environment(runs: Runs, curves: Curves) -> Iterator[str]:
    fingerprints = sorted(set(runs.frame["dataset_fingerprint"].dropna()))
    facts = [("metric", curves.score.described, ""), ("analysis", code_version(), "")]
    facts += [("data set", fingerprint, "") for fingerprint in fingerprints]
    yield page.heading(3, "Environment")
    yield page.table(environment.HEADINGS, [*facts, *environment.environment(runs)], WORDS)


def _runs(runs: Runs) -> str:
    columns = ["trial", "cell", "seed", "state", "kimg", "horizon_kimg", "best", "best_kimg", "last", "attempts"]
    return page.folded("All runs", numbers_csv(runs.frame[columns]))
