"""One attempt at a trial, from job.json to exit code. However it ends, record.json holds how and why."""

import os
import socket
import time
import traceback
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from trainer.attempt.assemble import Attempt, assemble, assemble_evaluation
from trainer.config.job import Job
from trainer.config.node_paths import on_this_node
from trainer.config.stored import Malformed
from trainer.config.train import TrainConfig
from trainer.config.trial_file import read_trial_file
from trainer.errors import ERROR_PREFIX, ExitCode, UserError
from trainer.ops.choice import choose
from trainer.ops.kernels import using
from trainer.record import BEGAN_VARIABLE, Energy, RunDir, RunRecord, State, read_record
from trainer.recording.energy_meters import Meter
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.gpu_meter import find_meter
from trainer.recording.reporter import Reporter, SilentReporter
from trainer.runtime.console import log
from trainer.runtime.failures import BatchSplit, failure_of
from trainer.runtime.processor import processor
from trainer.runtime.ranks import Place, find_place
from trainer.runtime.signals import Preempted, StopRequest
from trainer.runtime.torch_settings import configure_process
from trainer.runtime.world import World, joined
from trainer.training.loop import RunDiverged


def read_attempt(directory: Path, number: int) -> Attempt:
    """Return the attempt described by trial.json and attempts/NNN/job.json.

    Raises UserError if either is missing or invalid.
    """
    run = RunDir(directory)
    try:
        config = _config(run.trial)
        job = Job.model_validate_json(run.job(number).read_text(encoding="utf-8"))
        job = job.model_copy(update={"options": on_this_node(job.options)})
        return Attempt(run, config, job)
    except (OSError, ValueError) as error:
        raise UserError(directory, f"attempt {number} cannot be read: {error}") from error


def _config(path: Path) -> TrainConfig:
    """Return the configuration in trial.json. Raises ValueError if it is missing, invalid or of another trial."""
    malformed: list[Malformed] = []
    found = read_trial_file(path, malformed)
    if found is None:
        raise ValueError(", ".join(map(str, malformed)) or f"no {path}")
    return found.config


def run_attempt(attempt: Attempt, stop: StopRequest) -> int:
    """Run an attempt and return its exit code: 0 done, 2 user error, 70 bug, 75 run again."""
    configure_process(attempt.options.threads)
    place, config = find_place(os.environ), attempt.config
    meter = find_meter(attempt.job.resources, place.size, os.environ)
    report = _reporter(attempt, place, meter)
    try:
        with (
            joined(place, _micro_batches(attempt, place)) as world,
            using(choose(attempt.options.ops, world.device.type)) as operations,
        ):
            report.update(ops=operations.name)
            carry_out = _evaluate if attempt.job.work == "evaluate" else _train
            return carry_out(attempt, world, stop, report, meter)
    except FencedOut as lost:
        log(f"adasweep: {lost}; this attempt stops writing")
        return ExitCode.RUN_AGAIN
    except Exception as error:
        return _fail(report, error, config)


def _train(attempt: Attempt, world: World, stop: StopRequest, report: Reporter, meter: Meter) -> int:
    loop = assemble(attempt, world, stop, report, meter)
    try:
        loop.to_horizon()
    except Preempted:
        report.event("preempted", loop.kimg, signal=str(stop.signal))
        report.update(
            state=State.PREEMPTED, kimg=loop.kimg, doing="", exit_code=ExitCode.RUN_AGAIN, energy=loop.energy()
        )
        return ExitCode.RUN_AGAIN
    except RunDiverged as rule:
        report.event("diverged", loop.kimg, rule=str(rule))
        message = f"diverged at {loop.kimg:g} kimg: {rule}"
        ending = {"message": message, "diverged": True, "energy": loop.energy()}
        report.update(state=State.DONE, kimg=loop.kimg, doing="", exit_code=ExitCode.DONE, **ending)
        return ExitCode.DONE
    report.event("done", loop.kimg)
    report.update(state=State.DONE, kimg=loop.kimg, doing="", exit_code=ExitCode.DONE, energy=loop.energy())
    return ExitCode.DONE


def _micro_batches(attempt: Attempt, place: Place) -> int:
    """Return the number of micro-batches to divide evenly among the ranks; any number of ranks can evaluate."""
    config = attempt.config
    return config.micro_batches if attempt.job.work == "train" else place.size


def _evaluate(attempt: Attempt, world: World, stop: StopRequest, report: Reporter, meter: Meter) -> int:
    report.event("evaluation", report.record.kimg, world_size=world.size)
    state, code = State.DONE, ExitCode.DONE
    try:
        assemble_evaluation(attempt, world, stop, report).carry_out()
    except Preempted:
        state, code = State.PREEMPTED, ExitCode.RUN_AGAIN
    energy = report.record.energy.model_copy(update={"joules": meter.joules()})
    report.update(state=state, doing="", exit_code=code, energy=energy)
    return code


def _fail(report: Reporter, error: Exception, config: TrainConfig) -> int:
    """Report why the attempt failed, on standard error and, if it can still be written, in the record."""
    split = BatchSplit(config.micro_batch, config.discriminator.group or config.micro_batch)
    failure = failure_of(error, split)
    if failure.exit_code == ExitCode.BUG:
        log("".join(traceback.format_exception(error)))
    log(f"{ERROR_PREFIX}{failure.message}")
    try:
        report.update(state=State.FAILED, doing="", exit_code=failure.exit_code, message=failure.message)
        report.event("failed", report.record.kimg, message=failure.message)
    except (OSError, FencedOut) as unwritten:
        log(f"adasweep: the record could not be written either: {unwritten}")
    return failure.exit_code


def _trained_kimg(run: RunDir) -> float:
    """Return the kimg trained so far; an evaluation reports it unchanged."""
    records = (read_record(run.record(number)) for number in reversed(run.attempts()))
    return next((record.kimg for record in records if record and record.work == "train"), 0.0)


def _began(environment: Mapping[str, str]) -> float | None:
    """Return when the supervisor started (Unix seconds), None if it did not pass that on."""
    began = environment.get(BEGAN_VARIABLE)
    return float(began) if began else None


def _reporter(attempt: Attempt, place: Place, meter: Meter) -> Reporter:
    record = RunRecord(
        attempt=attempt.job.attempt,
        work=attempt.job.work,
        state=State.RUNNING,
        kimg=_trained_kimg(attempt.run) if attempt.job.work == "evaluate" else 0,
        horizon_kimg=attempt.options.horizon_kimg,
        started=time.time(),
        began=_began(os.environ),
        updated=0,
        host=socket.gethostname(),
        pid=os.getpid(),
        world_size=place.size,
        doing="starting",
        code=attempt.job.code,
        versions={name: version(name) for name in ("adasweep", "torch", "numpy")},
        processor=processor(),
        energy=Energy(method=meter.method, coverage=meter.coverage),
    )
    kind = Reporter if place.rank == 0 else SilentReporter
    return kind(attempt.run, record, Fence.of_worker(attempt.run.lease, attempt.job.token))
