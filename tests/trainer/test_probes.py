"""Probes of snapshots: each measures what it claims to, on networks with a known result."""

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.metrics.features import Brightness, QuarterMeans, gaussian_rows
from tests.support.trials import TINY
from trainer.attempt.assemble import make_parts
from trainer.config.dataset.describe import describe
from trainer.config.presets.official import merge
from trainer.config.probes import PROBES, ProbeNameError, parse_probe
from trainer.config.resolve import resolve
from trainer.data.dataset import TrainSet
from trainer.errors import UserError
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.samples import Samples
from trainer.metrics.fid_floor import fid_floor
from trainer.probes import noise_maps
from trainer.probes.context import ProbeContext, ProbeResults, write_results
from trainer.probes.jacobian import products
from trainer.probes.leak import leaked_share
from trainer.probes.run import run_probe
from trainer.record import RunDir
from trainer.state.snapshot import save_snapshot

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["unconditional", "conditional"])
def context(request: pytest.FixtureRequest, tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> ProbeContext:
    root = tmp_path_factory.mktemp(request.param)
    data = {"subset": 40, "validation": 10, "labels": request.param == "conditional"}
    config = resolve(merge(TINY, {"data": data, "augment": "ada"}), describe(tiny_set, root))
    snapshot = save_snapshot(RunDir(root / "run"), config, make_parts(config, CPU).state)
    feature_networks = FeatureNetworks(QuarterMeans(), Brightness())
    train_set = TrainSet(config.data, tiny_set, root / "cache")
    return ProbeContext(snapshot, config, train_set, feature_networks, root / "cache", CPU, lambda _: None)


def probed(name: str, context: ProbeContext) -> dict[str, Any]:
    return dict(run_probe(name, context).arrays)


def test_a_name_may_say_how_many() -> None:
    assert parse_probe("mean-image") == ("mean-image", None, None)
    assert parse_probe("mean-image-20") == ("mean-image", 20, None)
    assert parse_probe("projection-20x500") == ("projection", 20, 500)
    with pytest.raises(ProbeNameError, match="did you mean jacobian"):
        parse_probe("jacobi")


@pytest.mark.parametrize("name", PROBES)
def test_the_table_says_how_many_images_a_probe_takes(name: str) -> None:
    module = importlib.import_module(PROBES[name].module)
    usual = {"fid-floor": "DRAWS", "invertibility": "STEPS"}.get(name, "COUNT")
    assert PROBES[name].images == getattr(module, usual)


def test_steps_are_only_asked_of_probes_that_project() -> None:
    with pytest.raises(ProbeNameError, match="write mean-image-20"):
        parse_probe("mean-image-20x500")


@pytest.mark.parametrize("name", sorted(set(PROBES) - {"projection", "noise-maps", "truncation"}))
def test_every_probe_gives_the_same_numbers_twice(name: str, context: ProbeContext) -> None:
    first, second = probed(f"{name}-3", context), probed(f"{name}-3", context)
    assert first.keys() == second.keys()
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


def test_the_lowest_fid_is_that_of_random_subsets_as_large_as_the_training_set(context: ProbeContext) -> None:
    whole = context.train_set.whole
    rows = QuarterMeans().features(whole.images(np.arange(len(whole)))).numpy()
    (floor,) = fid_floor(rows, [40], draws=4)
    found = probed("fid-floor-4", context)
    assert {key: value.tolist() for key, value in found.items()} == {
        "size": [40],
        "mean": [pytest.approx(floor.mean)],
        "std": [pytest.approx(floor.std)],
    }
    (file,) = (context.cache_dir / "features").glob("*-floor40-4.npz")
    written = file.stat().st_mtime_ns
    probed("fid-floor-4", context)
    assert file.stat().st_mtime_ns == written


def test_singular_values_are_those_of_the_derivative_by_differences(context: ProbeContext) -> None:
    generator = context.stylegan2.double()
    w = torch.randn(generator.w_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def images(at: torch.Tensor) -> torch.Tensor:
        ws = at.expand(1, generator.num_ws, -1)
        shown: torch.Tensor = generator.synthesis(ws, noise_mode="const")
        return shown.flatten()

    axes = torch.eye(generator.w_dim, dtype=torch.float64)
    expected = torch.stack([(images(w + 1e-5 * axis) - images(w - 1e-5 * axis)) / 2e-5 for axis in axes])
    columns = products(generator, w, axes)
    torch.testing.assert_close(columns, expected, atol=1e-6, rtol=1e-4)
    generator.float()


def test_singular_values_fall_and_have_the_size_of_w(context: ProbeContext) -> None:
    values = probed("jacobian-2", context)["singular_values"]
    assert values.shape == (2, context.stylegan2.w_dim)
    assert (np.diff(values) <= 0).all()
    assert (values[:, 0] > 0).all()


def test_shares_of_torgb_add_up_and_follow_what_is_put_out(context: ProbeContext) -> None:
    shares = probed("trgb-8", context)
    assert list(shares["resolution"]) == [4, 8, 16]
    assert shares["share"].sum() == pytest.approx(1)
    weight = context.generator.get_parameter("synthesis.b4.torgb.weight")
    weight.mul_(100)
    louder = probed("trgb-8", context)["share"]
    weight.div_(100)
    assert louder[0] > max(0.9, shares["share"][0])


def test_a_probe_with_gradients_may_follow_one_without(context: ProbeContext) -> None:
    fresh = dataclasses.replace(context)
    probed("trgb-2", fresh)
    assert probed("jacobian-1", fresh)["singular_values"].shape == (1, fresh.stylegan2.w_dim)


def test_the_mean_of_real_images_is_their_mean(context: ProbeContext) -> None:
    whole = context.train_set.whole
    means = probed("mean-image-1000", context)
    expected = whole.images(np.arange(len(whole))).double().mean(0)
    np.testing.assert_allclose(means["real"], expected.numpy())
    assert means["generated"].shape == expected.shape


def test_leaked_share_is_the_share_of_changed_rows() -> None:
    real = gaussian_rows(600, 5, seed=1).astype(np.float32)
    changed = real + 4
    made = np.concatenate([gaussian_rows(300, 5, seed=2), gaussian_rows(100, 5, seed=3) + 4]).astype(np.float32)
    share, reported = leaked_share(real, changed, made)
    assert share == pytest.approx(0.25, abs=0.03)
    assert reported > 0.9


def test_what_cannot_be_decided_has_no_score() -> None:
    real = gaussian_rows(400, 5, seed=1).astype(np.float32)
    share, reported = leaked_share(real, gaussian_rows(400, 5, seed=9).astype(np.float32), real)
    assert np.isnan(share)
    assert abs(reported) < 0.2


def test_projection_gives_a_distance_for_every_image(context: ProbeContext) -> None:
    found = probed("projection-2x3", context)
    assert found["generated"].shape == found["real"].shape == (2,)
    assert (found["real"] >= 0).all()


def test_noise_maps_stay_noise_only_where_they_are_regularised(context: ProbeContext) -> None:
    found = run_probe("noise-maps-1x20", context)
    kept, free = (found.arrays[f"{name}_correlation"] for name in ("regularised", "free"))
    assert kept.shape == free.shape == (2, len(context.stylegan2.synthesis.blocks()) * 2 - 1)
    assert kept.sum() < free.sum() / 2
    assert found.arrays["free_distance"].shape == (2,)
    side = noise_maps.SMALLEST_SHOWN
    sizes = {name: image.shape[1:] for name, image in found.pictures.items()}
    assert sizes == dict.fromkeys(("regularised", "free"), (4 * side, 2 * side))


def test_uncurated_images_are_real_ones_and_the_same_latents_with_and_without_truncation(context: ProbeContext) -> None:
    pictures = run_probe("uncurated-6", context).pictures
    assert {image.shape[1:] for image in pictures.values()} == {(2 * 16, 4 * 16)}
    assert list(pictures) == ["real", "generated", "truncated"]
    assert not torch.equal(pictures["generated"], pictures["truncated"])


def test_truncation_trades_variety(context: ProbeContext) -> None:
    found = probed("truncation-40", context)
    assert {value.shape for value in found.values()} == {(8,)}
    assert np.isfinite(found["fid"]).all()


def test_without_a_w_truncation_draws_large_entries_of_z_again(context: ProbeContext) -> None:
    subject = Samples(context.generator, context.train_set, threshold=0.5)
    assert subject.first("evaluation", 100).z.abs().max() <= 0.5
    whole = Samples(context.generator, context.train_set)
    assert whole.first("evaluation", 100).z.abs().max() > 2


def test_findings_are_there_when_the_numbers_are(tmp_path: Path) -> None:
    path = RunDir(tmp_path).probe("leak", 4000)
    write_results(path, ProbeResults({"x": np.arange(3)}, {"sheet": torch.zeros(1, 4, 4, dtype=torch.uint8)}))
    assert np.load(path)["x"].tolist() == [0, 1, 2]
    assert path.with_name("leak-000004000-sheet.png").exists()
    assert RunDir(tmp_path).probed() == [("leak", 4000)]


@pytest.mark.parametrize(("resolution", "shown"), [(4, (4, 4)), (8, (8, 4)), (64, (64, 16))])
def test_two_noise_maps_are_shown_of_the_smallest_network_too(resolution: int, shown: tuple[int, int]) -> None:
    sides = [side for side in (4, 8, 16, 32, 64) if side <= resolution]
    assert noise_maps._limits([torch.zeros(side, side) for side in sides]) == shown


def test_the_original_stylegan_is_projected_too(tiny_set: Path, tmp_path: Path) -> None:
    config = resolve(
        {
            "preset": "stylegan2-a",
            "batch": 8,
            "micro_batch": 4,
            "generator": {"channel_base": 128, "channel_max": 16, "z_dim": 8, "w_dim": 8},
            "discriminator": {"channel_base": 128, "channel_max": 16},
        },
        describe(tiny_set, tmp_path),
    )
    snapshot = save_snapshot(RunDir(tmp_path / "run"), config, make_parts(config, CPU).state)
    train_set = TrainSet(config.data, tiny_set, tmp_path / "cache")
    networks = FeatureNetworks(QuarterMeans(), Brightness())
    context = ProbeContext(snapshot, config, train_set, networks, tmp_path / "cache", CPU, lambda _: None)
    found = probed("projection-2x3", context)
    assert found["generated"].shape == found["real"].shape == (2,)
    with pytest.raises(UserError, match="needs a StyleGAN2 generator"):
        probed("jacobian-1", context)
