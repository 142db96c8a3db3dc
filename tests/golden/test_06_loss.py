"""Every phase of the objective against the reference: statistics, gradients and moving averages."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tests.golden import networks, training
from tests.golden.cases import Arrays, assert_close, below, cases, check, load, tensor
from tests.golden.loop import PathNoise
from trainer.augment.draws import QuantileDraws
from trainer.augment.pipe import named_pipe
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.logistic import LogisticObjective
from trainer.objectives.phases import MicroBatch, Stats
from trainer.runtime.world import World

FILE = "06_loss.npz"
META, ARRAYS = load(FILE)
STAT_RATIO, GRADIENT_RATIO = 2e-5, 5e-5
PARTS = {"Gboth": ("Gmain", "Greg"), "Dboth": ("Dmain", "Dreg")}
PHASES = [(case, *phase) for case, spec in META.get("cases", {}).items() for phase in spec.get("phases", [])]


def augmentation(quantile: float | None) -> Callable[[Tensor], Tensor]:
    """Return the pipe bgc at p = 1 with every random draw at `quantile`; None is no augmentation."""
    if quantile is None:
        return lambda images: images
    bgc, p, draws = named_pipe("bgc"), torch.ones([]), QuantileDraws(quantile)
    return lambda images: bgc(images, p, draws)


class Run(NamedTuple):
    """A phase that has run: its changes, its statistics, and the reference arrays."""

    generator: Generator
    discriminator: Discriminator
    objective: LogisticObjective
    stats: Stats
    wanted: Arrays


def run(case: str, name: str, gain: float) -> Run:
    """Run phase `name` from the stored state."""
    spec: dict[str, Any] = META["cases"][case]
    arrays = below(ARRAYS, case)
    G = networks.generator(spec["cfg"]["G"], below(arrays, "G")).train()
    D = networks.discriminator(spec["cfg"]["D"], below(arrays, "D")).train()
    augment_images = augmentation(spec.get("aug_debug_percentile"))
    objective = training.objective(G, D, spec.get("loss_kwargs", {}), augment_images)
    objective.load_state_dict({"path_length_mean": torch.tensor(float(spec.get("pl_mean0", 0)))})
    micro_batch = MicroBatch(*(tensor(arrays[key]) for key in ("real", "real_c", "z", "c")))
    stats: Stats = {}
    for phase in filter(None, (training.phase(objective, part) for part in PARTS.get(name, (name,)))):
        if phase.name == "Greg":
            objective.path_length.noise = PathNoise(tensor(arrays["pl_noise"]))
        G.requires_grad_(phase.network == "G")
        D.requires_grad_(phase.network == "D")
        result = phase.loss(micro_batch)
        (result.loss.mean() * gain).backward()
        phase.finish(World().sum)
        stats |= result.stats
    return Run(G, D, objective, stats, below(arrays, name))


@cases(FILE, PHASES)
def test_phase_agrees(case: tuple[str, str, float]) -> None:
    name, phase, _ = case
    done, half = run(*case), networks.is_half(META["cases"][name]["cfg"])
    stat_ratio, gradient_ratio = (networks.HALF, networks.HALF) if half else (STAT_RATIO, GRADIENT_RATIO)
    for stat, value in below(done.wanted, "stat").items():
        assert_close(done.stats[stat], value, stat_ratio, floor=1.0 if "scores" in stat else 0.0)
    check(done.wanted, "pl_mean_after", done.objective.path_length.mean, stat_ratio)
    check(done.wanted, "w_avg_after", done.generator.mapping.w_avg, stat_ratio)
    network = done.generator if phase.startswith("G") else done.discriminator
    parameters = dict(network.named_parameters())
    if "gradnorms" in done.wanted:
        names = META.get("param_names", {}).get(name, {}).get(phase[0], list(parameters))
        norms = torch.as_tensor(done.wanted["gradnorms"]).clamp(min=0)
        assert_close(networks.gradient_norms(network, names), norms, gradient_ratio)
    for parameter, value in below(done.wanted, "grad").items():
        gradient = parameters[parameter].grad
        assert_close(torch.zeros(value.shape) if gradient is None else gradient, value, gradient_ratio)
