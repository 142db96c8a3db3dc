"""A report of sweeps as one self-contained page: question, cells, figures, claims, energy, failures, environment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.claims.published import PublishedComparison, compare_published, outcome_words
from analysis.claims.verdicts import Judged, Verdicts, judge_sweep, needs
from analysis.errors import ReportError
from analysis.figures.catalog import GENERAL, figure_named
from analysis.figures.provenance import code_version, numbers_csv
from analysis.figures.render import Rendered, render_all
from analysis.report import environment
from analysis.report.html import FigureEntry, Section, Subsection, Table, page
from analysis.results import energy_table as energy
from analysis.results import expected, summary
from analysis.results.energy_ledger import Factors
from analysis.results.load import Curves, Runs, load, loader
from analysis.tables.store import ResultStore
from trainer.files import replace_file

CLAIM_HEADINGS = ("verdict", "claim", "compared", "p", "corrected", "seeds", "difference of medians, 95 %", "needs")
CLAIM_NOTE = (
    "Exact rank-sum test, one-sided, Holm's correction over all claims except controls; a diverged run has the worst "
    "rank. UNDERPOWERED: with so few seeds no outcome could show it. UNDECIDED: of sequential seeds, more are to come; "
    "the corrected p covers all looks."
)
PUBLISHED_HEADINGS = ("cell", "metric", "published", "ours", "runs", "outcome", "source")
PUBLISHED_WORDS = ("cell", "metric", "outcome", "source")
FAILURE_HEADINGS = ("cell", "seed", "state", "kimg", "why")
PAGE, START_BYTES = b"<!doctype html", 256
"""How the text of a page begins."""

RUN_COLUMNS = [
    *("trial", "cell", "seed", "state", "kimg", "horizon_kimg"),
    *("best", "best_kimg", "last", "attempts"),
]


def write_report(store: ResultStore, sweeps: Sequence[str], out: Path, factors: Factors) -> list[Section]:
    """Write the report of `sweeps` to `out` and return its sections. Redraws the figures in the store.

    Raises ReportError if `out` is a file that is no page.
    """
    _require_replaceable(out)
    sections = [_section(store, sweep, factors) for sweep in sweeps]
    _write(out, page(f"Report of {', '.join(sweeps)}", sections))
    return sections


def _require_replaceable(out: Path) -> None:
    if not out.is_file():
        return
    with out.open("rb") as file:
        start = file.read(START_BYTES)
    if start and PAGE not in start.lower():
        raise ReportError(f"{out}: exists already, and is no page; choose another --out")


def _write(out: Path, text: str) -> None:
    """Write a page: as a whole or, to a pipe or device such as /dev/stdout, as it is."""
    if not out.exists() or out.is_file():
        replace_file(out, text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        error.filename = str(out)
        raise


def _section(store: ResultStore, sweep: str, factors: Factors) -> Section:
    runs, curves = load(store, sweep)
    names = runs.plan.figures or GENERAL
    drawn = render_all(names, runs, curves)
    load_metric = loader(store, sweep, (runs, curves))
    found = judge_sweep(runs.plan.claims, (), load_metric)
    verdicts = Counter(judged.verdict.value for judged in found.judged)
    return Section(
        sweep=sweep,
        title=f"Sweep {sweep}" + (f", tier {runs.plan.tier}" if runs.plan.tier else ""),
        question=runs.plan.question,
        overview=_overview(runs, verdicts),
        verdicts=dict(verdicts),
        cells=_cells(runs, curves),
        pictures=[_picture(figure) for figure in drawn.figures],
        blocks=[
            *_not_drawn(drawn.problems),
            _claims(found),
            *_published(compare_published(load_metric)),
            _energy(store, sweep, factors),
            _expected(store, runs),
            _failures(runs),
            _environment(runs, curves),
        ],
        runs_csv=numbers_csv(runs.frame[RUN_COLUMNS]),
    )


def _overview(runs: Runs, verdicts: Counter[str]) -> str:
    states = ", ".join(f"{count} {state}" for state, count in Counter(runs.frame["state"]).most_common())
    claims = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()) or "none tested"
    return f"{len(runs.cells)} cells, {len(runs.frame)} runs ({states}). Claims: {claims}."


def _cells(runs: Runs, curves: Curves) -> Subsection:
    found = summary.summarize(runs, curves)
    table = Table(summary.HEADINGS, summary.cells_of(found), text_columns=("cell", "state"))
    return Subsection("Cells", table, summary.notes(found))


def _not_drawn(problems: Sequence[str]) -> list[Subsection]:
    if not problems:
        return []
    return [Subsection("Figures that could not be drawn", None, problems)]


def _picture(figure: Rendered) -> FigureEntry:
    origin = figure.provenance
    return FigureEntry(
        name=figure.name,
        title=figure_named(figure.name).title,
        caption=f"{figure.name} · provenance {origin.id} · {len(origin.trials())} trials",
        png=figure.png.read_bytes(),
        numbers=figure.png.with_suffix(".csv").read_text(encoding="utf-8"),
        exceptions=[f"{kind}: {'; '.join(names)}" for kind, names in origin.exceptions().items() if names],
    )


def _claims(found: Verdicts) -> Subsection:
    rows = [_claim_row(judged) for judged in found.judged]
    notes = [CLAIM_NOTE] if rows else []
    notes += [f"Not tested ({why}): {text}" for text, why in found.not_tested]
    table = Table(CLAIM_HEADINGS, rows, text_columns=("verdict", "claim", "compared", "needs")) if rows else None
    return Subsection("Claims", table, notes or ["The sweep makes no claims."])


def _claim_row(judged: Judged) -> list[str]:
    less, more = judged.evidence.sizes
    low, high = judged.interval
    interval = f"[{low:.4g}, {high:.4g}]" if low == low else summary.DASH
    return [
        *(judged.verdict.value, judged.claim.text, judged.evidence.compared, f"{judged.p_value:.2g}"),
        *(f"{judged.p_corrected:.2g}", f"{less}+{more}", interval, needs(judged)),
    ]


def _published(found: Sequence[PublishedComparison]) -> list[Subsection]:
    """Return published values beside ours; nothing where the sweep has none."""
    if not found:
        return []
    rows = [
        [
            *(one.published.of, one.published.metric, f"{one.published.value:g}"),
            *(summary.DASH if one.ours != one.ours else f"{one.ours:.4g}", str(one.runs)),
            *(outcome_words(one), one.published.source),
        ]
        for one in found
    ]
    return [Subsection("Published values", Table(PUBLISHED_HEADINGS, rows, text_columns=PUBLISHED_WORDS), ())]


def _expected(store: ResultStore, runs: Runs) -> Subsection:
    rows, note = expected.rows_of(store, runs.plan), "Complete attempts, including their start-up."
    runs_of_sweep = expected.runs_of(store, runs.plan.sweep)
    table = Table(expected.HEADINGS, [*rows, *runs_of_sweep], text_columns=("what",)) if rows or runs_of_sweep else None
    return Subsection("Expected and actual time", table, [note] if table else ["Nothing was estimated."])


def _energy(store: ResultStore, sweep: str, factors: Factors) -> Subsection:
    found, skipped = energy.energy_of(store, [sweep], factors)
    table = Table(energy.HEADINGS, energy.rows_of(found), text_columns=("sweep", "item"))
    return Subsection("Energy", table, [*energy.notes(found), *(f"skipped {line}" for line in skipped)])


def _failures(runs: Runs) -> Subsection:
    endings = environment.bad_endings(runs)
    wrong = runs.frame[runs.frame["diverged"] | (runs.frame["state"] != "done")]
    if wrong.empty:
        return Subsection("Failures", None, ["Every run is done, and none diverged."], endings)
    rows = [
        [row["cell"], str(row["seed"]), row["state"], f"{row['kimg']:g} of {row['horizon_kimg']:g}", _why(row)]
        for row in wrong.to_dict("records")
    ]
    return Subsection("Failures", Table(FAILURE_HEADINGS, rows, text_columns=("cell", "state", "why")), (), endings)


def _why(row: Mapping[Any, Any]) -> str:
    not_started = "" if row["attempts"] == row["attempts"] else "not started"
    texts = [row.get("diverged_because") if row["diverged"] else None, row.get("message")]
    return "; ".join(dict.fromkeys(text for text in texts if isinstance(text, str) and text)) or not_started


def _environment(runs: Runs, curves: Curves) -> Subsection:
    fingerprints = sorted(set(runs.frame["dataset_fingerprint"].dropna()))
    facts = [("metric", curves.score.description, ""), ("analysis", code_version(), "")]
    facts += [("data set", fingerprint, "") for fingerprint in fingerprints]
    rows = [*facts, *environment.environment(runs)]
    return Subsection("Environment", Table(environment.HEADINGS, rows, text_columns=("what", "value")))
