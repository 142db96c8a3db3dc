"""A SYNTHETIC store: the files that workers write, but computed from formulas. For tests and benchmarks.

Every file is marked: sweeps, hosts and code versions are called "synthetic".
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from analysis.tables.store import ResultStore
from trainer.config.dataset.config import DataDescription
from trainer.config.identity import trial_id
from trainer.config.plan_file import Axis, PlanFile, PlannedRun
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.files import append_lines
from trainer.record import Energy, RunDir, RunRecord, State

DATA = DataDescription(name="synthetic", fingerprint="5" * 16, images=70_000, resolution=32, channels=1)
METRIC, IDENTITY = "fid2k-lite0", "5ca1ab1e"
SCORES = {"num_real": 2000, "num_generated": 2000, "reference": DATA.fingerprint, "seed": 0, "seconds": 2.0}
EDGES = [round(-10 + 0.1 * i, 1) for i in range(201)]


class FakeRun(NamedTuple):
    """One run to synthesise: how far it got and how it ended. `config` replaces that of the synthetic sweep."""

    augment: str
    subset: int
    seed: int
    kimg: float = 100.0
    state: State = State.DONE
    diverged_kimg: float | None = None
    identity: str = IDENTITY
    config: TrainConfig | None = None
    metrics: tuple[str, ...] = (METRIC,)

    @property
    def settings(self) -> dict[str, Any]:
        return {"data.subset": self.subset, "augment": self.augment}


def run_of(config: TrainConfig, kimg: float, metrics: Sequence[str]) -> FakeRun:
    """Return a run of `config` with scores of all `metrics` (recorded names)."""
    data = config.data
    run = FakeRun(config.augment.type, data.subset, config.seed, kimg, identity=data.fingerprint[-8:])
    return run._replace(config=config, metrics=tuple(metrics))


def _quality(config: TrainConfig | None) -> float:
    """Return a made-up factor from 0.7 to 1.3 that depends on the configuration but not on its seed or data."""
    if config is None:
        return 1.0
    about = json.dumps(config.model_dump(mode="json", exclude={"seed", "data"}), sort_keys=True)
    return 0.7 + 0.6 * int(hashlib.sha256(about.encode()).hexdigest()[:4], 16) / 0xFFFF


def fake_fid(run: FakeRun, kimg: float) -> float:
    """Return a made-up FID: it falls with training; without augmentation it turns up, earlier for fewer images."""
    fall = 15 + 250 / run.subset**0.5 + 230 * float(np.exp(-kimg / 12))
    overfit = 0.0 if run.augment == "ada" else max(kimg - run.subset / 100, 0) * 60 / run.subset**0.5 / 3
    return float(round((fall + overfit) * (1 + 0.03 * run.seed) * _quality(run.config), 4))


def write_store(
    path: Path,
    runs: Sequence[FakeRun],
    *,
    sweep: str = "synthetic",
    missing: Sequence[FakeRun] = (),
    horizon_kimg: float = 100.0,
    step_kimg: float = 4.0,
    files: bool = True,
) -> ResultStore:
    """Write a store with one sweep of `runs`; `missing` runs are planned but not started.

    With `files`, logits and samples are written too.
    """
    store = ResultStore(path)
    cells = tuple(planned_run(run, id_of(run), horizon_kimg) for run in (*runs, *missing))
    plan = PlanFile(sweep=sweep, tier="synthetic", score="fid2k", cells=cells)
    _write(store.plan(sweep), plan.model_dump_json(indent=1))
    for run in runs:
        write_trial(store, run, horizon_kimg, step_kimg)
        if files:
            write_logits(store.run(id_of(run)), run)
            write_samples(store.run(id_of(run)), run)
    return store


def planned_run(run: FakeRun, trial: str, horizon_kimg: float) -> PlannedRun:
    """Return the plan entry of a run."""
    return PlannedRun(
        cell=f"subset={run.subset} {run.augment}",
        name="",
        axes=tuple(Axis(key=key, value=value) for key, value in run.settings.items()),
        settings=run.settings,
        training_images=run.subset,
        seed=run.seed,
        trial=trial,
        horizon_kimg=horizon_kimg,
    )


def config_of(run: FakeRun) -> dict[str, Any]:
    """Return the full configuration of a run as JSON values."""
    return (run.config or _config(run.augment, run.subset, run.seed)).model_dump(mode="json")


def id_of(run: FakeRun) -> str:
    """Return the trial id of a run."""
    return trial_id(run.config or _config(run.augment, run.subset, run.seed))


@cache
def _config(augment: str, subset: int, seed: int) -> TrainConfig:
    return resolve({"preset": "tiny32", "augment": augment, "data": {"subset": subset}, "seed": seed}, DATA)


def write_trial(store: ResultStore, run: FakeRun, horizon_kimg: float, step_kimg: float) -> None:
    """Write trial.json, the record of one attempt, the ticks and the metrics of a run."""
    directory = store.run(id_of(run))
    about = {"schema_version": 1, "id": id_of(run), "config": config_of(run), "created": 1.7e9}
    _write(directory.trial, json.dumps(about))
    _write(directory.record(1), record_of(run, horizon_kimg).model_dump_json())
    steps = np.arange(step_kimg, run.kimg + 1e-9, step_kimg)
    append_lines(directory.metrics, [score_line(run, float(kimg), name) for kimg in steps for name in run.metrics])
    append_lines(directory.ticks, [tick_line(run, float(kimg)) for kimg in steps])
    if run.diverged_kimg is not None:
        append_lines(directory.events, [{"attempt": 1, "kimg": run.diverged_kimg, "event": "diverged", "time": 1.7e9}])


def _write(path: Path, text: str) -> None:
    """Write a file, without crash safety."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def record_of(run: FakeRun, horizon_kimg: float) -> RunRecord:
    """Return the record of the only attempt of a run."""
    return RunRecord(
        attempt=1,
        state=run.state,
        kimg=run.kimg,
        horizon_kimg=run.kimg if run.state is State.DONE and run.diverged_kimg is None else horizon_kimg,
        started=1.7e9,
        updated=1.7e9 + 36 * run.kimg,
        host="synthetic",
        pid=1,
        images_per_second=50.0,
        code="synthetic",
        diverged=run.diverged_kimg is not None,
        energy=Energy(joules=360.0 * run.kimg, method="estimate: synthetic", coverage=1.0),
    )


