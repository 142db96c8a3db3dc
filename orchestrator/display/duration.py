"""Formats durations."""

from trainer.config.sweep_run import SweepRun


def duration(seconds: float) -> str:
    """Return a duration in a suitable unit."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.2g} min"
    return f"{seconds / 3600:.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:.1f} days"


def span(low: float, high: float) -> str:
    """Return a range of durations: 7 to 10 min, 40 s to 2 min."""
    least, most = duration(low), duration(high)
    number, _, unit = least.partition(" ")
    if least == most:
        return least
    return f"{number} to {most}" if most.endswith(f" {unit}") else f"{least} to {most}"


def took(run: SweepRun) -> str:
    """Return the actual and the expected duration of a run of a sweep."""
    estimate = run.estimate
    expected = f"{duration(estimate.seconds)} ({span(estimate.low, estimate.high)})"
    return f"took {duration(run.seconds)}; expected: {expected}"
