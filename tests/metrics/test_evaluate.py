"""One pass for all metrics; reference features are computed once, by the first process, even after crashes."""

import io
import multiprocessing
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from PIL import Image
from torch import Tensor

from tests.metrics.features import Brightness, NoiseImages, QuarterMeans, Subject
from trainer.config.dataset.describe import describe
from trainer.config.metrics.names import MetricNameError
from trainer.data.dataset import full_set
from trainer.errors import OutputError
from trainer.evaluation.evaluate import MetricValue, evaluate
from trainer.evaluation.feature_cache import one_at_a_time, stored_arrays
from trainer.evaluation.feature_networks import FeatureNetworks
from trainer.evaluation.real_features import Mirrored, chosen
from trainer.metrics.fid import fid
from trainer.metrics.kid import kid
from trainer.metrics.ms_ssim import ms_ssim
from trainer.metrics.swd import average, patches_of, swd
from trainer.runtime.signals import Preempted
from trainer.runtime.world import World

FORK = multiprocessing.get_context("fork")
NAMES = (
    "fid40",
    "fid20_full",
    "kid30",
    "pr40",
    "is40",
    "fid3",
    "swd36",
    "swd20_full",
    "msssim30",
    "ppl20_wend",
    "ppl8_zfull",
)


def feature_networks() -> FeatureNetworks:
    return FeatureNetworks(QuarterMeans(), Brightness())


def measured(names: tuple[str, ...], cache: Path, **options: Any) -> dict[str, MetricValue]:
    reference = options.pop("reference", None) or NoiseImages()
    values = evaluate(Subject(), reference, names, feature_networks(), cache, **options)
    return {value.metric: value for value in values}


def test_one_pass_serves_all_metrics(tmp_path: Path) -> None:
    subject = Subject()
    evaluate(subject, NoiseImages(), NAMES, feature_networks(), tmp_path)
    assert subject.given == 40


def test_together_metrics_have_the_values_they_have_alone(tmp_path: Path) -> None:
    together = measured(NAMES, tmp_path)
    alone: dict[str, MetricValue] = {}
    for name in NAMES:
        alone |= measured((name,), tmp_path)
    assert {name: value.value for name, value in together.items()} == {name: v.value for name, v in alone.items()}
    assert {name: value.identity for name, value in together.items()} == {n: v.identity for n, v in alone.items()}


def test_values_are_those_of_the_pure_functions(tmp_path: Path) -> None:
    reference = NoiseImages()
    generated = QuarterMeans().features(noise(40)).numpy()
    everything = QuarterMeans().features(reference.images(np.arange(60))).numpy()
    part = QuarterMeans().features(reference.images(chosen(60, 40))).numpy()
    values = measured(("fid40", "fid40_full", "kid40"), tmp_path, reference=reference)
    assert values["fid40-lite0"].value == pytest.approx(fid(part, generated))
    assert values["fid40_full-lite0"].value == pytest.approx(fid(everything, generated))
    assert values["kid40-lite0"].value == pytest.approx(kid(part, generated))


def noise(count: int) -> Tensor:
    return torch.cat([batch.images for batch in Subject().images(count)])


def test_metrics_of_pixels_are_those_of_the_pure_functions(tmp_path: Path) -> None:
    values = measured(("swd40", "msssim40"), tmp_path)
    real = patches_of(NoiseImages().images(chosen(60, 40)))
    levels = swd(real, patches_of(noise(40)))
    assert {name: value.value for name, value in values.items()} == pytest.approx(
        {
            "swd40": average(levels),
            "swd40_32": levels[32],
            "swd40_16": levels[16],
            "msssim40": float(ms_ssim(noise(40)[::2], noise(40)[1::2]).mean()),
        },
        rel=1e-5,
    )
    assert (values["swd40"].num_real, values["msssim40"].num_real) == (40, 0)


def test_path_lengths_are_those_of_the_steps(tmp_path: Path) -> None:
    values = measured(("ppl20_wend", "ppl20_zfull", "ppl20_wend_crop"), tmp_path)
    assert values["ppl20_wend-stlpips"].value == pytest.approx(1.0, rel=1e-2)
    assert values["ppl20_zfull-stlpips"].value == pytest.approx(100.0, rel=1e-2)
    assert len({value.identity for value in values.values()}) == 3