def score_line(run: FakeRun, kimg: float, metric: str = METRIC) -> dict[str, Any]:
    """Return one line of metrics.jsonl: FID, or another made-up metric that falls as FID rises."""
    fid = fake_fid(run, kimg)
    value = fid if metric.startswith("fid") else round(300 / (20 + fid), 4)
    line = {"attempt": 1, "kimg": kimg, "metric": metric, "value": value, "identity": run.identity}
    reference = run.config.data.fingerprint if run.config else DATA.fingerprint
    return {**line, **SCORES, "reference": reference, "time": 1.7e9 + 36 * kimg}


def tick_line(run: FakeRun, kimg: float) -> dict[str, Any]:
    """Return one line of ticks.jsonl: with ADA, p rises until r_t is at its target; without, r_t goes to 1."""
    strength = min(1.0, 8 / run.subset**0.5)
    rise = 1 - float(np.exp(-kimg / 30))
    p = round(0.9 * strength * rise, 4) if run.augment == "ada" else 0.0
    r_t = (0.6 if run.augment == "ada" else 0.4 + 0.6 * strength) * rise + 0.01 * run.seed
    return {
        **{"attempt": 1, "kimg": kimg, "time": 1.7e9 + 36 * kimg, "seconds_per_kimg": 20.0},
        **{"images_per_second": 50.0, "p": p, "r_t": round(r_t, 4), "r_v": None, "nan_gradients": 0},
        **{"memory_gib": 0.5, "energy_joules": 360.0, "lr": 0.0025, "stats": {"Loss/G/loss": 1.0, "Loss/D/loss": 1.2}},
    }


def write_logits(directory: RunDir, run: FakeRun) -> None:
    """Write logits.jsonl: the distributions drift apart over time, faster without augmentation."""
    speed = 0.01 if run.augment == "ada" else 0.06
    centres = np.array(EDGES[:-1]) + 0.05
    lines: list[Mapping[str, Any]] = []
    for kimg in np.arange(4, run.kimg + 1e-9, 4):
        counts = {
            name: np.round(4000 * np.exp(-0.5 * ((centres - side * speed * kimg) / 1.2) ** 2)).astype(int).tolist()
            for name, side in (("train", 1), ("validation", 0.2), ("generated", -1))
        }
        lines.append({"attempt": 1, "kimg": float(kimg), "bins": EDGES, **counts})
    append_lines(directory.path / "logits.jsonl", lines)


def write_samples(directory: RunDir, run: FakeRun, tiles: int = 8) -> None:
    """Write a sheet of reals and three sheets of fakes: stripes that get finer with training."""
    directory.samples.mkdir(parents=True, exist_ok=True)
    side = DATA.resolution * tiles
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    for name, period in (("reals", 8.0), *((f"fakes-{kimg * 1000:09d}", 40 - kimg / 4) for kimg in (4, 40, 100))):
        tone = 127 + 120 * np.sin((x + (y // 32) * 7 + run.seed) * 2 * np.pi / period)
        Image.fromarray(tone.astype(np.uint8)).save(directory.samples / f"{name}.png")
