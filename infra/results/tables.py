"""Tables of a page in Markdown: curves by cell and seed, configurations of a search, verdicts, results by cell."""

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.claims.verdicts import Judged, needs
from analysis.results.cells import images_label
from analysis.results.ranking import ranking
from analysis.results.summary import DASH, markdown
from infra.results.evidence import PackedResults

VERDICT_HEADINGS = ("claim", "verdict", "n", "p", "corrected", "difference of medians, 95 %", "needs")


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose other columns are numbers."""
    rule = [":--", *("--:" for _ in headings[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rule, *rows))


def cell_table(results: PackedResults) -> str:
    """Return one row per cell: score, p, r_t, time, energy and state, with notes below."""
    return markdown(results.summary)


def curve_table(results: PackedResults) -> str:
    """Return the score during training: for every started cell the median, and below it every seed."""
    scores = results.curves.scores
    moments = sorted(scores["kimg"].unique())
    headings = ["kimg", *(f"{moment:g}" for moment in moments)]
    named = results.runs.frame["run"].isin(scores["run"])
    groups = results.runs.frame[named].groupby("cell", sort=False)
    return markdown_table(headings, [row for _, runs in groups for row in _curves(runs, scores, moments)])


def _curves(runs: pd.DataFrame, scores: pd.DataFrame, moments: Sequence[float]) -> Iterator[list[str]]:
    """Yield the row of a cell (medians of the seeds measured at each point) and the rows of its seeds."""
    wide = (
        scores[scores["run"].isin(runs["run"])]
        .pivot(index="kimg", columns="run", values="value")
        .reindex(list(moments))
    )
    name = cell_title(runs)
    several = len(wide.columns) > 1
    if several:
        yield [f"**{name}**", *(f"**{number(value)}**" for value in wide.median(axis=1))]
    for run, seed in zip(runs["run"], runs["seed"], strict=True):
        yield [f"{'' if several else f'{name}, '}seed {seed}", *map(number, wide[run])]


def cell_title(runs: pd.DataFrame) -> str:
    """Return a title for the cell of these runs: its method, and its number of images if known."""
    first = runs.iloc[0]
    images = first["training_images"]
    return ", ".join([first["method"], *([] if pd.isna(images) else [f"{images_label(images)} images"])])


def ranking_table(results: PackedResults) -> str:
    """Return one row per configuration of a search, best first.

    A row has its settings, its horizon if not all have the same, the best score of every seed, and what was minimised.
    """
    frame = results.runs.frame
    objective = results.over_seeds
    values = ranking(frame, results.curves.score, objective)
    order = list(values.index)
    settings = {run.cell: {**run.settings, "kimg": run.horizon_kimg} for run in results.runs.plan.cells}
    is_one = len({cell["kimg"] for cell in settings.values()}) == 1
    keys = [
        key for key in dict.fromkeys(key for cell in order for key in settings[cell]) if key != "kimg" or not is_one
    ]
    seeds = sorted(frame["seed"].unique())
    best = frame.pivot(index="cell", columns="seed", values="best").loc[order]
    rows = [
        [
            str(place),
            *(_setting(settings[cell].get(key)) for key in keys),
            *map(number, best.loc[[cell]].to_numpy()[0]),
            f"**{number(value)}**",
        ]
        for place, (cell, value) in enumerate(zip(order, values, strict=True), 1)
    ]
    headings = [
        "rank",
        *(key if key == "kimg" else f"`{key}`" for key in keys),
        *(f"seed {seed}" for seed in seeds),
        objective,
    ]
    return markdown_table(headings, rows)


def verdict_table(results: PackedResults) -> str:
    """Return one row per claim, and below the table the claims not tested, each with the reason."""
    found = results.verdicts
    table = markdown_table(VERDICT_HEADINGS, [_verdict(one) for one in found.judged]) if found.judged else ""
    notes = [f"Not tested ({reason}): {text}" for text, reason in found.not_tested]
    return "\n\n".join(filter(None, [table, *notes])) or "The sweep makes no claims."


def _verdict(one: Judged) -> list[str]:
    less, more = one.evidence.sizes
    low, high = one.interval
    needed = needs(one._replace(kwh_needed=None)) or DASH
    corrected = "two-sided" if one.claim.is_control else f"{one.p_corrected:.2g}"
    between = DASH if low != low else f"{low:.4g} to {high:.4g}"
    p_value = f"{one.p_value:.2g}" if less and more else DASH
    return [f"`{one.claim.text}`", one.verdict.value, f"{less}+{more}", p_value, corrected, between, needed]


def number(value: float) -> str:
    """Return a number with four significant digits; a dash for NaN."""
    return DASH if pd.isna(value) else f"{value:.4g}"


def _setting(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else DASH if value is None else str(value)
