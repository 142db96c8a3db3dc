"""The first steps of the real stepper against the reference, in float32 and in float64."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.golden import loop, networks, training
from tests.golden.cases import Arrays, assert_close, below, cases, largest, load, tensor
from trainer.augment.ada import AdaAugmenter
from trainer.config.augment import AdaAugment, NoAugment
from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.config.train import TrainConfig
from trainer.config.training import Adam, Ema

FILE = "07_trajectory.npz"
META, ARRAYS = load(FILE)
ADA = AdaAugment(target=0.6, interval=4, horizon_kimg=500)  # the file tells what ADA would have done
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def tolerance(step: int, steps: int, dtype: torch.dtype) -> float:
    """Return the ratio for `step`: training is chaotic, so it grows with the step in float32."""
    if dtype == torch.float64:
        return 1e-6
    if steps <= 8:
        return 1e-5
    return 1e-4 if step < 12 else 1e-3 if step < 16 else 3e-2


def phases_of(network: str, interval: int | None) -> list[str]:
    """Return the phases of a network: without an interval, loss and regularisation are one step."""
    return [f"{network}both"] if interval is None else [f"{network}main", f"{network}reg"]


class Trajectory:
    """One stored run, replayed step by step."""

    def __init__(self, case: str, dtype: torch.dtype, folder: Path) -> None:
        self.spec, self.arrays, self.dtype = META["cases"][case], below(ARRAYS, case), dtype
        self.cdim = self.spec["cfg"]["G"].get("cd", 0)
        images = loop.written(folder, self.arrays["images_u8"], self.arrays["labels"].tolist(), self.cdim)
        self.phases = phases_of("G", self.spec["G_reg_interval"]) + phases_of("D", self.spec["D_reg_interval"])
        self.ada = AdaAugmenter(ADA)
        config = self.config(images)
        self.run = loop.repeated(config, images, self.draws(), dtype, "const", self.ada)
        self.state = self.run.stepper.state
        for network, prefix in (
            (self.state.generator, "G"),
            (self.state.average, "G"),
            (self.state.discriminator, "D"),
        ):
            networks.load(network, below(self.arrays, prefix))
        self.history: dict[str, list[Any]] = {key: [] for key in self.wanted("hist")}

    def wanted(self, kind: str) -> Arrays:
        """Return the reference array for the arithmetic of this run."""
        return below(self.arrays, f"{kind}_f64" if self.dtype == torch.float64 else kind)

    def config(self, images: loop.ImagesAt) -> TrainConfig:
        spec, (beta1, beta2) = self.spec, self.spec["betas"]
        cfg, adam = spec["cfg"], {"lr": spec["lr"], "beta1": beta1, "beta2": beta2, "epsilon": 1e-8}
        return TrainConfig(
            data=images.config,
            generator=StyleGan2Generator(**networks.settings(cfg["G"])),
            discriminator=StyleGan2Discriminator(**networks.settings(cfg["D"])),
            objective=training.loss_of({key: spec[key] for key in training.FIELDS if key in spec}),
            augment=NoAugment(),
            generator_optimizer=Adam(**adam, regularize_every=spec["G_reg_interval"]),
            discriminator_optimizer=Adam(**adam, regularize_every=spec["D_reg_interval"]),
            ema=Ema(half_life_kimg=spec["ema_kimg"], rampup=spec.get("ema_rampup")),
            batch=spec["batch"],
            micro_batch=spec["batch"],
        )

    def draws(self) -> loop.Draws:
        arrays = self.arrays
        noise = tensor(arrays["pl_noise"], self.dtype).flatten(0, 1) if "pl_noise" in arrays else None
        conditions = loop.one_hot(arrays["gen_c_idx"], self.cdim, self.dtype)
        return loop.Draws(self.phases, tensor(arrays["z"], self.dtype), conditions, noise, arrays["real_idx"])

    def replay(self) -> None:
        for _ in range(self.spec["steps"]):
            self.run.recorder.stats = {}
            self.run.stepper.step()
            self.record(self.run.recorder.stats)

    def record(self, stats: dict[str, Tensor]) -> None:
        """Keep the means of a step, NaN for what no phase reports."""
        means = {name: float(value.mean()) for name, value in stats.items()}
        for key, values in self.history.items():
            if key == "gradnorm_phase":
                names = (f"Gradients/{name.replace('both', 'main')}" for name in self.phases)
                values.append([means.get(name, float("nan")) for name in names])
            elif key == "ada_p":
                values.append(self.ada.p)
            elif key == "pl_mean":
                values.append(float(self.run.objective.path_length.mean))
            else:
                values.append(means.get(key, float("nan")))

    @torch.no_grad()
    def final(self, name: str, count: int) -> Tensor:
        """Return images of the first `count` latents, logits of as many real images, or the norms of all tensors."""
        state, arrays = self.state, self.arrays
        if name == "logits":
            real = tensor(arrays["images_u8"][:count], self.dtype) / 127.5 - 1
            c = loop.one_hot(arrays["labels"][:count], self.cdim, self.dtype)
            logits: Tensor = state.discriminator(real, c)[:, 0]
            return logits
        kind, _, which = name.rpartition("_")
        if which == "norms":
            return norms_of(self.network(kind), self.spec["D_names" if kind == "D" else "G_names"])
        z = tensor(arrays["z"][0, 0, :count], self.dtype)
        c = loop.one_hot(arrays["gen_c_idx"][0, 0, :count], self.cdim, self.dtype)
        images: Tensor = self.network(which)(z, c, noise_mode="const")
        return images

    def network(self, name: str) -> nn.Module:
        return {"G": self.state.generator, "Gema": self.state.average, "D": self.state.discriminator}[name]


def norms_of(network: nn.Module, names: list[str]) -> Tensor:
    state = network.state_dict()
    return torch.stack([state[name].norm() for name in names])


def check_history(history: dict[str, list[Any]], wanted: Arrays, dtype: torch.dtype) -> None:
    for name, values in wanted.items():
        scale = max(largest(values), 1.0 if "scores" in name else 0.0)
        for step, value in enumerate(values):
            assert_close(np.array(history[name][step]), value, tolerance(step, len(values), dtype), floor=scale)


@cases(FILE, [(case, precision) for case in META.get("cases", {}) for precision in PRECISIONS])
def test_training_follows_the_reference(case: tuple[str, str], tmp_path: Path) -> None:
    dtype = PRECISIONS[case[1]]
    trajectory = Trajectory(case[0], dtype, tmp_path)
    trajectory.replay()
    check_history(trajectory.history, trajectory.wanted("hist"), dtype)
    steps = trajectory.spec["steps"]
    for name, value in trajectory.wanted("final").items():
        floor = 1.0 if name == "logits" else 0.0
        assert_close(trajectory.final(name, len(value)), value, tolerance(steps - 1, steps, dtype), floor)
