"""Snapshots: which are kept, where the links point, and the commands that read one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from tests.support.trials import TINY, TrialMaker
from trainer.__main__ import main
from trainer.attempt.assemble import make_parts
from trainer.config.dataset.describe import describe
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.config.resolve import resolve
from trainer.data.dataset import TrainSet
from trainer.errors import SnapshotError
from trainer.evaluation.evaluate import MetricValue
from trainer.evaluation.inline import Evaluator
from trainer.evaluation.measurer import Measurer
from trainer.files import replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.fence import Fence
from trainer.recording.reporter import Reporter
from trainer.registry import build
from trainer.runtime.signals import StopRequest
from trainer.runtime.world import World
from trainer.state.snapshot import load_network, read_header, save_snapshot

CPU = torch.device("cpu")


class Bench:
    """A run with scripted evaluation results."""

    def __init__(self, trials: TrialMaker, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.run = trials.make("bench")
        config = resolve(TINY, describe(trials.data, trials.root))
        self.state = make_parts(config, CPU).state
        watch = RunOptions(horizon_kimg=1, data_path=trials.data, cache_dir=trials.root / "cache", **options)
        train_set = TrainSet(config.data, trials.data, watch.cache_dir)
        record = RunRecord(attempt=1, state=State.RUNNING, kimg=0, horizon_kimg=1, started=0, updated=0, host="", pid=1)
        self.reporter = Reporter(self.run, record, Fence(self.run.lease, 1))
        measurer = Measurer(self.run, watch, train_set, train_set.whole, StopRequest(), World())
        self.evaluator = Evaluator(config, measurer, 0)
        self.value = 0.0
        monkeypatch.setattr("trainer.evaluation.measurer.evaluate", lambda *_, **__: [self._measured()])

    def _measured(self) -> "MetricValue":
        metric = self.evaluator.measurer.options.metrics[0]
        name = f"{metric}-lite0" if metric.startswith("fid") else f"{metric}_precision-lite0"
        return MetricValue(name, self.value, "0" * 8, "1" * 8, 64, 64, "0" * 16, 0, 0.0, 0.0)

    def measure(self, *values: float) -> None:
        for value in values:
            self.value = value
            self.state.images += 100
            self.evaluator.evaluate(self.state, self.reporter)

    def kept(self) -> list[int]:
        return self.run.kept_snapshots()

    def link(self, name: str) -> str:
        return (self.run.snapshots / f"{name}.safetensors").resolve().name


def test_best_and_last_are_kept_and_linked(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(trials, monkeypatch, metrics=("fid2k",))
    bench.measure(30, 10, 20)
    assert bench.kept() == [200, 300]
    assert bench.link("best") == "snapshot-000000200.safetensors"
    assert bench.link("latest") == "snapshot-000000300.safetensors"
    bench.measure(5)
    assert bench.kept() == [400]
    assert bench.link("best") == bench.link("latest") == "snapshot-000000400.safetensors"
    bench.measure(float("nan"), 7)
    assert bench.kept() == [400, 600]


def test_the_best_snapshot_is_that_by_the_score(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(trials, monkeypatch, metrics=("pr2k", "fid2k"), score="pr2k_recall-lite0")
    row = MetricValue("pr2k_recall-lite0", 0.0, "0" * 8, "1" * 8, 64, 64, "0" * 16, 0, 0.0, 0.0)
    recalls = iter([0.2, 0.5, 0.3])
    monkeypatch.setattr(
        "trainer.evaluation.measurer.evaluate",
        lambda *_, **__: [bench._measured(), replace(row, value=next(recalls))],
    )
    bench.measure(0.9, 0.1, 0.2)
    assert bench.kept() == [200, 300]
    assert bench.link("best") == "snapshot-000000200.safetensors"


def test_higher_is_better_for_precision(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(trials, monkeypatch, metrics=("pr2k",))
    bench.measure(0.3, 0.6, 0.1)
    assert bench.kept() == [200, 300]
    assert bench.link("best") == "snapshot-000000200.safetensors"


def test_all_are_kept_when_asked_for(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(trials, monkeypatch, metrics=("fid2k",), snapshots_kept="all")
    bench.measure(30, 10, 20)
    assert bench.kept() == [100, 200, 300]


def attempt_of_another_sweep(bench: Bench, state: State, sweep: str = "other", **options: Any) -> None:
    """Add the first attempt: one of another sweep, which trained to 0.2 kimg."""
    given = bench.evaluator.measurer.options.model_copy(update={"horizon_kimg": 0.2, **options})
    replace_file(bench.run.job(1), Job(attempt=1, token=1, options=given, sweep=sweep).model_dump_json())
    record = RunRecord(attempt=1, state=state, kimg=0.2, horizon_kimg=0.2, started=0, updated=1, host="", pid=1)
    replace_file(bench.run.record(1), record.model_dump_json())


@pytest.mark.parametrize(
    ("state", "options", "kept"),
    [
        (State.DONE, {"snapshots_kept": "all"}, [100, 200, 400]),
        (State.PREEMPTED, {"snapshots_kept": "all"}, [100, 200, 400]),
        (State.DONE, {"evaluation": "later"}, [100, 200, 400]),
        (State.DONE, {}, [100, 200, 400]),
        (State.DONE, {"metrics": ()}, [200, 400]),
        (State.PREEMPTED, {}, [400]),
        (State.DONE, {"sweep": "own", "snapshots_kept": "all"}, [400]),
    ],
)
def test_what_another_sweep_keeps_is_not_removed(
    trials: TrialMaker, monkeypatch: pytest.MonkeyPatch, state: State, options: dict[str, Any], kept: list[int]
) -> None:
    bench = Bench(trials, monkeypatch, metrics=("fid2k",), snapshots_kept="all")
    bench.measure(20, 30)
    attempt_of_another_sweep(bench, state, **{"snapshots_kept": "best-and-last", **options})
    measurer = bench.evaluator.measurer
    measurer.sweep, measurer.options = "own", measurer.options.model_copy(update={"snapshots_kept": "best-and-last"})
    bench.measure(10, 5)
    assert bench.kept() == kept
    assert bench.link("best") == bench.link("latest") == "snapshot-000000400.safetensors"


def test_without_metrics_the_last_is_kept(trials: TrialMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(trials, monkeypatch, metrics=())
    bench.measure(0, 0)
    assert bench.kept() == [200]
    assert bench.link("best") == bench.link("latest")


@pytest.fixture(scope="module", params=["unconditional", "conditional"])
def snapshot(request: pytest.FixtureRequest, tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(request.param)
    data = {"subset": 40, "validation": 10, "labels": request.param == "conditional"}
    config = resolve({**TINY, "data": data}, describe(tiny_set, root))
    return save_snapshot(RunDir(root / "run"), config, make_parts(config, CPU).state)


def words_for(snapshot: Path) -> list[str]:
    return ["--class", "2"] if read_header(snapshot).networks.condition_dim else []


def test_generate_makes_a_sheet(snapshot: Path, tmp_path: Path) -> None:
    out, again, truncated = (tmp_path / f"{name}.png" for name in "abc")
    for target, more in ((out, []), (again, []), (truncated, ["--psi", "0"])):
        words = ["generate", str(snapshot), str(target), "--seeds", "0-3,9,12", "--columns", "3", *more]
        assert main([*words, *words_for(snapshot)]) == 0
    assert Image.open(out).size == (48, 32)
    assert out.read_bytes() == again.read_bytes()
    tiles = np.asarray(Image.open(truncated)).reshape(2, 16, 3, 16).swapaxes(1, 2).reshape(6, -1)
    assert (tiles == tiles[0]).all(), "at psi 0 every image is the mean one"


def test_style_mix_repeats_its_rows_and_columns(snapshot: Path, tmp_path: Path) -> None:
    mixed, generated = tmp_path / "mix.png", tmp_path / "row.png"
    words = ["style-mix", str(snapshot), str(mixed), "--rows", "0,1", "--columns", "5-7", "--layers", "0-1"]
    assert main([*words, *words_for(snapshot)]) == 0
    assert Image.open(mixed).size == (64, 48)
    assert main(["generate", str(snapshot), str(generated), "--seeds", "5-7", *words_for(snapshot)]) == 0
    top = np.asarray(Image.open(mixed))[:16, 16:].astype(int)
    assert abs(top - np.asarray(Image.open(generated)).astype(int)).max() <= 1


def test_interpolation_is_an_animation(snapshot: Path, tmp_path: Path) -> None:
    out = tmp_path / "walk.gif"
    words = ["interpolate", str(snapshot), str(out), "--seeds", "0-2", "--frames", "4"]
    assert main([*words, *words_for(snapshot)]) == 0
    with Image.open(out) as animation:
        assert isinstance(animation, GifImageFile)
        assert animation.size == (16, 16)
        assert 10 <= animation.n_frames <= 12


@pytest.mark.parametrize("which", ["G", "D", "G_ema"])
def test_export_is_a_plain_state_dict(snapshot: Path, tmp_path: Path, which: str) -> None:
    out = tmp_path / "out.safetensors"
    assert main(["export", str(snapshot), str(out), "--network", which]) == 0
    networks = read_header(snapshot).networks
    spec = networks.discriminator if which == "D" else networks.generator
    network = build(spec, networks.resolution, networks.channels, networks.condition_dim)
    network.load_state_dict(safetensors.torch.load_file(out))
    expected = load_network(snapshot, which).state_dict()  # type: ignore[arg-type]
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["generate", "SNAPSHOT", "x.png", "--class", "9"], "--class"),
        (["generate", "nowhere.safetensors", "x.png"], "not a snapshot of adasweep"),
        (["interpolate", "SNAPSHOT", "x.mpg", "--frames", "1", "--seeds", "0"], "use .gif, .webp or .png"),
        (["generate", "SNAPSHOT", "x.png", "--seeds", "1,3-0"], "--seeds: '1,3-0' is not a list of numbers"),
        (["generate", "SNAPSHOT", "x.png", "--seeds", "0-1-2"], "--seeds: '0-1-2' is not a list of numbers"),
        (["generate", "SNAPSHOT", "x.png", "--psi", "nan"], "--psi: nan is not a number"),
        (["style-mix", "SNAPSHOT", "x.png", "--layers", "0-99"], "--layers: there is no layer 99"),
    ],
)
def test_mistakes_are_one_line(
    snapshot: Path, words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    more = [] if "--class" in words or "nowhere.safetensors" in words else words_for(snapshot)
    assert main([str(snapshot) if word == "SNAPSHOT" else word for word in words] + more) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def hostile(snapshot: Path, target: Path, **changes: object) -> Path:
    """A snapshot whose header does not match its tensors."""
    with safetensors.safe_open(snapshot, framework="pt") as file:
        header = file.metadata()
    networks = json.loads(header["networks"])
    for key, value in changes.items():
        (networks if key == "resolution" else networks["generator"])[key] = value
    safetensors.torch.save_file(
        safetensors.torch.load_file(snapshot), target, metadata=header | {"networks": json.dumps(networks)}
    )
    return target


@pytest.mark.parametrize(
    "changes",
    [
        {"channel_max": 10**6, "channel_base": 10**9},
        {"z_dim": 10**7, "w_dim": 10**7},
        {"resolution": 2**40},
        {"mapping_layers": 10**9},
        {"w_dim": 24},
    ],
)
def test_a_header_that_describes_what_is_not_there_is_refused_before_it_takes_memory(
    trials: TrialMaker, tmp_path: Path, changes: dict[str, object]
) -> None:
    config = resolve(TINY, describe(trials.data, trials.root))
    honest = save_snapshot(RunDir(tmp_path / "run"), config, make_parts(config, CPU).state)
    load_network(honest)
    with pytest.raises(SnapshotError):
        load_network(hostile(honest, tmp_path / "hostile.safetensors", **changes))


@pytest.mark.parametrize("content", [b"", b"short", (2**40).to_bytes(8, "little") + b"{}", b"\xff" * 64])
def test_a_header_of_any_size_is_refused_unread(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match="not a snapshot"):
        read_header(path)