def test_numbers_of_several_seeds_have_one_basis_and_identities_of_their_own(tmp_path: Path) -> None:
    first, second = (measured(("fid20", "ppl8_wend"), tmp_path, seed=seed) for seed in (0, 1))
    for name, value in first.items():
        assert value.identity != second[name].identity
        assert value.basis == second[name].basis


@pytest.mark.parametrize("names", [NAMES, ("fid40",)])
def test_three_processes_give_the_values_of_one(tmp_path: Path, names: tuple[str, ...]) -> None:
    expected = {name: value.value for name, value in measured(names, tmp_path).items()}
    queue = FORK.Queue()
    meeting = tmp_path / "meeting"
    processes = [FORK.Process(target=_third, args=(rank, meeting, names, tmp_path, queue)) for rank in range(3)]
    for process in processes:
        process.start()
    found = dict(queue.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    assert found[0][0] == expected
    assert (found[1][0], found[2][0]) == ({}, {})
    assert sorted(given for _, given in found.values()) == [12, 12, 16]


def _third(rank: int, meeting: Path, names: tuple[str, ...], cache: Path, queue: "multiprocessing.Queue[Any]") -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=3)
    subject = Subject()
    values = evaluate(subject, NoiseImages(), names, feature_networks(), cache, world=World(rank, 3))
    queue.put((rank, ({value.metric: value.value for value in values}, subject.given)))
    dist.destroy_process_group()


def _stopped(rank: int, meeting: Path, cache: Path, queue: "multiprocessing.Queue[Any]") -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)

    def stop(doing: str) -> None:
        if rank == 0 and doing.startswith("fid"):
            raise Preempted

    try:
        evaluate(Subject(), NoiseImages(), ("fid40",), feature_networks(), cache, progress=stop, world=World(rank, 2))
        queue.put("went on")
    except Preempted:
        queue.put("stopped")
    dist.destroy_process_group()


def test_all_processes_stop_where_one_is_stopped(tmp_path: Path) -> None:
    queue = FORK.Queue()
    processes = [FORK.Process(target=_stopped, args=(rank, tmp_path / "m", tmp_path, queue)) for rank in range(2)]
    for process in processes:
        process.start()
    assert [queue.get(timeout=60) for _ in processes] == ["stopped"] * 2
    for process in processes:
        process.join()


def test_a_row_says_all_that_is_needed_to_compare_it(tmp_path: Path) -> None:
    row = measured(("fid20_full",), tmp_path, seed=3)["fid20_full-lite0"].row()
    assert row["metric"] == "fid20_full-lite0"
    assert (row["num_real"], row["num_generated"], row["seed"]) == (60, 20, 3)
    assert row["reference"] == NoiseImages().fingerprint
    assert row.keys() >= {"value", "identity", "seconds", "time"}


def test_real_images_are_measured_once(tmp_path: Path) -> None:
    reference = NoiseImages()
    first = measured(("fid40", "kid40", "pr40"), tmp_path, reference=reference)
    assert reference.asked == 40
    assert measured(("fid40", "kid40", "pr40"), tmp_path, reference=reference)["fid40-lite0"].value == pytest.approx(
        first["fid40-lite0"].value, rel=1e-12
    )
    assert reference.asked == 40


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "no array": lambda file: file.write_bytes(bytes(5000)),
    "of another shape": lambda file: file.write_bytes(_array(np.zeros((3, 1280), np.float32), file.suffix)),
    "a broken header": lambda file: file.write_bytes(file.read_bytes().replace(b"}", b"(", 1)),
    "an archive of something else": lambda file: _write_archive(file),
    "texts": lambda file: file.write_bytes(_array(np.full((40, 1280), "a"), file.suffix)),
    "other numbers": lambda file: _double(file),
    "other numbers and no seal": lambda file: _double_without_seal(file),
    "a link to itself": lambda file: _linked_to_itself(file),
}


