"""The whole training loop against the official one: weights and averages after every stored number of iterations.

A difference is measured relative to the distance that the reference has travelled from its start.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.golden import loop, networks
from tests.golden.cases import SLACK, Arrays, below, cases, load, tensor
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.spec import Settings
from trainer.config.train import TrainConfig
from trainer.config.training import Adam, Ema, Logistic

FILE = "15_loop.npz"
META, ARRAYS = load(FILE)
TOLERANCE = {torch.float64: 1e-9, torch.float32: 2e-3}
START = "000"
KEPT = sorted({int(number) for number in (key.split("/")[0] for key in ARRAYS) if number.isdigit()} - {0})
PHASES = ["Gmain", "Greg", "Dmain", "Dreg"]


def fields(settings: type[Settings], prefix: str = "") -> dict[str, Any]:
    """Return the values in the file for the fields of `settings`."""
    return {name: META[prefix + name] for name in settings.model_fields if prefix + name in META}


def config(images: loop.ImagesAt) -> TrainConfig:
    adam = fields(Adam)
    return TrainConfig(
        seed=META["seed"],
        data=images.config,
        generator=StyleGan2Generator(**fields(StyleGan2Generator)),
        discriminator=StyleGan2Discriminator(**fields(StyleGan2Discriminator)),
        objective=Logistic(**fields(Logistic)),
        augment={"type": META.get("augment", "none")},
        generator_optimizer=Adam(**adam, regularize_every=META["generator_regularize_every"]),
        discriminator_optimizer=Adam(**adam, regularize_every=META["discriminator_regularize_every"]),
        ema=Ema(**fields(Ema, "ema_")),
        batch=META["batch"],
        micro_batch=META.get("micro_batch", META["batch"]),
    )


def draws(dtype: torch.dtype) -> loop.Draws:
    """Return the stored draws; those of path lengths are skipped in iterations that measure none."""
    z, every = tensor(ARRAYS["z"], dtype), META["generator_regularize_every"] or 1
    noise = tensor(ARRAYS["pl_noise"][::every], dtype).flatten(0, 1) if "pl_noise" in ARRAYS else None
    return loop.Draws(META.get("phases", PHASES), z, z.new_zeros(*z.shape[:3], 0), noise, real=None)


def repeated(dtype: torch.dtype, folder: Path) -> loop.Repeated:
    """Return the stepper at the start of the stored run."""
    images = loop.written(folder, ARRAYS["images"], None, 0)
    run = loop.repeated(config(images), images, draws(dtype), dtype, META.get("noise", "none"))
    for name, network in networks_of(run).items():
        networks.load(network, below(ARRAYS, f"{START}/{name}"))
    run.objective.load_state_dict({"path_length_mean": tensor(ARRAYS.get(f"{START}/pl_mean", np.zeros([])), dtype)})
    return run


def networks_of(run: loop.Repeated) -> dict[str, nn.Module]:
    state = run.stepper.state
    return {"G": state.generator, "D": state.discriminator, "G_ema": state.average}


def distance(here: Arrays, there: Arrays) -> float:
    """Return sqrt(sum |here - there|^2) over all tensors of `there`."""
    return math.sqrt(sum(float(np.square(here[name] - value).sum()) for name, value in there.items()))


def check(run: loop.Repeated, iterations: int, tolerance: float) -> None:
    for name, network in networks_of(run).items():
        start, golden = below(ARRAYS, f"{START}/{name}"), below(ARRAYS, f"{iterations:03d}/{name}")
        mine = {key: value.double().cpu().numpy() for key, value in network.state_dict().items()}
        error, travelled = distance(mine, golden), distance(start, golden)
        assert error <= SLACK * tolerance * travelled, (
            f"{name} is off by {error:.2e} of {travelled:.2e} after {iterations}"
        )
    if f"{iterations:03d}/pl_mean" in ARRAYS:
        mean = float(run.objective.path_length.mean)
        assert mean == pytest.approx(float(ARRAYS[f"{iterations:03d}/pl_mean"]), rel=tolerance, abs=0)


@cases(FILE, list(TOLERANCE) if KEPT else [])
def test_training_follows_the_official_loop(case: torch.dtype, tmp_path: Path) -> None:
    run = repeated(case, tmp_path)
    for iteration in range(1, len(ARRAYS["z"]) + 1):
        run.stepper.step()
        if iteration in KEPT:
            check(run, iteration, TOLERANCE[case])
    if "order" in ARRAYS:
        assert np.array_equal(np.stack(run.batches.shown), ARRAYS["order"])
