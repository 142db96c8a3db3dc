"""BigGAN: inputs of each block, standing statistics, spectral norms, orthogonal weights, truncation by resampling."""

import math
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from scipy import stats
from scipy.special import ndtr
from torch import Tensor

from tests.methods.test_every_choice import CHOICES, stepper
from tests.support.stage import make_stage
from tests.support.trials import TrialMaker
from trainer.attempt.run import read_attempt, run_attempt
from trainer.config.networks.biggan import BigGanDiscriminator, BigGanGenerator
from trainer.config.training import Hinge
from trainer.errors import UserError
from trainer.files import read_lines
from trainer.images.latents import z_of_seeds
from trainer.methods.orthogonal import crosstalk, network_crosstalk
from trainer.model.biggan.discriminator import BigGanDiscriminatorNetwork
from trainer.model.biggan.generator import BigGanGeneratorNetwork
from trainer.model.biggan.layers import Attention, Drawing, Normalised
from trainer.model.standing_statistics import StandingNorm, join_statistics
from trainer.objectives.hinge import HingeObjective
from trainer.objectives.regularised import Intervals
from trainer.registry import build
from trainer.runtime.signals import StopRequest
from trainer.runtime.world import World

FORK = multiprocessing.get_context("fork")
HALF, REST = slice(4), slice(4, 8)
DRAWING = Drawing("orthogonal", 1e-6)


def generator(classes: int = 3, **settings: Any) -> BigGanGeneratorNetwork:
    torch.manual_seed(0)
    defaults = {"z_dim": 12, "channels": 2, "embedding_dim": 5, "attention": 8, "standing_passes": 4}
    network: BigGanGeneratorNetwork = build(BigGanGenerator(**defaults | settings), 16, 3, classes)
    return network


def discriminator(classes: int = 3) -> BigGanDiscriminatorNetwork:
    torch.manual_seed(0)
    network: BigGanDiscriminatorNetwork = build(BigGanDiscriminator(channels=2, attention=8), 16, 3, classes)
    return network


def rows(*labels: int) -> Tensor:
    return torch.eye(3)[list(labels)]


def draw_labels(count: int, draws: torch.Generator) -> Tensor:
    return torch.eye(3)[torch.randint(3, [count], generator=draws)]


def test_every_block_has_a_part_of_z_and_the_shared_embedding() -> None:
    network, z = generator(), torch.arange(12.0)[None]
    ws = network.mapping(z, rows(1))
    assert ws.shape == (1, 3, 4 + 5)
    assert torch.equal(ws[0, :, :4], z.view(3, 4))
    assert all(torch.equal(w, network.mapping.embedding[1]) for w in ws[0, :, 4:])


def test_without_hierarchy_every_block_has_the_whole_z() -> None:
    z = torch.randn(2, 12)
    ws = generator(hierarchical=False).mapping(z, rows(0, 1))
    assert all(torch.equal(ws[:, layer, :12], z) for layer in range(3))


def test_without_classes_normalisation_depends_on_z_alone() -> None:
    network = generator(classes=0)
    assert network.mapping.w_dim == 4
    norm = network.get_submodule("synthesis.blocks.b8.norm0")
    x = torch.randn(4, 8, 4, 4)
    first, second = (norm(x, w.expand(4, -1)) for w in torch.randn(2, 1, 4))
    assert not torch.allclose(first, second)
    assert not hasattr(discriminator(classes=0), "embedding")


def test_class_enters_behind_the_first_features() -> None:
    network, z = generator(), torch.randn(1, 12).expand(4, -1)
    ws = network.mapping(z, rows(0, 0, 1, 1))
    features = network.get_submodule("synthesis.dense")(ws[:, 0, :4])
    assert torch.equal(features[0], features[2])
    images = network.synthesis(ws)
    assert not torch.allclose(images[0], images[2])


def test_score_is_projected_on_the_class() -> None:
    network, images = discriminator(), torch.randn(2, 3, 16, 16)
    features = network.features(images)
    apart = network(images, rows(0, 0)) - network(images, rows(2, 2))
    difference = network.embedding(rows(0)) - network.embedding(rows(2))
    torch.testing.assert_close(apart, features @ difference.T, rtol=1e-4, atol=1e-5)


def test_published_networks_have_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        G, D = build(BigGanGenerator(z_dim=120), 128, 3, 1000), build(BigGanDiscriminator(), 128, 3, 1000)
    assert [round(sum(p.numel() for p in net.parameters()) / 1e6, 2) for net in (G, D)] == [70.43, 87.98]


def test_weights_begin_orthogonal() -> None:
    weight = DRAWING.weight(4, 6, 3, 3).flatten(1)
    torch.testing.assert_close(weight @ weight.T, torch.eye(4), rtol=1e-4, atol=1e-5)
    assert Drawing("normal", 1e-6).weight(50, 500).std().item() == pytest.approx(0.02, rel=0.05)


