"""Sentences on a sweep as a whole: how many runs are finished, their energy, their machine."""

from collections.abc import Iterable

from analysis.report.environment import environment
from infra.results.evidence import PackedResults

FACTS_OF_THE_MACHINE = ("ops", "version of adasweep", "version of torch", "version of numpy")


def runs(results: PackedResults) -> str:
    """Return a sentence on how many runs of the sweep are finished."""
    done, planned = len(results.done), len(results.runs.frame)
    if done == planned:
        return f"All {planned} runs of the sweep are finished."
    return f"{done} of the {planned} runs of the sweep are finished."


def missing(results: PackedResults) -> str:
    """Return a list of the unfinished runs, by cell; "" if all are finished."""
    frame = results.runs.frame
    open_runs = frame[~frame["run"].isin(results.done["run"])]
    begun = open_runs[open_runs["kimg"] > 0]
    waiting = open_runs[open_runs["kimg"] <= 0]
    lines = [f"- not run: `{cell}`, {_seeds(part)}" for cell, part in waiting.groupby("cell", sort=False)["seed"]]
    lines += [
        f"- not finished: `{row.cell}`, seed {row.seed}, {row.state} at {row.kimg:g} of {row.horizon_kimg:g} kimg"
        for row in begun.itertuples()
    ]
    return "\n".join(lines)


def energy(results: PackedResults) -> str:
    """Return a sentence on the energy of the runs: the method, and how much of it is an estimate."""
    total = results.energy
    method = "; ".join(total.methods) or "nothing has run"
    share = total.estimated_kwh / total.kwh if total.kwh else 0.0
    unknown = total.attempts_without_energy
    return (
        f"{total.runs} runs in {total.attempts} attempts took {total.cpu_hours:.3g} CPU-hours and {total.kwh:.3g} kWh, "
        f"{share:.0%} of it estimated and not read from a counter ({method})."
        + (f" {unknown} attempts are not included: not metered, and of unknown power." if unknown else "")
    )


def machine(results: PackedResults) -> str:
    """Return a list of the recorded ops and versions, with the number of attempts for each."""
    facts = [row for row in environment(results.runs) if row[0] in FACTS_OF_THE_MACHINE]
    return "\n".join(f"- {kind}: `{value}` ({count} attempts)" for kind, value, count in facts)


def metric(results: PackedResults) -> str:
    """Return the metric of the score, its detector and its numbers of images."""
    return results.curves.score.description


def _seeds(seeds: Iterable[int]) -> str:
    listed = [str(seed) for seed in seeds]
    return f"seed{'s' * (len(listed) > 1)} {', '.join(listed)}"
