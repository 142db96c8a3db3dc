"""The part of a sweep with mistakes that can be checked further, so that all of them are found in one pass."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from orchestrator.sweep.assumed_metrics import assuming
from orchestrator.sweep.claims import UNREAD
from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.published_values import unread_value
from orchestrator.sweep.spec import MAX_HORIZON_KIMG, SweepSpec
from orchestrator.sweep.yaml_source import KeyPath

MOST_SEED = 2**32 - 1


class ReadablePart(NamedTuple):
    """A sweep without its mistakes, and the keys that are not as in the file."""

    spec: SweepSpec
    left_out: frozenset[str]


def readable_part(values: dict[str, Any], wrong: Sequence[KeyPath]) -> ReadablePart | None:
    """Return a sweep without what is wrong, or None if that is no sweep.

    A wrong item of `claims`, `published`, `seeds` or `metrics` is replaced, and the others keep their places; so are
    `metrics` as a whole, and wrong keys of sequential seeds. Other wrong keys are left out.
    """
    items = {key: {path[1] for path in wrong if _is_item(path) and path[0] == key} for key in STAND_INS}
    whole = {str(path[0]) if path else "zip" for path in wrong if not _is_item(path)}
    right = {key: _replaced(key, value, items.get(key, ())) for key, value in values.items() if key not in whole}
    if "metrics" in whole:
        right["metrics"] = [_unused_metric(0, ())]
    if "seeds" in whole and (seeds := _sequential(values["seeds"], wrong)):
        right["seeds"], whole = seeds, whole - {"seeds"}
    try:
        spec = SweepSpec.model_validate({"sweep": "unnamed", HORIZON: MAX_HORIZON_KIMG, **right})
    except ValidationError:
        return None
    if "metrics" in whole or items["metrics"]:
        spec = assuming(spec, None if "metrics" in whole else items["metrics"])
        whole |= {"metrics"}
    return ReadablePart(spec, frozenset(whole))


def _sequential(seeds: Any, wrong: Sequence[KeyPath]) -> dict[str, Any] | None:
    """Return sequential seeds without their wrong keys; None if not even the most of them is known."""
    if not isinstance(seeds, dict) or "to" not in seeds or ("seeds", "to") in wrong:
        return None
    right = {key: seeds[key] for key in ("from", "to") if key in seeds and ("seeds", key) not in wrong}
    return {"from": 2, **right, "until": "claims"}


def _is_item(path: KeyPath) -> bool:
    return len(path) > 1 and path[0] in STAND_INS and isinstance(path[1], int)


def _replaced(key: str, value: Any, wrong: Collection[str | int]) -> Any:
    return (
        [STAND_INS[key](place, value) if place in wrong else one for place, one in enumerate(value)] if wrong else value
    )


def _unread_claim(place: int, _claims: Sequence[Any]) -> str:
    return f"{UNREAD}{place}"


def _unused_seed(place: int, seeds: Sequence[Any]) -> int:
    """Return a seed that stands nowhere else in a list."""
    return next(seed for seed in range(MOST_SEED - place * len(seeds), 0, -1) if seed not in seeds)


def _unused_metric(place: int, metrics: Sequence[Any]) -> str:
    """Return a metric that stands nowhere else in a list."""
    names = (f"fid{images}k" for images in range(2 + place * len(metrics), 10_000_000))
    return next(name for name in names if name not in metrics)


STAND_INS: dict[str, Callable[[int, Sequence[Any]], object]] = {
    "claims": _unread_claim,
    "metrics": _unused_metric,
    "published": unread_value,
    "seeds": _unused_seed,
}
"""What takes the place of a wrong item of a list, by key."""
