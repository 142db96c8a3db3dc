"""Checks the claims of a sweep file when it is read, before anything runs."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.claims.cells import Cells, pair_of
from trainer.config.claims.grammar import CONTROL, EXAMPLE, PROSE, ClaimProblem, is_measured, is_prose, parse_claim

MARKS = (PROSE, CONTROL)


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


def claim_problems(claims: Sequence[str], metrics: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    """Yield claims with invalid grammar, or about metrics that the sweep does not measure."""
    for index, text in enumerate(claims):
        if is_prose(text):
            continue
        try:
            metric = parse_claim(text).metric
        except ClaimProblem as problem:
            yield ("claims", index), f'"{text}": {problem}'
            continue
        if metric and not is_measured(metric, metrics):
            yield ("claims", index), f'"{text}": {metric} is not measured; metrics: {", ".join(metrics)}'


def misplaced_claims(claims: Sequence[str], cells: Cells) -> Iterator[tuple[KeyPath, str]]:
    """Yield well-formed claims that do not refer to two cells of the sweep."""
    for index, text in enumerate(claims):
        if is_prose(text):
            continue
        try:
            pair_of(parse_claim(text), cells)
        except ClaimProblem as problem:
            yield ("claims", index), f'"{text}": {problem}'
