"""The phases of an iteration: their order, their random draws, and invariance to micro-batches and ranks."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.model.tiny import tiny_discriminator, tiny_generator
from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.config.networks.stylegan2 import StyleGan2Generator
from trainer.config.training import Logistic
from trainer.model.discriminator import Discriminator
from trainer.model.generator import Generator
from trainer.objectives.generation import Generation, mixing_cutoff
from trainer.objectives.logistic import LogisticObjective
from trainer.objectives.phases import MicroBatch, MicroBatchMean, NetworkName, Phase, complete_gradients, is_due
from trainer.objectives.regularised import DiscriminatorR1, Intervals
from trainer.registry import build, implements
from trainer.runtime.world import World

NONE = torch.zeros(8, 0)


def objective(augment_images: Callable[[Tensor], Tensor] = lambda x: x, **settings: Any) -> LogisticObjective:
    spec = Logistic(**{"r1_gamma": 1.0, "style_mixing": 0.0} | settings)
    augmented_discriminator = AugmentedDiscriminator(tiny_discriminator(), lambda images, _role: augment_images(images))
    made: LogisticObjective = build(spec, tiny_generator(), augmented_discriminator, Intervals(4, 16))
    made.path_length.generation.noise_mode = "const"
    return made


def unaugmented(D: Discriminator) -> AugmentedDiscriminator:
    return AugmentedDiscriminator(D, lambda images, _role: images)


def micro_batch(count: int = 8) -> MicroBatch:
    torch.manual_seed(7)
    return MicroBatch(torch.randn(count, 1, 8, 8), NONE[:count], torch.randn(count, 4), NONE[:count])


def halves(whole: MicroBatch) -> list[MicroBatch]:
    return [MicroBatch(*parts) for parts in zip(*(tensor.chunk(2) for tensor in whole), strict=True)]


def ask_for_gradients(network: NetworkName, G: Generator, D: Discriminator) -> None:
    G.requires_grad_(network == "G")
    D.requires_grad_(network == "D")


def phase(made: LogisticObjective, name: str) -> Phase:
    return next(phase for phase in made.phases if phase.name == name)


def test_phases_come_in_the_order_of_an_iteration_with_their_lazy_intervals() -> None:
    phases = objective().phases
    assert [(p.name, p.network, p.interval, p.gain) for p in phases] == [
        ("Gmain", "G", 1, 1.0),
        ("Greg", "G", 4, 4.0),
        ("Dmain", "D", 1, 1.0),
        ("Dreg", "D", 16, 16.0),
    ]
    assert [p.name for p in phases if is_due(p, 0)] == ["Gmain", "Greg", "Dmain", "Dreg"]
    assert [p.name for p in phases if is_due(p, 4)] == ["Gmain", "Greg", "Dmain"]
    assert [p.name for p in phases if is_due(p, 15)] == ["Gmain", "Dmain"]


def test_weight_zero_leaves_a_regularisation_out() -> None:
    assert [p.name for p in objective(path_length_weight=0.0).phases] == ["Gmain", "Dmain", "Dreg"]
    assert [p.name for p in objective(r1_gamma=0.0).phases] == ["Gmain", "Greg", "Dmain"]


@pytest.mark.parametrize("name", ["Gmain", "Greg", "Dmain"])
def test_moving_averages_move_as_far_with_two_micro_batches_as_with_one(name: str) -> None:
    whole, split = objective(path_length_batch_shrink=1), objective(path_length_batch_shrink=1)
    for made, micro_batches in ((whole, [micro_batch()]), (split, halves(micro_batch()))):
        if name == "Greg":
            made.path_length.noise = lambda images: torch.ones_like(images)
        for part in micro_batches:
            phase(made, name).loss(part)
        phase(made, name).finish(World().sum)
    torch.testing.assert_close(averages(split), averages(whole), rtol=1e-5, atol=1e-7)
    assert averages(whole)[0].abs().sum() > 0


def averages(made: LogisticObjective) -> tuple[Tensor, Tensor]:
    return made.path_length.generation.generator.mapping.get_buffer("w_avg"), made.state_dict()["path_length_mean"]


def test_mean_over_micro_batches_counts_those_of_all_ranks() -> None:
    mean = MicroBatchMean()
    mean.add(torch.tensor([1.0, 2.0]))
    mean.add(torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(mean.take(lambda here: here * 2), torch.tensor([2.0, 3.0]))
    with pytest.raises(LookupError):
        mean.take(World().sum)


def test_r1_is_taken_at_the_image_before_the_augmentation() -> None:
    plain, doubled = objective(), objective(lambda x: 2 * x)
    once = micro_batch()
    halved = once._replace(real=once.real / 2)
    penalty = phase(plain, "Dreg").loss(once).stats["Loss/r1_penalty"]
    through = phase(doubled, "Dreg").loss(halved).stats["Loss/r1_penalty"]
    torch.testing.assert_close(through, 4 * penalty)


def test_every_image_of_the_discriminator_is_augmented() -> None:
    seen: list[int] = []

    def count(images: Tensor) -> Tensor:
        seen.append(len(images))
        return images

    made = objective(count)
    for one in made.phases:
        one.loss(micro_batch())
    assert seen == [8, 8, 8, 8]  # Gmain, Dmain fake and real, Dreg; path length needs no discriminator


def test_signs_of_real_images_are_reported_by_both_phases_that_see_them() -> None:
    made = objective()
    for name in ("Dmain", "Dreg"):
        stats = phase(made, name).loss(micro_batch()).stats
        assert torch.equal(stats["Loss/signs/real"], stats["Loss/scores/real"].sign())
        assert stats["Loss/signs/real"].shape == (8,)


def test_only_one_network_learns_in_a_phase() -> None:
    made, G, D = objective(), tiny_generator(), tiny_discriminator()
    made = LogisticObjective(Logistic(r1_gamma=1.0), G, unaugmented(D), Intervals(4, 16))
    for one in made.phases:
        ask_for_gradients(one.network, G, D)
        one.loss(micro_batch()).loss.mean().backward()
        learning, resting = (G, D) if one.network == "G" else (D, G)
        assert any(p.grad is not None for p in learning.parameters())
        assert all(p.grad is None for p in resting.parameters())
        complete_gradients(learning.parameters())
        assert all(p.grad is not None for p in learning.parameters())
        learning.zero_grad(set_to_none=True)


def test_state_goes_on_where_it_was() -> None:
    made, other = objective(), objective()
    phase(made, "Greg").loss(micro_batch())
    phase(made, "Greg").finish(World().sum)
    other.load_state_dict(made.state_dict())
    assert other.state_dict() == made.state_dict()
    assert float(made.state_dict()["path_length_mean"]) > 0


def test_mixing_takes_at_least_the_first_layer_and_happens_as_often_as_asked() -> None:
    torch.manual_seed(0)
    assert {mixing_cutoff(5, 1.0) for _ in range(200)} == {1, 2, 3, 4}
    assert {mixing_cutoff(5, 0.0) for _ in range(20)} == {5}
    assert sum(mixing_cutoff(5, 0.9) < 5 for _ in range(1000)) == pytest.approx(900, abs=40)


def test_mixed_latents_differ_from_a_layer_on() -> None:
    G = tiny_generator(16)
    z, c = torch.randn(2, 4), torch.zeros(2, 0)
    torch.manual_seed(1)
    ws = Generation(G, style_mixing=1.0).latents(z, c)
    same = (ws == G.mapping(z, c)).all(dim=2)
    cutoff = int(same[0].sum())
    assert 1 <= cutoff < G.num_ws
    assert same[:, :cutoff].all()
    assert not same[:, cutoff:].any()


@pytest.mark.parametrize("dtype", ["fp32", "fp16", "bf16"])
def test_regularisation_leaves_bf16_and_only_bf16(dtype: str) -> None:
    precision = {"dtype": dtype, "top_resolutions": 1}
    G, D = tiny_generator(precision=precision), tiny_discriminator(precision=precision)
    made = LogisticObjective(Logistic(r1_gamma=1.0), G, unaugmented(D), Intervals(4, 16))
    assert made.path_length.force_fp32 == (dtype == "bf16")
    r1 = phase(made, "Dreg")
    assert isinstance(r1, DiscriminatorR1)
    assert r1.force_fp32 == (dtype == "bf16")


def test_all_phases_run_in_bf16_with_finite_gradients() -> None:
    precision = {"dtype": "bf16", "top_resolutions": 2, "conv_clamp": 256}
    G, D = tiny_generator(16, precision=precision), tiny_discriminator(16, precision=precision)
    made = LogisticObjective(Logistic(r1_gamma=1.0), G, unaugmented(D), Intervals(4, 16))
    batch = micro_batch()._replace(real=torch.randn(8, 1, 16, 16))
    for one in made.phases:
        ask_for_gradients(one.network, G, D)
        one.loss(batch).loss.mean().backward()
    assert all(torch.isfinite(p.grad).all() for net in (G, D) for p in net.parameters() if p.grad is not None)


def test_noise_modes() -> None:
    G = tiny_generator()
    ws = torch.randn(2, G.num_ws, 4)
    assert torch.equal(G.synthesis(ws, "const"), G.synthesis(ws, "const"))
    assert torch.equal(G.synthesis(ws, "none"), G.synthesis(ws, "none"))
    assert not torch.equal(G.synthesis(ws, "random"), G.synthesis(ws, "random"))
    assert not torch.equal(G.synthesis(ws, "const"), G.synthesis(ws, "none"))


def test_labels_are_normalised_alone_or_together_with_the_latent() -> None:
    alone, together = tiny_generator(condition_dim=3), tiny_generator(condition_dim=3, normalize_label=False)
    z, c = torch.randn(4, 4), torch.eye(3)[[0, 1, 2, 0]]
    apart, joint = alone.mapping._inputs(z, c), together.mapping._inputs(z, c)
    ones = torch.ones(4)
    torch.testing.assert_close(apart[:, 4:].square().mean(dim=1), ones, atol=1e-4, rtol=0)
    torch.testing.assert_close(joint.square().mean(dim=1), ones, atol=1e-4, rtol=0)
    assert not torch.allclose(joint[:, 4:].square().mean(dim=1), ones, atol=1e-2)


def test_a_spec_without_implementation_is_named() -> None:
    class Unknown(StyleGan2Generator):
        pass

    with pytest.raises(LookupError, match="Unknown"):
        build(Unknown())


def test_what_implements_a_spec_is_called_with_it() -> None:
    class Known(StyleGan2Generator):
        pass

    @implements(Known)
    def made(spec: Known, size: int) -> tuple[Known, int]:
        return spec, size

    assert build(Known(), 3) == (Known(), 3)
    assert made(Known(), 3)[1] == 3
