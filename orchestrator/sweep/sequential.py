"""Checks sequential seeds: seeds that are added to the cells of undecided claims (`seeds: {from: 3, to: 10, ...}`)."""

from collections.abc import Iterator

from orchestrator.sweep.claims import well_formed
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.yaml_source import KeyPath


def seed_problems(spec: SweepSpec) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with sequential seeds as such, and beside the other keys of the sweep."""
    seeds = spec.sequential
    if seeds is None:
        return
    for key, there in (("search", spec.search), ("stop", spec.stop)):
        if there:
            yield ("seeds",), f"claims cannot decide the number of seeds beside `{key}`; use `seeds: {seeds.to}`"
    if seeds.from_ >= seeds.to:
        yield (
            ("seeds", "from"),
            f"{seeds.from_} is not below to: {seeds.to}; use `seeds: {seeds.from_}` for a fixed number",
        )
    wanted = [claim.seeds for _, claim in well_formed(spec.claims)]
    if not wanted:
        yield ("seeds",), f"no claim is tested, so nothing decides; use `seeds: {seeds.from_}`, or write a claim"
    elif seeds.from_ < min(wanted):
        least = min(wanted)
        text = f"{seeds.from_} seeds decide no claim: n>={least} is the least that any asks for (3 by default)"
        yield ("seeds", "from"), f"{text}; use `from: {least}`, or `n>={seeds.from_}` in a claim"
