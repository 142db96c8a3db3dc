"""Run probes by name, in an evaluation job or on their own."""

import importlib
from dataclasses import dataclass

from trainer.config.probes import PROBES, parse_probe
from trainer.config.train import TrainConfig
from trainer.evaluation.measurer import Measurer
from trainer.probes.context import ProbeContext, ProbeResults, write_results
from trainer.projection.schedule import Schedule
from trainer.recording.reporter import Reporter


def run_probe(name: str, context: ProbeContext) -> ProbeResults:
    """Return the results of the probe called `name`. Raises ProbeNameError for an unknown name."""
    spec = parse_probe(name)
    schedule = () if spec.steps is None else (Schedule(steps=spec.steps),)
    results: ProbeResults = importlib.import_module(PROBES[spec.name].module).probe(context, spec.images, *schedule)
    return results


@dataclass
class Prober:
    """Runs the probes of a job whose files are missing, on the first rank only."""

    config: TrainConfig
    measurer: Measurer
    reporter: Reporter

    def run_missing(self, images: int) -> None:
        """Probe the snapshot of one image counter. Raises Preempted if a stop signal arrives meanwhile."""
        run = self.measurer.run
        missing = [name for name in self.measurer.options.probes if not run.probe(name, images).exists()]
        if not missing or not self.reporter.speaks:
            return
        context = self._context(images)
        for name in missing:
            context.progress(name)
            results = run_probe(name, context)
            write_results(run.probe(name, images), results, self.reporter.fence)

    def _context(self, images: int) -> ProbeContext:
        measurer = self.measurer
        return ProbeContext(
            measurer.run.snapshot(images),
            self.config,
            measurer.train_set,
            measurer.feature_networks,
            measurer.options.cache_dir,
            measurer.world.device,
            measurer.progress(self.reporter),
        )
