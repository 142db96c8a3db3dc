"""What a tier leaves out of its sweep: there may be fewer numbers and smaller data sets, but no kind of cell less."""

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.sweep.reasons import shown_value
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.trial import Trial
from trainer.config.claims.cells import NOT_METHOD


def dropped(whole: SweepSpec, trials: Sequence[Trial], tier: SweepSpec, tier_trials: Sequence[Trial]) -> list[str]:
    """Return what the whole sweep has and a tier has not: `cells.NAME`, `AXIS=VALUE`, `figures.NAME`, `claims`."""
    kinds, kept = _kinds(trials), _kinds(tier_trials)
    figures = [f"figures.{name}" for name in whole.figures if name not in tier.figures]
    claims = ["claims"] if set(whole.claims) - set(tier.claims) else []
    return [*(kind for kind in kinds if kind not in kept), *figures, *claims]


def unexplained(found: Sequence[str], because: dict[str, str]) -> list[str]:
    """Return what is left out without a reason; one for `cells` or for an axis is one for all of them."""
    return [one for one in found if not {one, one.partition(".")[0], one.partition("=")[0]} & because.keys()]


def _kinds(trials: Sequence[Trial]) -> dict[str, None]:
    return dict.fromkeys(kind for trial in trials for kind in _kinds_of(trial))


def _kinds_of(trial: Trial) -> Iterator[str]:
    if trial.name:
        yield f"cells.{trial.name}"
    yield from (f"{axis.key}={shown_value(axis.value)}" for axis in trial.axes if _is_kind(axis.key, axis.value))


def _is_kind(key: str, value: Any) -> bool:
    return key not in NOT_METHOD and (isinstance(value, bool) or not isinstance(value, int | float))
