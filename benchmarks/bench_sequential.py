"""python -m benchmarks.bench_sequential: runs and energy until the verdicts, sequential seeds against a fixed grid.

Simulates sweeps from the recorded runs of docs/results/packs: a seed of a cell is one of its finished runs, drawn at
random, with normal noise that restores the variance which drawing from few loses (Silverman and Young 1987). Sequential
seeds go from 3 to 10. The fixed grid has the fewest seeds per cell, up to 10, with which as many claims pass. Where no
claim is to hold, both sides are drawn from the runs of both: then any PASS is an error.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from analysis.claims.evidence import Evidence
from analysis.claims.looks import Looks, against, p_of
from analysis.claims.sequential import Verdict, decide
from analysis.claims.stats import holm
from benchmarks.table import replace_between_markers
from infra.results.evidence import read_packs
from trainer.command_line.group import new_app
from trainer.command_line.program import run_program
from trainer.config.claims.grammar import Claim
from trainer.runtime.processor import processor

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance-analysis.md"
PACKS = HERE.parent / "docs" / "results" / "packs"
SWEEPS = ("laptop_few_images-laptop", "laptop_fixed_p-laptop", "laptop_bcr-laptop")
LOOKS = Looks(3, 10)
JOULES_PER_KWH = 3.6e6
LEAST_RECORDED = 3

Draws = Mapping[str, NDArray[np.float64]]
"""For each seed of a cell: where among its recorded runs it is (0 to 1), and its noise in standard errors; by cell."""


class Recorded(NamedTuple):
    """The claims of a sweep whose sides have recorded runs, and the kWh of a run by cell."""

    sweep: str
    claims: list[Claim]
    evidence: list[Evidence]
    kwh: dict[str, float]

    def mixed(self) -> "Recorded":
        """Return the sweep with the values of both sides on both sides of each claim: no claim holds."""
        evidence = [one._replace(less=[*one.less, *one.more], more=[*one.less, *one.more]) for one in self.evidence]
        return self._replace(evidence=evidence)


class Outcome(NamedTuple):
    """One simulated sweep, or the mean of many: the number of claims that passed, of its runs, and its energy."""

    passed: float
    runs: float
    kwh: float


class Row(NamedTuple):
    """The mean outcome of simulated sweeps, sequential and with the fixed grid of `seeds`.

    `error`: the share of sweeps with any PASS if no claim holds, and `null_runs` the runs of these.
    """

    sweep: str
    claims: int
    sequential: Outcome
    fixed: Outcome
    seeds: int
    error: float
    null_runs: float


def recorded(sweep: str) -> Recorded:
    """Return the claims of a packed sweep, but controls, whose cells have enough finished runs."""
    with tempfile.TemporaryDirectory() as folder:
        found = read_packs([PACKS / f"{sweep}.zip"], sweep, Path(folder) / "store").verdicts.judged
    kept = [one for one in found if not one.claim.is_control and min(one.evidence.sizes) >= LEAST_RECORDED]
    evidence = [one.evidence for one in kept]
    pairs = [((one.less_cell, one.less_joules), (one.more_cell, one.more_joules)) for one in evidence]
    kwh = {cell: joules / JOULES_PER_KWH for pair in pairs for cell, joules in pair}
    return Recorded(sweep, [one.claim for one in kept], evidence, kwh)


def drawn(of: Recorded, random: np.random.Generator) -> Draws:
    """Return a random place and noise for each seed of each cell."""
    return {cell: np.stack([random.random(LOOKS.most), random.normal(size=LOOKS.most)]) for cell in of.kwh}


def sides(one: Evidence, draws: Draws, seeds: Mapping[str, int]) -> tuple[list[float], list[float]]:
    """Return the values of both sides of a claim with so many seeds of their cells."""
    less = _values(one.less, draws[one.less_cell][:, : seeds[one.less_cell]])
    return less, _values(one.more, draws[one.more_cell][:, : seeds[one.more_cell]])


def _values(recorded_values: Sequence[float], draws: NDArray[np.float64]) -> list[float]:
    known = np.array(recorded_values)
    places, noise = draws
    standard_error = known.std(ddof=1) / len(known) ** 0.5
    return [float(value) for value in known[(places * len(known)).astype(int)] + noise * standard_error]


def outcome(of: Recorded, passed: int, seeds: Mapping[str, int]) -> Outcome:
    """Return the outcome of a sweep with so many seeds of each cell."""
    return Outcome(passed, sum(seeds.values()), sum(of.kwh[cell] * count for cell, count in seeds.items()))


def sequentially(of: Recorded, draws: Draws) -> Outcome:
    """Return the outcome of a sweep whose seeds are added until its claims are decided."""
    seeds = dict.fromkeys(of.kwh, LOOKS.least)
    while True:
        found = decide(of.claims, [sides(one, draws, seeds) for one in of.evidence], LOOKS)
        further = dict(seeds)
        for one, decision in zip(of.evidence, found, strict=True):
            for cell in (one.less_cell, one.more_cell):
                further[cell] = max(further[cell], decision.stage.next_seeds or 0)
        if further == seeds:
            return outcome(of, sum(one.verdict is Verdict.PASS for one in found), seeds)
        seeds = further


def with_fixed(of: Recorded, draws: Draws, number: int) -> Outcome:
    """Return the outcome of a sweep with a fixed number of seeds in every cell."""
    seeds = dict.fromkeys(of.kwh, number)
    p_values = [p_of(against(*sides(one, draws, seeds)), number) for one in of.evidence]
    corrected = zip(of.claims, holm(p_values), strict=True)
    return outcome(of, sum(p < claim.alpha for claim, p in corrected), seeds)


def mean(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the mean of outcomes."""
    return Outcome(*(sum(values) / len(values) for values in zip(*outcomes, strict=True)))


