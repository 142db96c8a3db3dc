"""Which metrics and probes of a trial's desired state are missing."""

from math import inf

from orchestrator.store.observe import Observed
from trainer.config.metrics.names import parse_metric, value_names
from trainer.config.stored import is_within
from trainer.recording.sweep_state import Desired


def missing_numbers(want: Desired, seen: Observed) -> list[str]:
    """Return the wanted metrics and probes that are missing.

    A metric is missing if it was never recorded, or not for every snapshot up to the horizon.
    """
    kept = [known for kimg, known in seen.measured.snapshots.items() if is_within(kimg, want.horizon_kimg)]
    metrics = [name for name in want.metrics if never_recorded(name, want, seen) or not _in_all(want, name, kept)]
    return metrics + [probe for probe in want.probes if not all((probe, 0) in known for known in kept)]


def never_recorded(name: str, want: Desired, seen: Observed) -> bool:
    """Return whether some value of a metric, or one of its evaluation seeds, was never recorded up to the horizon."""
    first = {**seen.measured.metrics, **seen.measured.earliest}
    numbers = value_names(parse_metric(name), want.detector, want.distance)
    moments = [first.get(number, inf) for number in numbers]
    moments += [
        min(seen.measured.by_seed.get((number, seed), ()), default=inf)
        for number in numbers
        for seed in range(1, want.evaluation_seeds)
    ]
    return not all(is_within(kimg, want.horizon_kimg) for kimg in moments)


def _in_all(want: Desired, name: str, kept: list[frozenset[tuple[str, int]]]) -> bool:
    recorded = value_names(parse_metric(name), want.detector, want.distance)
    numbers = {(number, seed) for number in recorded for seed in range(want.evaluation_seeds)}
    return all(numbers <= known for known in kept)
