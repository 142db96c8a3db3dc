"""Warnings about plans: metrics on few images, unusual data sets, presets of other sizes, disks that are too small."""

import itertools
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from orchestrator.plan.alike import alike
from orchestrator.plan.reference_sets import reference_sizes
from orchestrator.sweep.claims import tested_claims
from orchestrator.sweep.keys import HORIZON
from orchestrator.sweep.reader import AXES
from orchestrator.sweep.related_claims import related_claims
from orchestrator.sweep.repeated import repeated
from orchestrator.sweep.spec import SweepSpec
from orchestrator.sweep.stop_rules import AnyRule, Asha, Median
from orchestrator.sweep.trial import Trial
from trainer.config.claims.cells import pair_of
from trainer.config.dataset.describe import examine
from trainer.config.metrics.names import MetricSpec, main_name, parse_metric
from trainer.config.metrics.sizes import doubtful, undefined
from trainer.config.options import Watch
from trainer.config.train import TrainConfig
from trainer.errors import printable

MOST_REPEATS = 4
"""How often a batch may have the same image before it makes little sense."""

BYTES = 4
PARAMETERS_OF_SAVED_STATE = 7
"""Values stored per parameter of one network: G, its EMA, D, and two moments per optimised weight."""

PARAMETERS_OF_SNAPSHOT = 3

LENGTHS = frozenset({"watch", HORIZON})
"""Keys that say how long a run is, and what is measured and kept on the way."""


def cautions(
    spec: SweepSpec,
    trials: Sequence[Trial],
    to_run: Iterable[Trial],
    store: Path,
    unknown: frozenset[str] = frozenset(),
) -> list[str]:
    """Return warnings to show before these trials run, one line each; none that depends on an `unknown` key."""
    left_out = (f"this tier leaves out {what}: {why}" for what, why in spec.because.items())
    found: tuple[tuple[frozenset[str], Iterable[str]], ...] = (
        (frozenset({"because"}), left_out),
        (LENGTHS | {"stop"}, _of_stop_rules(spec, len({trial.id for trial in trials}))),
        (frozenset({"metrics", "detector"}), _of_metrics(spec, trials)),
        (frozenset({"claims", "metrics", HORIZON}), _of_claims(spec, trials)),
        (frozenset({"search"}), _of_search(spec)),
        (frozenset({"watch", "resources"}), _of_threads(spec, trials)),
        (frozenset(), itertools.chain(_of_twins(spec, trials), alike(trials))),
        (frozenset(), itertools.chain(_of_presets(trials), _of_precision(trials))),
        (frozenset({HORIZON}), _of_batches(trials)),
        (frozenset(), itertools.chain(_of_parts(trials), _of_data(trials, store / "data"))),
        (LENGTHS, _of_space(spec, list(to_run), store)),
    )
    return [line for needed, lines in found if needed.isdisjoint(unknown) for line in lines]


