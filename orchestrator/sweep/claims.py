"""Checks the claims of a sweep file when it is read, before anything runs."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.claims.cells import Cells, SeveralCells, cell_of, pair_of, require_names
from trainer.config.claims.grammar import (
    CONTROL,
    EXAMPLE,
    PROSE,
    Claim,
    ClaimProblem,
    is_measured,
    is_prose,
    out_of_reach,
    parse_claim,
)

MARKS = (PROSE, CONTROL)

UNREAD = f"{PROSE}unreadable, "
"""The beginning of what takes the place of a claim that cannot be read."""


def _marked(value: Any) -> Any:
    """Return the string "prose: TEXT" for `- prose: TEXT`, which YAML reads as a mapping; other values unchanged."""
    if isinstance(value, dict) and len(value) == 1:
        ((mark, text),) = value.items()
        if f"{mark}: " in MARKS and isinstance(text, str):
            return f"{mark}: {text}"
    return value


_SCHEMA = {
    "anyOf": [
        {"type": "string", "description": f"A claim to be tested, such as: {EXAMPLE}"},
        *(
            {
                "type": "object",
                "properties": {mark.strip(": "): {"type": "string", "description": text}},
                "required": [mark.strip(": ")],
                "additionalProperties": False,
            }
            for mark, text in ((PROSE, "Text that is never tested."), (CONTROL, "A claim that must not hold."))
        ),
    ]
}

ClaimText = Annotated[str, BeforeValidator(_marked), WithJsonSchema(_SCHEMA)]
"""A claim in the grammar of trainer.config.claims.grammar."""


def claim_problems(claims: Sequence[str], metrics: Sequence[str], horizon_kimg: float) -> Iterator[tuple[KeyPath, str]]:
    """Yield claims with invalid grammar, or about values that the sweep never measures."""
    for index, text in enumerate(claims):
        try:
            why = "" if is_prose(text) else _unmeasured(parse_claim(text), metrics, horizon_kimg)
        except ClaimProblem as problem:
            why = str(problem)
        if why:
            yield ("claims", index), f'"{text}": {why}'


def _unmeasured(claim: Claim, metrics: Sequence[str], horizon_kimg: float) -> str:
    """Return why the values of a claim are never measured, or ""."""
    if not metrics:
        return "needs a score, but `metrics` is empty"
    if claim.metric and not is_measured(claim.metric, metrics):
        return f"{claim.metric} is not measured; metrics: {', '.join(metrics)}"
    return out_of_reach(claim, horizon_kimg)


def well_formed(claims: Sequence[str]) -> Iterator[tuple[int, Claim]]:
    """Yield the claims that can be tested, with their places."""
    for index, text in enumerate(claims):
        with contextlib.suppress(ClaimProblem):  # reported by `claim_problems`
            if not is_prose(text):
                yield index, parse_claim(text)


def tested_claims(
    claims: Sequence[str], metrics: Sequence[str], cells: Cells, horizon_kimg: float
) -> list[tuple[int, Claim]]:
    """Return the claims that a plan with these cells, metrics and horizon tests, with their places."""
    found = [(place, claim) for place, claim in well_formed(claims) if not _unmeasured(claim, metrics, horizon_kimg)]
    return [(place, claim) for place, claim in found if _has_cells(claim, cells)]


def _has_cells(claim: Claim, cells: Cells) -> bool:
    """Return whether a plan has both cells of a claim."""
    try:
        pair_of(claim, cells)
    except ClaimProblem:
        return False
    return True


def misnamed_claims(claims: Sequence[str], examples: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield well-formed claims about names that no configuration of a search has, of which `examples` are some."""
    for index, claim in well_formed(claims):
        try:
            require_names(claim.less, examples)
            require_names(claim.more, examples)
        except ClaimProblem as problem:
            yield ("claims", index), f'"{claim.text}": {problem}'


def ambiguous_claims(claims: Sequence[str], examples: Cells) -> Iterator[str]:
    """Yield which well-formed claims of a search are about several of its configurations, and so are never tested."""
    for _, claim in well_formed(claims):
        for side in (claim.less, claim.more):
            try:
                cell_of(side, examples)
            except SeveralCells as problem:
                yield f'claim "{claim.text}" is not tested if the search samples several of these: {problem}'
            except ClaimProblem:  # reported by `misnamed_claims`, or a combination that is no example
                continue


def misplaced_claims(claims: Sequence[str], cells: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield well-formed claims that do not refer to two cells of the sweep."""
    for index, claim in well_formed(claims):
        try:
            pair_of(claim, cells)
        except ClaimProblem as problem:
            yield ("claims", index), f'"{claim.text}": {problem}'


def same_sided_claims(
    claims: Sequence[str], cells: Cells, trials_of: Mapping[str, AbstractSet[str]], tier: str = ""
) -> Iterator[tuple[KeyPath, str]]:
    """Yield claims whose two cells have trials in common, as cells have that differ in their horizons alone.

    `tier` is that which inherits the claims, "" if they are its own.
    """
    at = f" at tier {tier}" if tier else ""
    way_out = "; give the tier claims of its own" if tier else ""
    for index, claim in well_formed(claims):
        with contextlib.suppress(ClaimProblem):  # reported by `misplaced_claims`
            less, more = pair_of(claim, cells)
            if trials_of.get(less, set()) & trials_of.get(more, set()):
                yield (
                    ("claims", index),
                    f'"{claim.text}": {less} and {more} have the same settings{at}: they are the same runs{way_out}',
                )
