"""Whole networks against the reference: names, latents, images, block activations, logits and gradients."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.golden import networks
from tests.golden.cases import Arrays, assert_close, below, cases, load, tensor
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator

FILES = {name: load(name) for name in ("04_net_main.npz", "05_net_variants.npz")}
CASES = {f"{name[:2]}-{case}": (name, case) for name, (meta, _) in FILES.items() for case in meta.get("cfg", {})}
MODULATIONS = ("activations", "per-sample")
BOTH = [(case, modulation) for case in CASES for modulation in MODULATIONS]
MISSING = "04_net_main.npz or 05_net_variants.npz"


class Golden:
    """One case: its configuration and arrays, with comparisons of quantities that a case may lack."""

    def __init__(self, case: str) -> None:
        file, self.name = CASES[case]
        self.meta, arrays = FILES[file]
        self.cfg: dict[str, Any] = self.meta["cfg"][self.name]
        self.arrays: Arrays = below(arrays, self.name)
        half = self.cfg["G"].get("num_fp16_res", 0) or self.cfg["D"].get("num_fp16_res", 0)
        self.ratio = 1e-2 if half else 1e-5

    def generator(self, modulation: str = "activations") -> Generator:
        return networks.generator(self.cfg["G"], below(self.arrays, "G"), modulation)

    def discriminator(self) -> Discriminator:
        return networks.discriminator(self.cfg["D"], below(self.arrays, "D"))

    def condition(self, name: str, like: str, dim: int) -> Tensor:
        if name in self.arrays:
            return tensor(self.arrays[name])
        return torch.zeros(len(self.arrays[like]), dim)

    def latents(self) -> tuple[Tensor, Tensor]:
        return tensor(self.arrays["z"]), self.condition("c", "z", self.cfg["G"].get("cd", 0))

    def check(self, name: str, result: Callable[[], Tensor], floor: float = 0.0) -> None:
        if name in self.arrays:
            assert_close(result(), self.arrays[name], self.ratio, floor)


@cases(MISSING, list(CASES))
def test_state_dicts_have_the_reference_names_shapes_and_order(case: str) -> None:
    golden = Golden(case)
    for letter, network in (("G", golden.generator()), ("D", golden.discriminator())):
        wanted = below(golden.arrays, letter)
        assert {k: tuple(v.shape) for k, v in network.state_dict().items()} == {k: v.shape for k, v in wanted.items()}
        names = golden.meta[f"{letter}_param_names"].get(golden.name)
        assert names is None or names == [name for name, _ in network.named_parameters()]


@cases(MISSING, list(CASES))
def test_latents_and_truncation_agree(case: str) -> None:
    golden = Golden(case)
    mapping, (z, c) = golden.generator().mapping, golden.latents()
    golden.check("ws", lambda: mapping(z, c)[:, 0])
    golden.check("ws_psi0.7", lambda: mapping(z, c, truncation_psi=0.7)[:, 0])
    golden.check("ws_psi0.7_cut3", lambda: mapping(z, c, truncation_psi=0.7, truncation_cutoff=3))
    mapping(z, c, update_w_avg=True)
    golden.check("w_avg_after_train_fwd", lambda: mapping.w_avg)


@cases(MISSING, BOTH)
def test_images_agree(case: tuple[str, str]) -> None:
    golden = Golden(case[0])
    G, (z, c) = golden.generator(case[1]), golden.latents()
    golden.check("img_const", lambda: G(z, c, noise_mode="const"))
    golden.check("img_none", lambda: G.synthesis(G.mapping(z[:1], c[:1]), noise_mode="none"))
    golden.check("img_psi0.7_cut3", lambda: G(z[:1], c[:1], 0.7, 3, noise_mode="const"))
    golden.check("img_wmix", lambda: G.synthesis(tensor(golden.arrays["wmix"]), noise_mode="const"))
    golden.check("img_const_train", lambda: G.train()(z[:1], c[:1], noise_mode="const"))


@cases(MISSING, list(CASES))
def test_logits_agree(case: str) -> None:
    golden = Golden(case)
    D, (_, c) = golden.discriminator(), golden.latents()
    golden.check("logits", lambda: D(tensor(golden.arrays["img_const"]), c)[:, 0], floor=1.0)
    xc = golden.condition("xc", "x", golden.cfg["D"].get("cd", 0))
    golden.check("x_logits", lambda: D(tensor(golden.arrays["x"]), xc)[:, 0], floor=1.0)


@cases(MISSING, list(CASES))
def test_gradients_of_the_discriminator_agree(case: str) -> None:
    golden = Golden(case)
    if "dx" not in golden.arrays:
        pytest.skip("the case has no gradients")
    D, x = golden.discriminator(), tensor(golden.arrays["x"]).requires_grad_()
    D(x, golden.condition("xc", "x", golden.cfg["D"].get("cd", 0))).sum().backward()
    golden.check("dx", lambda: x.grad)
    golden.check("D_gradnorms", lambda: networks.gradient_norms(D, golden.meta["D_param_names"][golden.name]))


@cases(MISSING, BOTH)
def test_gradients_of_the_generator_agree(case: tuple[str, str]) -> None:
    golden = Golden(case[0])
    if "cot" not in golden.arrays:
        pytest.skip("the case has no gradients")
    G, (z, c) = golden.generator(case[1]), golden.latents()
    z.requires_grad_()
    G(z, c, noise_mode="const").backward(tensor(golden.arrays["cot"]))
    golden.check("dz", lambda: z.grad)
    golden.check("G_gradnorms", lambda: networks.gradient_norms(G, golden.meta["G_param_names"][golden.name]))


@cases(MISSING, list(CASES))
def test_activations_of_every_block_agree(case: str) -> None:
    golden = Golden(case)
    stored = [key for key in golden.arrays if key.startswith(("Gact/", "Dact/"))]
    if not stored:
        pytest.skip("the case has no block activations")
    G, D, (z, c) = golden.generator(), golden.discriminator(), golden.latents()
    seen: dict[str, Tensor] = {}
    watch(G.synthesis, "Gact", seen)
    watch(D, "Dact", seen)
    G(z[:1], c[:1], noise_mode="const")
    x = tensor(golden.arrays["x"][:1])
    D(x, golden.condition("xc", "x", golden.cfg["D"].get("cd", 0))[:1])
    for key in stored:
        golden.check(key, lambda key=key: seen[key])


def watch(network: torch.nn.Module, prefix: str, seen: dict[str, Tensor]) -> None:
    """Keep what every block b4, b8, ... returns in `seen`."""

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: torch.nn.Module, _inputs: Any, output: Any) -> None:
            x, image = output if isinstance(output, tuple) else (output, None)
            seen[f"{prefix}/{name}/x"], seen[f"{prefix}/{name}/img"] = x, image

        return hook

    for name, block in network.named_children():
        block.register_forward_hook(keep(name))
