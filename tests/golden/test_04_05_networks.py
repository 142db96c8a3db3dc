"""Whole networks against the reference: names, latents, images, block activations, logits and gradients."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from tests.golden import networks
from tests.golden.cases import Arrays, assert_close, below, cases, load, stored, tensor
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.ops.modulated_conv2d import Modulation

FILES = {name: load(name) for name in ("04_net_main.npz", "05_net_variants.npz")}
CASES = {f"{name[:2]}-{case}": (name, case) for name, (meta, _) in FILES.items() for case in meta.get("cfg", {})}
MODULATIONS: tuple[Modulation, ...] = ("activations", "per-sample")
BOTH = [(case, modulation) for case in CASES for modulation in MODULATIONS]
MISSING = "04_net_main.npz or 05_net_variants.npz"
TRUNCATED = re.compile(r"_psi(?P<psi>[0-9.]+?)(_cut(?P<cutoff>[0-9]+))?$")


class Truncation(NamedTuple):
    """psi, and the number of layers it applies to (None: all)."""

    psi: float
    cutoff: int | None


class Golden:
    """One case: its configuration and arrays, with comparisons of quantities that a case may lack."""

    def __init__(self, case: str) -> None:
        file, self.name = CASES[case]
        self.meta, arrays = FILES[file]
        self.cfg: dict[str, Any] = self.meta["cfg"][self.name]
        self.arrays: Arrays = below(arrays, self.name)
        self.ratio = networks.HALF if networks.is_half(self.cfg) else 1e-5

    def generator(self, modulation: Modulation = "activations") -> Generator:
        return networks.generator(self.cfg["G"], below(self.arrays, "G"), modulation)

    def discriminator(self) -> Discriminator:
        return networks.discriminator(self.cfg["D"], below(self.arrays, "D"))

    def condition(self, name: str, like: str, network: str) -> Tensor:
        """Return the stored conditions, or those of an unconditional network."""
        classes = self.cfg[network].get("cd", 0)
        return self.given(name) if classes else torch.zeros(len(self.arrays[like]), 0)

    def latents(self) -> tuple[Tensor, Tensor]:
        return self.given("z"), self.condition("c", "z", "G")

    def given(self, name: str) -> Tensor:
        """Return an input; skip the test if it is missing."""
        return tensor(stored(self.arrays, name)[name])

    def real(self) -> tuple[Tensor, Tensor]:
        return self.given("x"), self.condition("xc", "x", "D")

    def parameter_names(self, letter: str, network: nn.Module) -> list[str]:
        own = [name for name, _ in network.named_parameters()]
        names: list[str] = self.meta.get(f"{letter}_param_names", {}).get(self.name, own)
        return names

    def truncations(self, prefix: str) -> dict[str, Truncation]:
        """Return how the arrays `prefix`_psi... are truncated, by name."""
        found = {name: TRUNCATED.match(name.removeprefix(prefix)) for name in self.arrays if name.startswith(prefix)}
        return {
            name: Truncation(float(match["psi"]), int(match["cutoff"]) if match["cutoff"] else None)
            for name, match in found.items()
            if match
        }

    def check(self, name: str, result: Callable[[int], Tensor | None], floor: float = 0.0) -> None:
        """Compare the array `name`, if it exists, with the result for as many samples."""
        if name in self.arrays:
            mine = result(len(self.arrays[name]))
            assert mine is not None, f"{name} is not computed"
            assert_close(mine, self.arrays[name], self.ratio, floor)


@cases(MISSING, list(CASES))
def test_state_dicts_have_the_reference_names_shapes_and_order(case: str) -> None:
    golden = Golden(case)
    for letter, network in (("G", golden.generator()), ("D", golden.discriminator())):
        wanted = below(golden.arrays, letter)
        assert {k: tuple(v.shape) for k, v in network.state_dict().items()} == {k: v.shape for k, v in wanted.items()}
        assert golden.parameter_names(letter, network) == [name for name, _ in network.named_parameters()]


@cases(MISSING, list(CASES))
def test_latents_and_truncation_agree(case: str) -> None:
    golden = Golden(case)
    mapping, (z, c) = golden.generator().mapping, golden.latents()
    golden.check("ws", lambda n: mapping(z, c)[:n, 0])
    for name, (psi, cutoff) in golden.truncations("ws").items():
        ws = mapping(z, c, truncation_psi=psi, truncation_cutoff=cutoff)
        golden.check(name, lambda n, ws=ws, cutoff=cutoff: ws[:n, 0] if cutoff is None else ws[:n])  # type: ignore[misc]
    mapping(z, c, update_w_avg=True)
    golden.check("w_avg_after_train_fwd", lambda _: mapping.w_avg)


@cases(MISSING, BOTH)
def test_images_agree(case: tuple[str, Modulation]) -> None:
    golden = Golden(case[0])
    G, (z, c) = golden.generator(case[1]), golden.latents()
    golden.check("img_const", lambda n: G(z[:n], c[:n], noise_mode="const"))
    golden.check("img_none", lambda n: G.synthesis(G.mapping(z[:n], c[:n]), noise_mode="none"))
    for name, truncation in golden.truncations("img").items():
        golden.check(name, lambda n, truncation=truncation: G(z[:n], c[:n], *truncation, noise_mode="const"))  # type: ignore[misc]
    golden.check("img_wmix", lambda _: G.synthesis(golden.given("wmix"), noise_mode="const"))
    golden.check("img_const_train", lambda n: G.train()(z[:n], c[:n], noise_mode="const"))


@cases(MISSING, list(CASES))
def test_logits_of_generated_images_agree(case: str) -> None:
    golden = Golden(case)
    images = tensor(stored(golden.arrays, "img_const", "logits")["img_const"])
    c = golden.condition("c", "img_const", "D")
    golden.check("logits", lambda _: golden.discriminator()(images, c)[:, 0], floor=1.0)


@cases(MISSING, list(CASES))
def test_logits_of_real_images_agree(case: str) -> None:
    golden = Golden(case)
    golden.check("x_logits", lambda _: golden.discriminator()(*golden.real())[:, 0], floor=1.0)


@cases(MISSING, list(CASES))
def test_gradients_of_the_discriminator_agree(case: str) -> None:
    golden = Golden(case)
    stored(golden.arrays, "dx")
    D, (x, c) = golden.discriminator(), golden.real()
    D(x.requires_grad_(), c).sum().backward()
    golden.check("dx", lambda _: x.grad)
    golden.check("D_gradnorms", lambda _: networks.gradient_norms(D, golden.parameter_names("D", D)))


@cases(MISSING, BOTH)
def test_gradients_of_the_generator_agree(case: tuple[str, Modulation]) -> None:
    golden = Golden(case[0])
    cotangent = golden.given("cot")
    G, (z, c) = golden.generator(case[1]), golden.latents()
    G(z.requires_grad_(), c, noise_mode="const").backward(cotangent)
    golden.check("dz", lambda _: z.grad)
    golden.check("G_gradnorms", lambda _: networks.gradient_norms(G, golden.parameter_names("G", G)))


@cases(MISSING, list(CASES))
def test_activations_of_every_block_agree(case: str) -> None:
    golden = Golden(case)
    kept = [key for key in golden.arrays if key.startswith(("Gact/", "Dact/"))]
    if not kept:
        pytest.skip("the case has no block activations")
    G, D, (z, c), (x, xc) = golden.generator(), golden.discriminator(), golden.latents(), golden.real()
    seen: dict[str, Tensor] = {}
    watch(G.synthesis, "Gact", seen)
    watch(D, "Dact", seen)
    G(z[:1], c[:1], noise_mode="const")
    D(x[:1], xc[:1])
    for key in kept:
        golden.check(key, lambda _, key=key: seen[key])  # type: ignore[misc]


def watch(network: nn.Module, prefix: str, seen: dict[str, Tensor]) -> None:
    """Keep what every block b4, b8, ... returns in `seen`."""

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            x, image = output if isinstance(output, tuple) else (output, None)
            seen[f"{prefix}/{name}/x"], seen[f"{prefix}/{name}/img"] = x, image

        return hook

    for name, block in network.named_children():
        block.register_forward_hook(keep(name))