def test_crosstalk_is_zero_for_orthogonal_filters_of_any_length() -> None:
    assert crosstalk(torch.diag(torch.tensor([1.0, 5.0, 0.1]))) == 0
    assert crosstalk(torch.tensor([[1.0, 2.0], [3.0, 0.0]])) == 18
    assert network_crosstalk(generator()) > 0


def test_embeddings_are_left_out_of_the_regularisation() -> None:
    network = generator()
    network_crosstalk(network).backward()
    assert network.mapping.embedding.grad is None
    assert network.get_parameter("synthesis.dense.weight").grad is not None


def test_gradient_of_the_regularisation_agrees_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(crosstalk, torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True))


def test_attention_begins_as_the_identity_and_then_mixes_pixels() -> None:
    layer, x = Attention(DRAWING, 16), torch.randn(2, 16, 8, 8)
    assert torch.equal(layer(x), x)
    torch.nn.init.ones_(layer.gamma)
    flat = torch.ones(2, 16, 8, 8)
    torch.testing.assert_close(layer(flat) - flat, layer.out(layer.value(flat)), rtol=1e-4, atol=1e-5)
    moved = x.clone()
    moved[:, :, 7, 7] += 5
    assert not torch.allclose(layer(moved)[:, :, 0, 0], layer(x)[:, :, 0, 0])


def test_norms_become_one_by_iterations_of_training_and_not_by_passes() -> None:
    layer = Normalised(Drawing("normal", 1e-6), 8, 4, 3, 3)
    u = layer.norm.u.clone()
    layer(torch.randn(1, 4, 5, 5))
    assert torch.equal(layer.norm.u, u)
    for _ in range(50):
        layer.advance()
    sigma = torch.linalg.matrix_norm(layer.norm(layer.weight).flatten(1), 2).item()
    assert sigma == pytest.approx(1, abs=1e-4)


def test_an_iteration_moves_the_vectors_of_both_networks(tiny_set: Path, tmp_path: Path) -> None:
    made = stepper(CHOICES["biggan"], tiny_set, tmp_path)
    layers = [made.state.generator.get_submodule("synthesis.dense"), made.state.discriminator.get_submodule("out")]
    before = [layer.get_buffer("norm.u").clone() for layer in layers]
    made.step()
    assert all(not torch.equal(layer.get_buffer("norm.u"), u) for layer, u in zip(layers, before, strict=True))


def test_two_steps_of_d_for_each_of_g_that_counts_once() -> None:
    made = make_stage()
    spec = Hinge(discriminator_steps=2)
    phases = HingeObjective(spec, made.generator, made.augmented_discriminator, Intervals(None, None)).phases
    assert [(phase.name, phase.interval, phase.gain) for phase in phases] == [("Gmain", 2, 1.0), ("Dmain", 1, 1.0)]


def test_images_need_standing_statistics() -> None:
    network = generator().eval()
    with pytest.raises(RuntimeError, match="there are no statistics yet"):
        network(torch.randn(2, 12), rows(0, 1))


