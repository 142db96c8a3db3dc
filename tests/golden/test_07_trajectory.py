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
    """Return what a network is trained by: without an interval, loss and regularisation are one step."""
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
        self.history: dict[str, list[Any]] = {key: [] for key in below(self.arrays, "hist")}

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

    def final(self, wanted: Arrays) -> dict[str, Tensor]:
        """Return what `wanted` holds: images of the first latents, logits of the first real images, norms."""
        state, arrays = self.state, self.arrays
        shown = len(wanted.get("img_G", ()))
        z = tensor(arrays["z"][0, 0, :shown], self.dtype)
        c = loop.one_hot(arrays["gen_c_idx"][0, 0, :shown], self.cdim, self.dtype)
        first = np.arange(len(wanted.get("logits", ())))
        real = tensor(arrays["images_u8"][first], self.dtype) / 127.5 - 1
        with torch.no_grad():
            found = {
                "img_G": state.generator(z, c, noise_mode="const"),
                "img_Gema": state.average(z, c, noise_mode="const"),
                "logits": state.discriminator(real, loop.one_hot(arrays["labels"][first], self.cdim, self.dtype))[:, 0],
                "G_norms": norms_of(state.generator, self.spec["G_names"]),
                "D_norms": norms_of(state.discriminator, self.spec["D_names"]),
                "Gema_norms": norms_of(state.average, self.spec["G_names"]),
            }
        return {name: found[name] for name in wanted}


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
    suffix = "_f64" if dtype == torch.float64 else ""
    check_history(trajectory.history, below(trajectory.arrays, f"hist{suffix}"), dtype)
    wanted, steps = below(trajectory.arrays, f"final{suffix}"), trajectory.spec["steps"]
    final = trajectory.final(wanted)
    for name, value in wanted.items():
        assert_close(final[name], value, tolerance(steps - 1, steps, dtype), floor=1.0 if name == "logits" else 0.0)