def _write_archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mean.npy", b"x")


def _double(file: Path) -> None:
    with file.open("rb") as stored:
        found = np.load(stored)
        doubled = 2 * found if file.suffix == ".npy" else {name: 2 * found[name] for name in found}
    np.save(file, doubled) if isinstance(doubled, np.ndarray) else np.savez(file, **doubled)


def _double_without_seal(file: Path) -> None:
    _double(file)
    file.with_name(f"{file.name}.seal.json").unlink()


def _linked_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.name)


def _array(values: np.ndarray, suffix: str) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values) if suffix == ".npy" else np.savez(buffer, mean=values, root=values)
    return buffer.getvalue()


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_in_the_cache_is_measured_again(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = NoiseImages()
    names = ("fid40", "kid40", "swd40")
    first = measured(names, tmp_path, reference=reference)
    files = [file for file in (tmp_path / "features").iterdir() if file.suffix in (".npy", ".npz")]
    assert len(files) >= 2
    for file in files:
        DAMAGES[damage](file)
    assert capsys.readouterr().err == ""
    again = measured(names, tmp_path, reference=reference)
    told = "adasweep: {} is not as it was cached; it is made again"
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(map(told.format, files))
    assert {name: one.value for name, one in again.items()} == {
        name: pytest.approx(one.value, rel=1e-9) for name, one in first.items()
    }


def test_features_of_another_set_in_their_place_are_measured_again(tmp_path: Path) -> None:
    ours, theirs = NoiseImages(), NoiseImages(seed=1, fingerprint="f" * 16)
    names = ("fid40", "kid40", "swd40")
    first = measured(names, tmp_path / "whole", reference=ours)
    measured(names, tmp_path, reference=theirs)
    for file in (tmp_path / "features").iterdir():
        shutil.copy(file, file.with_name(file.name.replace(theirs.fingerprint, ours.fingerprint)))
    again = measured(names, tmp_path, reference=ours)
    assert {name: one.value for name, one in again.items()} == {
        name: pytest.approx(one.value, rel=1e-9) for name, one in first.items()
    }


def test_a_damaged_gaussian_is_computed_again(tmp_path: Path) -> None:
    array, texts = _array(np.zeros(3), ".npy"), _array(np.full((4, 4), "a"), ".npz")
    _write_archive(tmp_path / "no_array.npz")
    no_array = (tmp_path / "no_array.npz").read_bytes()
    for content in (b"", b"PK\x03\x04 no archive", _array(np.zeros(3), ".npz"), array, texts, no_array):
        path = tmp_path / "a.gaussian.npz"
        path.write_bytes(content)
        assert stored_arrays(path, {"mean": (4,), "root": (4, 4)}) is None
    path.write_bytes(_array(np.zeros((4, 4)), ".npz"))
    assert stored_arrays(path, {"mean": (4, 4), "root": (4, 4)}) is not None
    os.truncate(path, path.stat().st_size - 30)
    assert stored_arrays(path, {"mean": (4, 4), "root": (4, 4)}) is None


def test_another_data_set_is_measured_again(tmp_path: Path) -> None:
    ours = measured(("fid40",), tmp_path)["fid40-lite0"]
    theirs = measured(("fid40",), tmp_path, reference=NoiseImages(seed=1, fingerprint="f" * 16))["fid40-lite0"]
    assert ours.value != theirs.value
    assert ours.identity != theirs.identity


def test_a_set_smaller_than_asked_for_is_used_whole(tmp_path: Path) -> None:
    assert measured(("fid100",), tmp_path)["fid100-lite0"].num_real == 60


def test_mirror_adds_the_mirror_images(tmp_path: Path) -> None:
    mirrored = Mirrored(NoiseImages())
    images = mirrored.images(np.array([0, 60, 119]))
    assert len(mirrored) == 120
    assert torch.equal(images[1], images[0].flip(-1))
    plain = measured(("fid20_full",), tmp_path)["fid20_full-lite0"]
    doubled = measured(("fid20_full",), tmp_path, mirror=True)["fid20_full-lite0"]
    assert (doubled.num_real, doubled.identity != plain.identity) == (120, True)


def test_progress_may_break_off_and_nothing_half_done_is_left(tmp_path: Path) -> None:
    def stop(doing: str) -> None:
        if doing.startswith("real images"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(("fid40",), tmp_path, progress=stop)
    assert not list(tmp_path.rglob("*.npy*"))
    assert not list(tmp_path.rglob(".*"))
    assert measured(("fid40",), tmp_path)["fid40-lite0"].value > 0


def test_a_cache_that_cannot_be_written_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match="cannot be stored here"):
        measured(("fid40",), tmp_path / "cache")


def test_real_images_are_chosen_once_and_for_all() -> None:
    assert set(chosen(100, 20)) < set(chosen(100, 50))
    assert list(chosen(50, 50)) == list(range(50)) == list(chosen(50, 80))


class SlowReference(NoiseImages):
    """A slow reference that leaves a mark on disk each time it is read."""

    def __init__(self, marks: Path) -> None:
        super().__init__()
        self.marks = marks

    def images(self, indices: np.ndarray) -> Tensor:
        (self.marks / f"{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(0.3)
        return super().images(indices)


def _evaluate_into(queue: "multiprocessing.Queue[float]", cache: Path, marks: Path) -> None:
    queue.put(measured(("fid40",), cache, reference=SlowReference(marks))["fid40-lite0"].value)


def test_concurrent_processes_measure_the_real_images_once_and_agree(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    queue = FORK.Queue()
    processes = [FORK.Process(target=_evaluate_into, args=(queue, tmp_path / "cache", marks)) for _ in range(4)]
    for process in processes:
        process.start()
    values = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    np.testing.assert_allclose(values, values[0], rtol=1e-9)
    assert len(list(marks.iterdir())) == 1


def _hold(path: Path, held: "multiprocessing.synchronize.Event") -> None:
    with one_at_a_time(path, lambda: None):
        held.set()
        time.sleep(600)


def test_the_lock_of_a_killed_process_blocks_no_process(tmp_path: Path) -> None:
    held = FORK.Event()
    holder = FORK.Process(target=_hold, args=(tmp_path / "lock", held))
    holder.start()
    assert held.wait(30)
    holder.kill()
    holder.join()
    waited: list[int] = []
    with one_at_a_time(tmp_path / "lock", lambda: waited.append(1)):
        assert not waited


def test_a_lock_that_is_never_given_back_ends_patience(tmp_path: Path) -> None:
    waited: list[int] = []
    with (
        one_at_a_time(tmp_path / "lock", lambda: None),
        one_at_a_time(tmp_path / "lock", lambda: waited.append(1), patience_seconds=0.4),
    ):
        assert waited


def test_a_metric_of_test_images_compares_with_them_alone(tmp_path: Path) -> None:
    tests = NoiseImages(count=30, seed=5, fingerprint="fedcba9876543210")
    found = measured(("fid40_full", "fid40_test", "kid40_test"), tmp_path, test_images=tests)
    against = measured(("fid40_full", "kid40_full"), tmp_path, reference=tests)
    assert found["fid40_test-lite0"].value == against["fid40_full-lite0"].value
    assert found["kid40_test-lite0"].value == against["kid40_full-lite0"].value
    assert found["fid40_full-lite0"].value != found["fid40_test-lite0"].value
    assert (found["fid40_test-lite0"].reference, found["fid40_test-lite0"].num_real) == (tests.fingerprint, 30)
    with pytest.raises(MetricNameError, match="compares with test images, and none are given"):
        measured(("fid40_test",), tmp_path)


def test_a_data_set_on_disk_is_a_reference(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for index, image in enumerate(NoiseImages(count=30).images(np.arange(30))):
        Image.fromarray(image[0].numpy()).save(folder / f"{index:02d}.png")
    (value,) = measured(("fid20_full",), tmp_path / "cache", reference=full_set(folder, tmp_path / "cache")).values()
    assert value.num_real == 30
    assert value.reference == describe(folder, tmp_path).fingerprint
