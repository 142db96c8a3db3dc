"""The first steps of training against the reference, in float32 and in float64."""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.golden import networks, training
from tests.golden.cases import Arrays, assert_close, below, cases, largest, load, tensor
from trainer.augment.ada import AdaAugmenter
from trainer.config.augment import AdaAugment
from trainer.model.generator import Generator
from trainer.objectives.phases import MicroBatch, complete_gradients, is_due, local, train_only
from trainer.objectives.regularised import Intervals

FILE = "07_trajectory.npz"
META, ARRAYS = load(FILE)
PHASES = ("Gmain", "Greg", "Dmain", "Dreg")
ADA = AdaAugment(target=0.6, interval=4, horizon_kimg=500)  # the file tells what ADA would have done
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def tolerance(step: int, steps: int, dtype: torch.dtype) -> float:
    """Return the ratio for `step`: training is chaotic, so it grows with the step in float32."""
    if dtype == torch.float64:
        return 1e-6
    if steps <= 8:
        return 1e-5
    return 1e-4 if step < 12 else 1e-3 if step < 16 else 3e-2


def adam(parameters: Any, spec: dict[str, Any], interval: int) -> torch.optim.Adam:
    """Return Adam with the correction for lazy regularisation: lr r, beta^r, r = k / (k + 1)."""
    r = interval / (interval + 1)
    return torch.optim.Adam(parameters, lr=spec["lr"] * r, betas=tuple(b**r for b in spec["betas"]), eps=1e-8)


def move_average(average: Generator, generator: Generator, spec: dict[str, Any], images_seen: int) -> None:
    """Move the parameters of `average`; its buffers are copied."""
    half_life = spec["ema_kimg"] * 1000
    if spec.get("ema_rampup") is not None:
        half_life = min(half_life, images_seen * spec["ema_rampup"])
    beta = 0.5 ** (spec["batch"] / max(half_life, 1e-8))
    for mine, theirs in zip(average.parameters(), generator.parameters(), strict=True):
        mine.data.copy_(theirs.data.lerp(mine.data, beta))
    for mine, theirs in zip(average.buffers(), generator.buffers(), strict=True):
        mine.copy_(theirs)


def norm(network: nn.Module) -> float:
    return float(torch.sqrt(sum(p.grad.square().sum() for p in network.parameters())))