def compare(of: Recorded, sweeps: int) -> Row:
    """Return the mean outcomes of so many simulated sweeps."""
    random = np.random.default_rng(0)
    every = [drawn(of, random) for _ in range(sweeps)]
    sequential = mean([sequentially(of, draws) for draws in every])
    seeds, fixed = next(_of_equal_power(of, every, sequential.passed))
    null = [sequentially(of.mixed(), drawn(of, random)) for _ in range(sweeps)]
    error = sum(one.passed > 0 for one in null) / sweeps
    return Row(of.sweep, len(of.claims), sequential, fixed, seeds, error, mean(null).runs)


def _of_equal_power(of: Recorded, every: Sequence[Draws], passed: float) -> Iterator[tuple[int, Outcome]]:
    """Yield the fixed grids in which at least as many claims pass, the smallest first; the largest in any case."""
    for seeds in range(LOOKS.least, LOOKS.most + 1):
        found = mean([with_fixed(of, draws, seeds) for draws in every])
        if found.passed >= passed or seeds == LOOKS.most:
            yield seeds, found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the results, as in benchmarks/sequential.json, as a Markdown table."""
    lines = [
        "| sweep, claims | PASS: sequential, fixed | seeds of the fixed grid | runs: sequential, fixed | "
        "kWh: sequential, fixed | runs if nothing holds | errors |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        ours, fixed = Outcome(**row["sequential"]), Outcome(**row["fixed"])
        cells = (
            f"{row['sweep']}, {row['claims']}",
            f"{ours.passed:.2f}, {fixed.passed:.2f}",
            str(row["seeds"]),
            f"{ours.runs:.1f}, {fixed.runs:.0f}",
            f"{ours.kwh:.4f}, {fixed.kwh:.4f}",
            f"{row['null_runs']:.1f}",
            f"{row['error']:.1%}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


NumberOption = Annotated[int, typer.Option("--sweeps", min=1, help="Simulated sweeps of each kind.")]

app = new_app()


@app.command()
def main(sweeps: NumberOption = 1000) -> int:
    """Simulate, print a table, and write it to the page and benchmarks/sequential.json."""
    rows = [_as_json(compare(recorded(sweep), sweeps)) for sweep in SWEEPS]
    found = {"processor": processor(), "cpus": os.cpu_count(), "sweeps": sweeps, "rows": rows}
    (HERE / "sequential.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    replace_between_markers(PAGE, f"\n{table(rows)}\n")
    sys.stdout.write(f"{table(rows)}\n")
    return 0


def _as_json(row: Row) -> dict[str, object]:
    return {**row._asdict(), "sequential": row.sequential._asdict(), "fixed": row.fixed._asdict()}


if __name__ == "__main__":
    sys.exit(run_program(app, sys.argv[1:], "python -m benchmarks.bench_sequential"))
