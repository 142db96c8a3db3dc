"""Running probes by name, in an evaluation job or alone."""

import importlib
from dataclasses import dataclass

from trainer.config.probes import PROBES, parse_probe
from trainer.config.train import TrainConfig
from trainer.evaluation.measurer import Measurer
from trainer.probes.scene import Findings, Scene, write_findings
from trainer.projection.schedule import Schedule
from trainer.recording.reporter import Reporter


def find_out(name: str, scene: Scene) -> Findings:
    """Return what the probe called `name` finds out about a snapshot. Raises ProbeNameError."""
    spec = parse_probe(name)
    schedule = () if spec.steps is None else (Schedule(steps=spec.steps),)
    findings: Findings = importlib.import_module(PROBES[spec.name].module).probe(scene, spec.images, *schedule)
    return findings


@dataclass
class Prober:
    """Runs the probes that a job asks for, those of them whose files are not there yet; on the first rank alone."""

    config: TrainConfig
    measurer: Measurer
    reporter: Reporter

    def run_missing(self, images: int) -> None:
        """Probe the snapshot of one image counter. Raises Preempted when a stop signal comes in the middle."""
        run = self.measurer.run
        missing = [name for name in self.measurer.options.probes if not run.probe(name, images).exists()]
        if not missing or not self.reporter.speaks:
            return
        scene = self._scene(images)
        for name in missing:
            scene.progress(name)
            findings = find_out(name, scene)
            self.reporter.fence.check()
            write_findings(run.probe(name, images), findings)

    def _scene(self, images: int) -> Scene:
        measurer = self.measurer
        return Scene(
            measurer.run.snapshot(images),
            self.config,
            measurer.train_set,
            measurer.judges,
            measurer.options.cache_dir,
            measurer.world.device,
            measurer.progress(self.reporter),
        )
