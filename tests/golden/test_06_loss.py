"""Every phase of the objective against the reference: statistics, gradients and moving averages."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.golden import networks, training
from tests.golden.cases import Arrays, assert_close, below, cases, load, tensor
from trainer.augment.draws import QuantileDraws
from trainer.augment.pipe import named_pipe
from trainer.objectives.phases import MicroBatch, local, train_only

FILE = "06_loss.npz"
META, ARRAYS = load(FILE)
STAT_RATIO, GRADIENT_RATIO = 2e-5, 5e-5
PARTS = {"Gboth": ("Gmain", "Greg"), "Dboth": ("Dmain", "Dreg")}
PHASES = [(case, *phase) for case, spec in META.get("cases", {}).items() for phase in spec["phases"]]


def augmentation(quantile: float | None) -> Callable[[Tensor], Tensor]:
    """Return the pipe bgc at p = 1 with every random draw at `quantile`; None is no augmentation."""
    if quantile is None:
        return lambda images: images
    bgc, p, draws = named_pipe("bgc"), torch.ones([]), QuantileDraws(quantile)
    return lambda images: bgc(images, p, draws)


def run(case: str, name: str, gain: float) -> tuple[training.LogisticObjective, dict[str, Tensor], Arrays]:
    """Run phase `name` from the stored state; return the objective, its statistics and the reference's arrays."""
    spec: dict[str, Any] = META["cases"][case]
    arrays = below(ARRAYS, case)
    G = networks.generator(spec["cfg"]["G"], below(arrays, "G")).train()
    D = networks.discriminator(spec["cfg"]["D"], below(arrays, "D")).train()
    augment_images = augmentation(spec["aug_debug_percentile"])
    objective = training.objective(G, D, spec["loss_kwargs"], augment_images)
    objective.load_state_dict({"path_length_mean": torch.tensor(float(spec["pl_mean0"]))})
    training.set_path_noise(objective, tensor(arrays["pl_noise"]))
    micro_batch = MicroBatch(*(tensor(arrays[key]) for key in ("real", "real_c", "z", "c")))
    stats: dict[str, Tensor] = {}
    for part in PARTS.get(name, (name,)):
        phase = training.phase(objective, part)
        train_only(phase.network, G, D)
        result = phase.loss(micro_batch)
        (result.loss.mean() * gain).backward()
        phase.finish(local)
        stats |= result.stats
    return objective, stats, below(arrays, name)


@cases(FILE, PHASES)
def test_phase_agrees(case: tuple[str, str, float]) -> None:
    objective, stats, wanted = run(*case)
    for name, value in below(wanted, "stat").items():
        assert_close(stats[name], value, STAT_RATIO, floor=1.0 if "scores" in name else 0.0)
    if "pl_mean_after" in wanted:
        assert_close(objective.state_dict()["path_length_mean"], wanted["pl_mean_after"], STAT_RATIO)
    generation = objective.path_length.generation
    assert_close(generation.generator.mapping.w_avg, wanted["w_avg_after"], STAT_RATIO)

    augmented_discriminator = training.phase(objective, "Dmain").augmented_discriminator  # type: ignore[attr-defined]
    network = generation.generator if case[1].startswith("G") else augmented_discriminator.discriminator
    names = META["param_names"][case[0]][case[1][0]]
    norms = torch.as_tensor(wanted["gradnorms"]).clamp(min=0)
    assert_close(networks.gradient_norms(network, names), norms, GRADIENT_RATIO)
    parameters = dict(network.named_parameters())
    for name, value in below(wanted, "grad").items():
        gradient = parameters[name].grad
        assert_close(torch.zeros(value.shape) if gradient is None else gradient, value, GRADIENT_RATIO)
