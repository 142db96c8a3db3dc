"""A superseded holder of a trial does no harm when it resumes, whichever file operation it was suspended at.

The holder (lease, takeover, job, a worker's files, ending) runs in its own process, which stops itself (SIGSTOP) before
the n-th operation on a file of its trial, or right after the n-th check of the lease. The lease expires, another holder
takes over, works and ends. Then the first one resumes. In other tests it is killed instead, and the next one takes over
immediately.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from orchestrator.errors import LeaseHeld, LeaseSuperseded
from orchestrator.store.lease import TTL_SECONDS, Lease, acquire, holder
from orchestrator.supervisor.ending import AttemptEnding, write_ending
from orchestrator.supervisor.supervise import _own_job
from orchestrator.supervisor.takeover import take_over
from tests.support.trials import TINY, TrialMaker
from trainer.attempt.assemble import make_parts
from trainer.config.dataset.describe import describe
from trainer.config.options import RunOptions
from trainer.config.resolve import resolve
from trainer.config.train import TrainConfig
from trainer.data.dataset import TrainSet
from trainer.errors import ExitCode
from trainer.evaluation.measurer import Measurer
from trainer.files import read_lines
from trainer.images.grids import write_png
from trainer.record import RunDir, RunRecord, State, read_record
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.reporter import Reporter
from trainer.runtime.signals import StopRequest
from trainer.runtime.world import World
from trainer.state import checkpoint
from trainer.state.snapshot import read_header, save_snapshot
from trainer.state.train_state import TrainState

SCORES = {100: 30.0, 200: 10.0, 300: 20.0, 400: 15.0}
OPERATIONS = frozenset(
    {"open", "os.rename", "os.remove", "os.link", "os.symlink", "os.listdir", "os.scandir", "os.mkdir", "os.utime"}
)
SOME, ALL = 21, 1


class Scene(NamedTuple):
    """The trial and files that holders work on."""

    run: RunDir
    config: TrainConfig
    state: TrainState
    measurer: Measurer


@pytest.fixture
def scene(trials: TrialMaker) -> Callable[[str], Scene]:
    config = resolve(TINY, describe(trials.data, trials.root))
    state = make_parts(config, torch.device("cpu")).state
    options = RunOptions(
        horizon_kimg=1, data_path=trials.data, cache_dir=trials.root / "cache", metrics=("fid2k",), evaluation="inline"
    )
    train_set = TrainSet(config.data, trials.data, options.cache_dir)

    def make(name: str) -> Scene:
        run = trials.make(name)
        trials.job(run)
        measurer = Measurer(run, options, train_set, train_set.whole, StopRequest(), World())
        return Scene(run, config, state, measurer)

    return make


def work(scene: Scene, now: float) -> None:
    """Do all file operations of a supervisor and its worker."""
    lease = acquire(scene.run.path, now)
    take_over(scene.run, lease)
    job = _own_job(scene.run, 1, lease)
    assert job is not None
    started: dict[str, Any] = {"state": State.RUNNING, "kimg": 0, "horizon_kimg": 1, "started": 0, "updated": 0}
    record = RunRecord(attempt=job.attempt, host="", pid=os.getpid(), **started)
    reporter = Reporter(scene.run, record, Fence(scene.run.lease, lease.token))
    for images, score in SCORES.items():
        step(scene, reporter, images, score)
    reporter.update(state=State.DONE, exit_code=0)
    lease.beat()
    write_ending(scene.run, job, 0, AttemptEnding(State.DONE), lease)
    lease.release()


def step(scene: Scene, reporter: Reporter, images: int, score: float) -> None:
    """Do the file operations of a worker between two evaluations."""
    run, fence, kimg = scene.run, reporter.fence, images / 1000
    scene.state.images = images
    reporter.append(run.ticks, {"kimg": kimg})
    write_png(run.samples / f"fakes-{images:09d}.png", torch.zeros(1, 4, 4, dtype=torch.uint8), fence)
    save_snapshot(run, scene.config, scene.state, fence=fence)
    reporter.append(run.metrics, {"kimg": kimg, "metric": "fid2k-lite0", "value": score})
    scene.measurer.keep(images, fence)
    checkpoint.save(run.checkpoints, images, fence, {"images": torch.tensor(images)})
    checkpoint.prune(run.checkpoints, 2, 10**9, fence)
    reporter.update(kimg=kimg)


def start(scene: Scene, now: float, stop_at: int = 0, by: signal.Signals = signal.SIGSTOP) -> int:
    """Start a holder in its own process, stopped (or killed) at an operation; return its pid."""
    child = os.fork()
    if child:
        return child
    code = ExitCode.BUG
    try:
        if stop_at:
            stop_before(stop_at, scene.run.path, by)
        work(scene, now)
        code = ExitCode.DONE
    except (FencedOut, LeaseSuperseded, LeaseHeld):
        code = ExitCode.RUN_AGAIN
    except BaseException:
        (scene.run.path.parent / "traceback").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(code)


def stop_before(number: int, folder: Path, by: signal.Signals) -> None:
    """Stop, or kill, this process before its n-th operation below `folder`; checks of the lease count once finished."""
    counter = count(1)

    def pass_by(what: object) -> None:
        if next(counter) == number:
            (folder.parent / "stopped-at").write_text(str(what), encoding="utf-8")
            os.kill(os.getpid(), by)

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event in OPERATIONS and any(str(argument).startswith(f"{folder}") for argument in arguments[:2]):
            pass_by((event, arguments))

    def counted(check: Callable[[Any], None]) -> Callable[[Any], None]:
        def checked(self: object) -> None:
            check(self)
            pass_by(f"after a look at the lease: {traceback.extract_stack(limit=4)}")

        return checked

    for guard in (Fence, Lease):
        setattr(guard, "check", counted(guard.check))  # noqa: B010
    sys.addaudithook(heard)


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def reported(run: RunDir) -> str:
    paths = (run.path.parent / name for name in ("stopped-at", "traceback"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def files(run: RunDir) -> dict[str, bytes | str]:
    """Return every file below a trial with its content, and links with their targets."""
    found = [path for path in run.path.rglob("*") if path.is_symlink() or path.is_file()]
    return {
        str(path.relative_to(run.path)): os.readlink(path) if path.is_symlink() else path.read_bytes() for path in found
    }


def is_whole(run: RunDir) -> bool:
    """Return whether all files of a finished trial exist."""
    assert run.kept_snapshots() == [200, 400]
    for link, images in (("latest", 400), ("best", 200)):
        assert read_header(run.snapshots / f"{link}.safetensors").images == images
    intact = [found.images for found in checkpoint.found(run.checkpoints) if found.load()]
    assert (intact[0], len(intact)) == (400, 2)
    for stream in (run.metrics, run.ticks):
        assert [row["kimg"] for row in read_lines(stream)][-4:] == [0.1, 0.2, 0.3, 0.4]
    record = read_record(run.record(run.attempts()[-1]))
    return record is not None and record.state is State.DONE


@pytest.mark.parametrize("every", [SOME, pytest.param(ALL, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_a_holder_stopped_anywhere_and_superseded_changes_nothing_more(
    scene: Callable[[str], Scene], every: int
) -> None:
    for number in count(1, every):
        one = scene(f"trial-{number}/trial")
        first = start(one, time.time(), number)
        _, status = os.waitpid(first, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        second = start(one, time.time() + TTL_SECONDS + 1)
        assert ended(second) == ExitCode.DONE, reported(one.run)
        assert is_whole(one.run), reported(one.run)
        before = {name: content for name, content in files(one.run).items() if not name.endswith(".tmp")}
        os.kill(first, signal.SIGCONT)
        code = ended(first)
        assert code in (ExitCode.RUN_AGAIN, ExitCode.DONE), reported(one.run)
        assert is_whole(one.run), reported(one.run)
        if code == ExitCode.RUN_AGAIN:
            assert files(one.run) == before, reported(one.run)
        held = holder(one.run.path)
        assert held is not None, reported(one.run)
        assert held.released, reported(one.run)
    assert number > 100


@pytest.mark.parametrize("every", [SOME, pytest.param(ALL, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_after_a_kill_anywhere_the_next_holder_finishes_and_cleans_up(
    scene: Callable[[str], Scene], every: int
) -> None:
    for number in count(1, every):
        one = scene(f"trial-{number}/trial")
        if ended(start(one, time.time(), number, signal.SIGKILL)) != -signal.SIGKILL:
            break
        assert ended(start(one, time.time())) == ExitCode.DONE, reported(one.run)
        assert is_whole(one.run), reported(one.run)
        assert [path.name for path in one.run.path.rglob(".*.tmp")] == [], reported(one.run)
        assert all(found.token == 0 for found in one.run.snapshot_files()), "nobody was left who could have disputed"
    assert number > 100
