"""Finds settings of a sweep's runs that differ from the paper's (see published_settings)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.errors import Problem
from orchestrator.sweep.published_settings import PROOF, PublishedEntry, PublishedFile
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.spec import Settings, Spec
from trainer.errors import did_you_mean

Facts = Mapping[str, Any]
"""The settings of a run by key: those of its configuration, as in a sweep file, and those of its sweep."""

MISSING = object()


class Deviation(NamedTuple):
    """A setting of some runs that differs from the published one. `is_proven`: the published one is not from memory."""

    problem: Problem
    is_proven: bool

    def __str__(self) -> str:
        return str(self.problem)


def deviations(file: PublishedFile, sweep: Sweep, trials: Sequence[Trial]) -> Iterator[Deviation]:
    """Yield the deviations of a sweep's runs from the published settings."""
    if any(file.of(sweep.spec.sweep)):
        yield from deviations_of(file, sweep.spec.sweep, [facts_of(sweep, trial) for trial in trials])


def deviations_of(file: PublishedFile, name: str, known: Sequence[Facts]) -> Iterator[Deviation]:
    """Yield the deviations of runs with these settings, of the sweep of this name."""
    for place, entry in file.of(name):
        for key, text in _found(entry, known):
            within = ("says" if key in entry.says else "values", key) if key else ()
            path: KeyPath = ("entries", place, *within)
            problem = file.source.problem(path, f"{text} [{entry.evidence}: {entry.source}]", key or name)
            yield Deviation(problem, entry.evidence in PROOF)


def facts_of(sweep: Sweep, trial: Trial) -> Facts:
    """Return the settings of a run: `cell`, `data`, `images`, `generator.width.256`, `methods.bcr.transform` ...

    `whole`: it is trained on all images of its data set.
    """
    spec, config = sweep.spec, trial.config
    sizes = [4 << power for power in range(config.data.resolution.bit_length() - 2)]
    return {
        **dict(_flat("", config)),
        **dict(_widths("generator", {size: config.networks.generator.width(size, sizes[-1]) for size in sizes})),
        **dict(_flat("watch", spec.watch)),
        "cell": trial.name,
        "seed": trial.seed,
        "data": trial.data_path.stem,
        "images": config.data.training_images,
        "whole": config.data.subset == config.data.images,
        "horizon_kimg": trial.horizon_kimg,
        "gpus": trial.resources.gpus,
        "micro_batches": config.micro_batches,
        "transfer": trial.source.trial.name if trial.source else trial.transfer_path and trial.transfer_path.stem,
        "metrics": list(spec.metrics),
        "score": spec.score,
        "detector": spec.detector.partition(":")[0],
        "evaluation_seeds": spec.evaluation_seeds,
        "probes": list(spec.probes),
        "figures": list(spec.figures),
    }


def _widths(network: str, widths: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    for size, width in widths.items():
        yield f"{network}.width.{size}", width


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every value of settings by dotted key: a tagged choice by its tag, one in a list under its tag."""
    if isinstance(value, Settings):
        yield prefix, getattr(value, "type", None)
        for key, inner in value:
            yield from _flat(f"{prefix}.{key}" if prefix else key, inner)
    elif isinstance(value, tuple) and any(isinstance(part, Spec) for part in value):
        yield prefix, [part.type for part in value]
        for part in value:
            yield from _flat(f"{prefix}.{part.type}", part)
    else:
        yield prefix, value


def _found(entry: PublishedEntry, known: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """Yield the deviations of the runs selected by an entry, by key."""
    chosen = [facts for facts in known if _is_selected(entry, facts)]
    absent = [name for name in entry.cells if all(facts["cell"] != name for facts in chosen)]
    if absent or not chosen:
        wanted = ", ".join([*absent, *(f"{key}={value}" for key, value in entry.where.items())])
        yield "", f"has no run of {wanted or 'any kind'}"
    for key, published in entry.says.items() if chosen else ():
        yield from ((key, text) for text in _differing(key, published, chosen))
    for key, values in entry.values.items() if chosen else ():
        yield from ((key, text) for text in _differing_together(key, values, chosen))


def _is_selected(entry: PublishedEntry, facts: Facts) -> bool:
    if entry.cells and facts["cell"] not in entry.cells:
        return False
    return all(
        any(same(facts.get(key, MISSING), one) for one in (value if isinstance(value, list) else [value]))
        for key, value in entry.where.items()
    )


def _differing(key: str, published: Any, chosen: Sequence[Facts]) -> Iterator[str]:
    found = [facts.get(key, MISSING) for facts in chosen]
    for value in _distinct([value for value in found if not same(value, published)]):
        where = next(facts for facts in chosen if same(facts.get(key, MISSING), value))
        name = where["cell"] or where["data"]
        if value is MISSING:
            yield f"{name} has no such setting{did_you_mean(key, list(where))}; published: {published}"
        else:
            yield f"{name} has {value}; published: {published}"


def _differing_together(key: str, values: Sequence[Any], chosen: Sequence[Facts]) -> Iterator[str]:
    found = _distinct([facts.get(key, MISSING) for facts in chosen])
    lacking = [value for value in values if not any(same(value, one) for one in found)]
    beyond = [value for value in found if not any(same(value, one) for one in values)]
    if lacking:
        yield f"lacks {', '.join(map(str, lacking))}"
    if beyond:
        yield f"has {', '.join('no value' if value is MISSING else str(value) for value in beyond)} besides"


def _distinct(values: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(value is one or same(value, one) for one in found):
            found.append(value)
    return found


def same(value: Any, published: Any) -> bool:
    """Return whether a value equals the published one; numbers up to rounding, and true is not 1."""
    if isinstance(value, bool) or isinstance(published, bool):
        return value is published
    if isinstance(value, int | float) and isinstance(published, int | float):
        return math.isclose(value, published, rel_tol=1e-9)
    if isinstance(value, list | tuple) and isinstance(published, list):
        return len(value) == len(published) and all(map(same, value, published))
    return bool(value == published)