class Trajectory:
    """One stored run, replayed step by step."""

    def __init__(self, case: str, dtype: torch.dtype) -> None:
        self.spec, self.arrays, self.dtype = META["cases"][case], below(ARRAYS, case), dtype
        cfg = self.spec["cfg"]
        self.G = networks.generator(cfg["G"], below(self.arrays, "G"), dtype=dtype).train()
        self.D = networks.discriminator(cfg["D"], below(self.arrays, "D"), dtype=dtype).train()
        self.G_ema = deepcopy(self.G).eval()
        intervals = Intervals(self.spec["G_reg_interval"], self.spec["D_reg_interval"])
        loss = {key: self.spec[key] for key in training.FIELDS if key in self.spec}
        self.objective = training.objective(self.G, self.D, loss, intervals=intervals)
        self.optimizers = {
            "G": adam(self.G.parameters(), self.spec, intervals.generator),
            "D": adam(self.D.parameters(), self.spec, intervals.discriminator),
        }
        self.ada = AdaAugmenter(ADA)
        self.path_calls = 0
        self.history: dict[str, list[float]] = {key: [] for key in below(self.arrays, "hist")}

    def run(self) -> None:
        for step in range(self.spec["steps"]):
            self.step(step)

    def step(self, step: int) -> None:
        stats: dict[str, Tensor] = {}
        norms = [float("nan")] * len(PHASES)
        for phase in self.objective.phases:
            if not is_due(phase, step):
                continue
            index = PHASES.index(phase.name)
            network = self.G if phase.network == "G" else self.D
            train_only(phase.network, self.G, self.D)
            network.zero_grad(set_to_none=True)
            result = phase.loss(self.micro_batch(step, index))
            (result.loss.mean() * phase.gain).backward()
            phase.finish(local)
            complete_gradients(network.parameters())
            norms[index] = norm(network)
            self.optimizers[phase.network].step()
            stats = result.stats | stats
            self.ada.observe(result.stats)
        move_average(self.G_ema, self.G, self.spec, step * self.spec["batch"])
        self.ada.step(step + 1, self.spec["batch"])
        self.record(stats, norms)

    def micro_batch(self, step: int, phase: int) -> MicroBatch:
        index = self.arrays["real_idx"][step]
        if PHASES[phase] == "Greg":
            training.set_path_noise(self.objective, tensor(self.arrays["pl_noise"][self.path_calls]))
            self.path_calls += 1
        return MicroBatch(
            real=self.images(index),
            real_c=self.condition(self.arrays["labels"][index]),
            z=tensor(self.arrays["z"][step, phase], self.dtype),
            gen_c=self.condition(self.arrays["gen_c_idx"][step, phase]),
        )

    def images(self, index: Any) -> Tensor:
        return tensor(self.arrays["images_u8"][index], self.dtype) / 127.5 - 1

    def condition(self, classes: np.ndarray) -> Tensor:
        return training.one_hot(classes, self.G.condition_dim, self.dtype)

    def record(self, stats: dict[str, Tensor], norms: list[float]) -> None:
        """Keep the means of a step; of a statistic that several phases report, the first."""
        for key, values in self.history.items():
            if key == "gradnorm_phase":
                values.append(norms)
            elif key == "ada_p":
                values.append(self.ada.p)
            elif key == "pl_mean":
                values.append(float(self.objective.path_length.mean))
            elif key.startswith("Loss/"):
                values.append(float(stats[key].mean()) if key in stats else float("nan"))

    def final(self) -> dict[str, Tensor]:
        z, c = tensor(self.arrays["z"][0, 0, :2], self.dtype), self.condition(self.arrays["gen_c_idx"][0, 0, :2])
        first = np.arange(8)
        with torch.no_grad():
            return {
                "img_G": self.G(z, c, noise_mode="const"),
                "img_Gema": self.G_ema(z, c, noise_mode="const"),
                "logits": self.D(self.images(first), self.condition(self.arrays["labels"][first]))[:, 0],
                "G_norms": norms_of(self.G, self.spec["G_names"]),
                "D_norms": norms_of(self.D, self.spec["D_names"]),
                "Gema_norms": norms_of(self.G_ema, self.spec["G_names"]),
            }


def norms_of(network: nn.Module, names: list[str]) -> Tensor:
    state = network.state_dict()
    return torch.stack([state[name].norm() for name in names])


def check_history(history: dict[str, list[float]], wanted: Arrays, dtype: torch.dtype) -> None:
    for name, values in wanted.items():
        scale = max(largest(values), 1.0 if "scores" in name else 0.0)
        for step, value in enumerate(values):
            assert_close(np.array(history[name][step]), value, tolerance(step, len(values), dtype), floor=scale)


@cases(FILE, [(case, precision) for case in META.get("cases", {}) for precision in PRECISIONS])
def test_training_follows_the_reference(case: tuple[str, str]) -> None:
    dtype = PRECISIONS[case[1]]
    trajectory = Trajectory(case[0], dtype)
    trajectory.run()
    suffix = "_f64" if dtype == torch.float64 else ""
    check_history(trajectory.history, below(trajectory.arrays, f"hist{suffix}"), dtype)
    steps, final = trajectory.spec["steps"], trajectory.final()
    for name, value in below(trajectory.arrays, f"final{suffix}").items():
        assert_close(final[name], value, tolerance(steps - 1, steps, dtype), floor=1.0 if name == "logits" else 0.0)