def _of_metrics(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which metrics are unreliable, or measured twice because they have two names."""
    seen: dict[MetricSpec, str] = {}
    for name in spec.metrics:
        other = seen.setdefault(parse_metric(name).model_copy(update={"name": ""}), name)
        if other != name:
            yield f"{other} and {name} are one metric, which is measured twice; leave one out"
        metric = parse_metric(name)
        for images in reference_sizes(metric, trials):
            why = "" if undefined(metric, images) else doubtful(metric, images, spec.detector)
            if why:
                yield f"{name} is unreliable: {why}"


def _of_claims(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which claims repeat or contradict others, or compare runs of different lengths at no point of both."""
    cells = {trial.cell: trial for trial in trials}
    tested = [claim for _, claim in tested_claims(spec.claims, spec.metrics, cells, spec.longest_horizon_kimg)]
    yield from related_claims(tested, cells, spec.score_name, partial(_name_of, spec))
    for claim in tested:
        less, more = (cells[cell].asked_kimg for cell in pair_of(claim, cells))
        if less != more and claim.kimg is None:
            way_out = f'to compare both at one point, add ", {min(less, more):g} kimg"'
            yield f'claim "{claim.text}" compares runs of {less:g} kimg with runs of {more:g} kimg; {way_out}'


def _name_of(spec: SweepSpec, metric: str) -> str:
    return main_name(metric, spec.detector, spec.distance)


def _of_threads(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield that runs have more threads than CPUs."""
    threads, cpus = spec.watch.threads, min((trial.resources.cpus for trial in trials), default=spec.watch.threads)
    if threads > cpus:
        yield f"watch.threads is {threads}, but resources.cpus is {cpus}; leave it out for one thread per CPU"


def _of_twins(spec: SweepSpec, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which cells have the same trials, although they have names of their own.

    None where an axis lists a value twice, perhaps written otherwise: that is an error, of which this is a consequence.
    """
    if any(path[0] in AXES for path, _ in repeated(spec)):
        return
    cells: dict[str, dict[str, None]] = {}
    for trial in trials:
        cells.setdefault(trial.id, {})[trial.cell] = None
    twins = dict.fromkeys(tuple(names) for names in cells.values() if len(names) > 1)
    for first, *others in twins:
        yield f"{first!r} has the same settings as {', '.join(map(repr, others))}: they share their trials"


def _of_presets(trials: Sequence[Trial]) -> Iterator[str]:
    seen = {(trial.preset, trial.config.data.resolution) for trial in trials}
    for preset, resolution in sorted(seen):
        made_for = re.search(r"\d{2,}$", preset)
        if made_for and int(made_for[0]) != resolution:
            yield f"preset {preset} was made for images of {made_for[0]} pixels, not {resolution}"


def _of_precision(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which networks have a precision that applies to none of their convolutions."""
    seen = {
        (part, network.arithmetic.dtype)
        for config in _configs(trials)
        for part, network in (("generator", config.generator), ("discriminator", config.discriminator))
        if network.arithmetic.dtype != "fp32" and not network.arithmetic.top_resolutions
    }
    for part, dtype in sorted(seen):
        way_out = f"set {part}.precision.top_resolutions"
        yield f"{part}.precision.dtype {dtype} changes nothing: it applies to 0 resolutions; {way_out}"


def _of_batches(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which batches are longer than the training, or have the same images many times."""
    for batch, kimg in sorted({(trial.config.batch, trial.asked_kimg) for trial in trials}):
        if batch > kimg * 1000:
            yield (
                f"one batch of {batch:,} images is more than the horizon of {kimg:g} kimg: "
                f"training ends after it, at {batch / 1000:g} kimg"
            )
    for batch, images in sorted({(trial.config.batch, trial.config.data.training_images) for trial in trials}):
        if batch > MOST_REPEATS * images:
            yield f"a batch of {batch:,} images has each of the {images:,} training images {batch / images:,.0f} times"


def _of_parts(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield which statistics of a batch are those of a micro-batch."""
    seen = {(statistics, config.micro_batch, config.batch) for config in _configs(trials) for statistics in _of(config)}
    for statistics, part, batch in sorted(seen):
        if part < batch:
            way_out = f"set micro_batch: {batch} for those of the whole batch"
            yield f"{statistics} takes the statistics of {part} of {batch} images; {way_out}"


def _configs(trials: Sequence[Trial]) -> list[TrainConfig]:
    return [trial.config for trial in {trial.cell: trial for trial in trials}.values()]


def _of(config: TrainConfig) -> Iterator[str]:
    """Yield what depends on the other images of a micro-batch."""
    normalises = config.generator.type == "biggan" or getattr(config.generator, "normalisation", "") == "batch"
    if normalises and not config.generator.joins_micro_batches:
        yield "batch normalisation"
    if getattr(config.discriminator, "minibatch_std_group", 1) is None:
        yield "minibatch_std_group: null"


def _of_data(trials: Sequence[Trial], data_dir: Path) -> Iterator[str]:
    """Yield remarks about the data sets: classes without images, files that were skipped."""
    for path in sorted({trial.data_path for trial in trials}):
        for remark in examine(path, data_dir).remarks if path.exists() else []:
            yield f"data set {printable(path.name)}: {remark}"


def _of_space(spec: SweepSpec, to_run: Sequence[Trial], store: Path) -> Iterator[str]:
    place = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.exists())
    bytes_of = {trial.cell: saved_bytes(spec.watch, trial) for trial in {one.cell: one for one in to_run}.values()}
    free, needed = shutil.disk_usage(place).free, sum(bytes_of[trial.cell] for trial in to_run)
    if needed > free:
        yield f"checkpoints and snapshots need about {needed / 1e9:,.0f} GB; {place} has {free / 1e9:,.0f} GB free"


def _of_search(spec: SweepSpec) -> Iterator[str]:
    """Yield that the sampler never comes to learn from results."""
    search = spec.search
    if search and search.sampler == "tpe" and search.startup >= search.trials:
        why = f"startup is {search.startup}; set it lower, or say `sampler: random`"
        yield f"all {search.trials} configurations are drawn at random, none by tpe: {why}"


def _of_stop_rules(spec: SweepSpec, runs: int) -> Iterator[str]:
    if spec.stop and spec.watch.evaluation == "later":
        yield "stop rules never apply: nothing is measured during training (`evaluation: later`)"
    for rule in spec.stop:
        if why := _never_applies(rule, spec, runs):
            yield f"{rule.type} never applies: {why}"


def _never_applies(rule: AnyRule, spec: SweepSpec, runs: int) -> str:
    """Return why a rule can stop none of the runs, or ""."""
    every, horizon_kimg = spec.watch.evaluate_every_kimg, spec.longest_horizon_kimg
    if rule.starts_kimg >= horizon_kimg:
        return f"it starts at or after the horizon of {horizon_kimg:g} kimg"
    if isinstance(rule, Median) and not spec.search and runs <= rule.others:
        return f"it needs {rule.others} other runs, and there are {runs} runs in all"
    if isinstance(rule, Asha) and not spec.search and 0 < runs < rule.factor:
        return f"it needs {rule.factor:g} runs at a rung, and there are {runs} runs in all"
    inline = spec.watch.evaluation == "inline"
    if inline and not isinstance(rule, Asha) and rule.first_judged(every) >= horizon_kimg:
        end = f"the first after its start is at the horizon of {horizon_kimg:g} kimg"
        return f"evaluations run every {every:g} kimg (see `watch`), and {end}"
    return ""


def saved_bytes(watch: Watch, trial: Trial) -> float:
    """Return the approximate bytes of a run's checkpoints and snapshots, from the widths of its generator."""
    networks = parameters(trial.config)
    snapshots = 2.0 if watch.snapshots_kept == "best-and-last" else trial.horizon_kimg / watch.evaluate_every_kimg
    kept = PARAMETERS_OF_SAVED_STATE * watch.checkpoints_kept + PARAMETERS_OF_SNAPSHOT * max(snapshots, 1.0)
    return BYTES * networks * kept


def parameters(config: TrainConfig) -> float:
    """Return the approximate number of weights of one network: two 3x3 convolutions at every resolution."""
    generator, resolution = config.generator, config.data.resolution
    sides = [2**power for power in range(2, resolution.bit_length())]
    return float(sum(18 * generator.width(side, resolution) ** 2 for side in sides))
