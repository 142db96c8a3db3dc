"""Progressive growing: the schedule at its boundaries, batches, learning rates, resets, and faded images."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.nn.functional import avg_pool2d

from tests.methods.test_every_choice import CHOICES, GROWTH, stepper
from tests.support.trials import TrialMaker
from trainer.attempt.run import read_attempt, run_attempt
from trainer.config.networks.stylegan_progan import (
    ProGanDiscriminator,
    ProGanGenerator,
    StyleGanDiscriminator,
    StyleGanGenerator,
)
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.spec import Spec
from trainer.files import read_lines
from trainer.model.growing.level import faded
from trainer.registry import build
from trainer.runtime.signals import StopRequest

WIDTH = {"channel_base": 64, "channel_max": 4}
STYLES: dict[str, Any] = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2, **WIDTH}
GENERATORS = [StyleGanGenerator(**STYLES), StyleGanGenerator(style="demodulation", **STYLES)]
DISCRIMINATORS = [StyleGanDiscriminator(**WIDTH), ProGanDiscriminator(**WIDTH)]
NOTHING = torch.zeros(4, 0)


@pytest.mark.parametrize(
    ("kimg", "level"),
    [(0, 2), (600, 2), (750, 2.25), (1200, 3), (1799.9, 3), (2100, 3.5), (2400, 4), (9000, 4)],
)
def test_level_at_the_boundaries_of_the_published_schedule(kimg: float, level: float) -> None:
    assert ProgressiveGrowing().level(round(kimg * 1000), 16) == pytest.approx(level)


def test_growing_from_8x8_begins_there() -> None:
    assert ProgressiveGrowing(first_resolution=8).level(0, 1024) == 3


def test_batches_change_at_the_first_look_inside_a_fade() -> None:
    spec = ProgressiveGrowing(stable_kimg=1, fade_kimg=1, batches={4: 30, 8: 20}, hold_iterations=4)
    segments = [tuple(segment) for segment in spec.batch_schedule(10, 16).segments]
    assert segments == [(0, 0, 30), (1080, 36, 20), (3080, 136, 10)]


BATCHES = st.sampled_from([{}, {4: 16}, {4: 64, 8: 16}, {8: 24}])


@given(BATCHES, st.integers(1, 4), st.integers(20, 400), st.integers(1, 300))
@example({4: 16}, 1, 36, 2)
def test_pace_counts_iterations_as_a_walk_does(batches: dict[int, int], hold: int, stable: int, fade: int) -> None:
    spec = ProgressiveGrowing(
        stable_kimg=stable / 1000, fade_kimg=fade / 1000, batches=batches, hold_iterations=hold, lr_factors={}
    )
    batch_schedule, images, held, top = spec.batch_schedule(8, 32), 0, 0, 4
    for iteration in range(150):
        if iteration % hold == 0:
            held, top = images, 2 ** -int(-spec.level(images, 32) // 1)
        batch = batches.get(top, 8)
        assert (batch_schedule.iteration(images), batch_schedule.batch(images), batch_schedule.held(images)) == (
            iteration,
            batch,
            held,
        )
        assert batch_schedule.end_of_iteration(images + 0.5) == images + batch
        assert batch_schedule.end_of_iteration(images) == images
        images += batch
        assert batch_schedule.before(images) == images - batch


@pytest.mark.parametrize("level", [2, 2.25, 3, 3.5])
def test_reals_are_averaged_down_and_faded(level: float) -> None:
    images = torch.randn(2, 3, 16, 16)
    top = 2 ** -int(-level // 1)
    small = avg_pool2d(images, 16 // top)
    below = avg_pool2d(images, 32 // top).repeat_interleave(2, 2).repeat_interleave(2, 3) if top > 4 else small
    alpha = 1 if level == int(level) else level % 1
    torch.testing.assert_close(avg_pool2d(faded(images, level), 16 // top), (1 - alpha) * below + alpha * small)
    assert torch.equal(faded(images, 4), images)


@pytest.mark.parametrize("spec", [*GENERATORS, ProGanGenerator(z_dim=8, **WIDTH)], ids=lambda spec: spec.type)
def test_generated_images_fade_linearly(spec: Spec) -> None:
    torch.manual_seed(0)
    network = build(spec, 16, 3, 0)
    ws, images = network.mapping(torch.randn(4, 8), NOTHING), {}
    for level in (2.0, 3.0, 2.25):
        network.set_level(level)
        images[level] = network.synthesis(ws, "none")
    torch.testing.assert_close(images[2.25], images[2.0].lerp(images[3.0], 0.25))
    torch.testing.assert_close(images[2.0], faded(images[2.0], 2.0))


@pytest.mark.parametrize("spec", DISCRIMINATORS, ids=lambda spec: spec.type)
def test_a_fade_begins_with_the_discriminator_of_the_resolution_below(spec: Spec) -> None:
    torch.manual_seed(0)
    network, images, logits = build(spec, 16, 3, 0), torch.randn(4, 3, 16, 16), []
    for level in (3.0, 3 + 1e-9, 4.0):
        network.set_level(level)
        logits.append(network(images, NOTHING))
    torch.testing.assert_close(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2])


@pytest.mark.parametrize("spec", [*GENERATORS, ProGanGenerator(z_dim=8, **WIDTH)], ids=lambda spec: spec.type)
def test_only_layers_of_the_level_are_trained(spec: Spec) -> None:
    network = build(spec, 16, 3, 0)
    network.set_level(3)
    network(torch.randn(4, 8), NOTHING).square().sum().backward()
    reached = {name.split(".")[1] for name, p in network.synthesis.named_parameters(prefix="s") if p.grad is not None}
    assert reached == {"b4", "b8"}


def test_optimizers_restart_where_fades_begin_and_end(tiny_set: Path, tmp_path: Path) -> None:
    made = stepper(CHOICES["config-d"], tiny_set, tmp_path)
    seen: list[tuple[int, float, int]] = []
    while made.state.images < 64:
        began = made.state.images
        made.step()
        for event in made.events:
            steps = {int(state["step"]) for state in made.state.discriminator_optimizer.state.values()}
            assert max(steps) <= 2, "Dmain and Dreg of this iteration alone"
            seen.append((began, event.details["level"], int(event.details["resolution"])))
        made.events.clear()
    assert [(began, resolution) for began, _, resolution in seen] == [(8, 8), (24, 8), (32, 16), (48, 16)]
    assert [level.is_integer() for _, level, _ in seen] == [False, True, False, True]
    assert max(int(s["step"]) for s in made.state.generator_optimizer.state.values()) > 2


def test_learning_rates_follow_the_resolution(tiny_set: Path, tmp_path: Path) -> None:
    made = stepper({**CHOICES["config-d"], "methods": [{**GROWTH, "reset_optimizers": False}]}, tiny_set, tmp_path)
    rates = []
    for _ in range(8):
        began = made.state.images
        made.step()
        rates.append((began, made.state.generator_optimizer.param_groups[0]["lr"]))
    assert rates[0][1] == pytest.approx(0.0025 * 4 / 5)
    assert [rate / rates[0][1] for began, rate in rates if began >= 32] == pytest.approx([1.5] * (8 - 4))
    assert made.state.discriminator_optimizer.state[next(made.state.discriminator.parameters())]["step"] > 8


def test_average_and_snapshot_know_their_level(trials: TrialMaker) -> None:
    settings = {**CHOICES["progan-wgan-gp"], "generator": {**CHOICES["progan-wgan-gp"]["generator"], "channel_max": 4}}
    run = trials.make("grown", **settings)
    attempt = read_attempt(run.path, trials.job(run, horizon_kimg=0.016, metrics=()))
    assert run_attempt(attempt, StopRequest()) == 0
    from trainer.state.snapshot import load_network

    generator = load_network(run.snapshots / "latest.safetensors")
    assert generator.stage.top == 8  # type: ignore[union-attr]
    assert 0 < generator.stage.alpha < 1  # type: ignore[union-attr, operator]
    grown = [row for row in read_lines(run.events) if row["event"] == "growth"]
    assert [(row["resolution"], row["level"]) for row in grown] == [(8, pytest.approx(2.2))]


def test_schedule_needs_powers_of_two() -> None:
    with pytest.raises(ValueError, match="12 is not a power of two"):
        ProgressiveGrowing(batches={12: 8})


@pytest.mark.parametrize(("kimg", "printed"), [(0.0001, "greater than or equal to"), (float("inf"), "finite")])
def test_a_fade_takes_at_least_one_image_and_comes_to_an_end(kimg: float, printed: str) -> None:
    with pytest.raises(ValueError, match=printed):
        ProgressiveGrowing(fade_kimg=kimg)
