"""Choose the number of devices of a sweep that requests `auto`: one number for all its cells."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.errors import SweepError
from orchestrator.plan.device_curve import published_curve, read_curve
from orchestrator.plan.preflight import Lacks
from orchestrator.plan.published import work
from orchestrator.plan.right_size import DeviceChoice, DevicePoint, right_size
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.requested_resources import DeviceKind
from orchestrator.sweep.trial import Trial
from trainer.config.stored import Malformed


def costliest(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the most training work: its curve decides."""
    return max(trials, key=lambda trial: trial.horizon_kimg * work(trial.config))


def shared_evenly(count: int, kind: DeviceKind, trials: Sequence[Trial]) -> bool:
    """Return whether each trial's micro-batches can be divided among the devices; threads share any number."""
    return kind == "cpus" or all(trial.config.suits(count) for trial in trials)


def device_choice(sweep: Sweep, trials: Sequence[Trial], folder: Path, lacks: Lacks) -> DeviceChoice:
    """Return the number of devices for the trials of a sweep that requests `auto`, and why, from curves in `folder`.

    Raises SweepError if nothing is known about the speed on several devices, or if no known number fits.
    """
    asked = sweep.spec.resources
    kind: DeviceKind = "cpus" if asked.cpus == "auto" else "gpus"
    damaged: list[Malformed] = []
    known = read_curve(folder, costliest(trials).config, kind, damaged)
    known = known or (published_curve() if kind == "gpus" else None)
    skipped = f" ({damaged[0]})" if damaged else ""
    if known is None:
        text = f"auto needs a measurement on this machine: adasweep plan SWEEP --probe{skipped}"
        raise SweepError([sweep.problem(("resources", kind), text)])
    curve = [point for point in known.points if _fits(point, kind, sweep, trials, lacks)]
    if not curve:
        text = f"auto has nothing to choose from: {lacks(asked.at()) or 'no measured number divides a batch'}"
        raise SweepError([sweep.problem(("resources", kind), text)])
    within = asked.within or 1.0
    return DeviceChoice(kind, right_size(curve, within), tuple(curve), known.source + skipped, within)


def with_choice(sweep: Sweep, choice: DeviceChoice) -> Sweep:
    """Return the sweep with the chosen number in its resources."""
    resources = sweep.spec.resources.with_devices(choice.taken.devices)
    return replace(sweep, spec=sweep.spec.model_copy(update={"resources": resources}))


def _fits(point: DevicePoint, kind: DeviceKind, sweep: Sweep, trials: Sequence[Trial], lacks: Lacks) -> bool:
    return shared_evenly(point.devices, kind, trials) and not lacks(sweep.spec.resources.at(point.devices))