def test_standing_statistics_are_a_function_of_the_weights_and_leave_the_network_alone() -> None:
    network = generator()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first, second = (network.presentable(draw_labels) for _ in range(2))
    z, c = torch.randn(2, 12), rows(0, 1)
    assert torch.equal(first(z, c), second(z, c))
    torch.testing.assert_close(first(z, c)[:1], first(z[:1], c[:1]), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_standing_statistics_are_means_over_passes() -> None:
    norm = StandingNorm(2)
    norm.measuring = True
    batches = [torch.randn(8, 2, 3, 3) * 2 + 1 for _ in range(5)]
    for batch in batches:
        norm(batch)
    norm.eval().measuring = False
    mean = torch.stack([batch.mean(dim=(0, 2, 3)) for batch in batches]).mean(dim=0)
    variance = torch.stack([batch.var(dim=(0, 2, 3), unbiased=False) for batch in batches]).mean(dim=0)
    x = torch.randn(1, 2, 3, 3)
    wanted = (x - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt()
    torch.testing.assert_close(norm(x), wanted)


def _half(rank: int, meeting: Path, z: Tensor, c: Tensor, queue: "multiprocessing.Queue[Any]") -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    world, network, mine = World(rank, 2), generator().double(), (HALF, REST)[rank]
    join_statistics(network, world)
    images, gradients = images_and_gradients(network, z[mine], c[mine])
    world.sum_(gradients)
    queue.put((rank, images.numpy(), [gradient.numpy() for gradient in gradients]))
    dist.destroy_process_group()


def images_and_gradients(network: BigGanGeneratorNetwork, z: Tensor, c: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return images, and the gradients of a loss that is a sum over images."""
    images = network(z, c)
    images.pow(3).sum().backward()
    return images.detach(), [p.grad for p in network.parameters() if p.grad is not None]


def test_two_ranks_that_join_statistics_compute_what_one_does_with_the_whole_batch(tmp_path: Path) -> None:
    z, c = torch.randn(8, 12, dtype=torch.float64), rows(0, 1, 2, 0, 1, 1, 2, 2).double()
    images, gradients = images_and_gradients(generator().double(), z, c)
    queue = FORK.Queue()
    processes = [FORK.Process(target=_half, args=(rank, tmp_path / "meeting", z, c, queue)) for rank in range(2)]
    for process in processes:
        process.start()
    halves = sorted((queue.get(timeout=120) for _ in processes), key=lambda half: half[0])
    for process in processes:
        process.join()
    torch.testing.assert_close(torch.cat([torch.from_numpy(half[1]) for half in halves]), images)
    for _, _, found in halves:
        torch.testing.assert_close([torch.from_numpy(gradient) for gradient in found], gradients)
    apart = torch.cat([images_and_gradients(generator().double(), z[part], c[part])[0] for part in (HALF, REST)])
    assert not torch.allclose(apart, images, atol=1e-3)


def test_the_extent_of_statistics_is_part_of_a_trial_only_where_it_is_the_batch() -> None:
    assert "statistics" not in BigGanGenerator().model_dump()
    assert BigGanGenerator(statistics="batch").model_dump()["statistics"] == "batch"


@pytest.mark.parametrize("threshold", [0.5, 1.0, 2.0])
def test_resampled_latents_are_truncated_normal(threshold: float) -> None:
    plain, z = z_of_seeds([0, 1, 2], 3000), z_of_seeds([0, 1, 2], 3000, threshold)
    assert z.abs().max() <= threshold
    kept = plain.abs() <= threshold
    assert torch.equal(z[kept], plain[kept])
    below, above = ndtr(-threshold), ndtr(threshold)
    assert stats.kstest(z.flatten().numpy(), lambda x: (ndtr(x) - below) / (above - below)).pvalue > 1e-3
    assert torch.equal(z[1], z_of_seeds([1], 3000, threshold)[0])


def test_there_is_no_w_to_truncate() -> None:
    with pytest.raises(UserError, match=r"--psi: this network has no w .*--resample"):
        generator().mapping(torch.randn(2, 12), rows(0, 1), 0.7)


def test_run_ends_in_a_snapshot_that_makes_images(trials: TrialMaker) -> None:
    from trainer.__main__ import main

    run = trials.make("big", **CHOICES["biggan"])
    job = trials.job(run, horizon_kimg=0.016, metrics=("fid20",))
    assert run_attempt(read_attempt(run.path, job), StopRequest()) == 0
    values = [row["value"] for row in read_lines(run.metrics)]
    assert values
    assert all(math.isfinite(value) for value in values)
    words = ["generate", str(run.snapshots / "latest.safetensors"), str(trials.root / "out.png"), "--seeds", "0-3"]
    assert main([*words, "--class", "1", "--resample", "0.5"]) == 0
    assert (trials.root / "out.png").stat().st_size > 0


def test_without_a_shared_embedding_every_normalisation_has_gains_by_class_and_z_enters_first_alone() -> None:
    network = generator(shared=False, hierarchical=False)
    assert not hasattr(network.mapping, "embedding")
    z = torch.randn(2, 12)
    ws = network.mapping(z, rows(0, 1))
    assert torch.equal(ws, torch.cat([z, rows(0, 1)], dim=1)[:, None].expand(-1, 3, -1))
    norm: Any = network.get_submodule("synthesis.blocks.b8.norm0")
    gain, shift, x = norm.embedded_gain, norm.embedded_shift, torch.randn(2, 8, 4, 4)
    expected = norm.norm(x) * (1 + gain[:, [0, 1]].T)[:, :, None, None] + shift[:, [0, 1]].T[:, :, None, None]
    torch.testing.assert_close(norm(x, rows(0, 1)), expected)
    moved = ws.clone()
    moved[:, 1:, :12] += 1
    assert torch.equal(network.synthesis(moved), network.synthesis(ws))
    network_crosstalk(network).backward()
    assert gain.grad is None


def test_parts_of_z_need_a_shared_embedding() -> None:
    with pytest.raises(ValueError, match="shared: false needs hierarchical: false"):
        BigGanGenerator(shared=False)


def test_the_generator_of_biggan_for_cifar_has_4_million_parameters() -> None:
    spec = BigGanGenerator(channels=64, shared=False, hierarchical=False, attention=None)
    with torch.device("meta"):
        network = build(spec, 32, 3, 10)
    assert round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 1) == 4.3
