"""Checks of SLURM, Ray and MLflow's server."""

import http.client
import os
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.backends.slurm.commands import RunCommand, run_slurm_command
from orchestrator.backends.slurm.profile import chosen_profile
from orchestrator.backends.slurm.replies import read_settings
from orchestrator.doctor.finding import Finding
from orchestrator.errors import BackendError
from orchestrator.recorders.report import without_password
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from trainer.command_line.deadline import Overdue, deadline
from trainer.errors import UserError

TIMEOUT_SECONDS = 5.0
NUMBER = re.compile(r"[0-9]{1,9}")


def slurm(
    store: Store, run_command: RunCommand = run_slurm_command, which: Callable[[str], str | None] = shutil.which
) -> Iterator[Finding]:
    """Yield SLURM's version and the settings that affect sweeps."""
    if not which("sbatch"):
        yield Finding("slurm", "note", "no sbatch on the path: no SLURM backend here")
        return
    try:
        version = run_command(["sbatch", "--version"]).strip()
        settings = read_settings(run_command(["scontrol", "show", "config"]))
    except (BackendError, UserError) as error:
        yield Finding("slurm", "note", f"installed, but does not respond: {error}")
        return
    yield Finding("slurm", "ok", f"{version}, cluster {settings.get('ClusterName', 'without a name')}")
    yield _preemption(settings.get("PreemptMode", ""))
    yield _array_size(store, settings.get("MaxArraySize", ""))


def _preemption(mode: str) -> Finding:
    if "REQUEUE" in mode:
        return Finding("slurm preemption", "ok", f"PreemptMode {mode}: SLURM requeues preempted jobs")
    if not mode:
        return Finding("slurm preemption", "note", "PreemptMode is unknown")
    if mode == "OFF":
        return Finding("slurm preemption", "ok", "PreemptMode OFF: no job is preempted")
    if "SUSPEND" in mode:
        return Finding("slurm preemption", "note", f"PreemptMode {mode}: preempted jobs are suspended, and go on later")
    return Finding("slurm preemption", "note", f"PreemptMode {mode}: `run` resubmits preempted jobs")


def _array_size(store: Store, max_array_size: str) -> Finding:
    """Compare MaxArraySize with the profile's array_limit (the largest index is MaxArraySize - 1)."""
    try:
        limit = chosen_profile(store.root).array_limit
    except UserError as error:
        return Finding("slurm profile", "wrong", str(error))
    if not NUMBER.fullmatch(max_array_size):
        return Finding("slurm arrays", "note", f"MaxArraySize is unknown; the profile allows {limit} jobs per array")
    largest = int(max_array_size)
    if limit <= largest:
        return Finding("slurm arrays", "ok", f"MaxArraySize {largest}; the profile allows {limit} jobs per array")
    misfit = f"MaxArraySize {largest} is less than the profile's array_limit {limit}"
    return Finding("slurm arrays", "wrong", f"{misfit}; write array_limit: {max(1, largest)} into the profile")


def ray() -> Iterator[Finding]:
    """Yield the Ray cluster that the environment names, if it responds."""
    jobs = replace(RayJobs.of_environment(), timeout_seconds=TIMEOUT_SECONDS)
    named = "RAY_API_SERVER_ADDRESS" in os.environ
    try:
        cpus, gpus = jobs.total("CPU"), jobs.total("GPU")
    except BackendError as error:
        yield Finding("ray cluster", "wrong" if named else "note", f"none: {error}")
        return
    yield Finding("ray cluster", "ok", f"{jobs.address}: {cpus:g} CPUs, {gpus:g} GPUs")
    if not jobs.token:
        risk = "RAY_AUTH_TOKEN is not set: anyone who can reach the cluster can run code on it"
        yield Finding("ray token", "note", risk)


def mlflow_server(store: Store) -> Iterator[Finding]:
    """Yield whether MLflow's server responds, if one is used; runs do not depend on it."""
    try:
        uri = default_target(store).uri
    except UserError:  # told as the problem of recording
        return
    if not uri.startswith("http"):
        return
    try:
        with (
            deadline(2 * TIMEOUT_SECONDS),
            urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=TIMEOUT_SECONDS),
        ):
            pass
        yield Finding("mlflow server", "ok", f"{without_password(uri)} responds")
    except (OSError, ValueError, http.client.HTTPException, Overdue) as error:
        yield Finding(
            "mlflow server", "note", f"{without_password(f'{uri}: {error}')}; runs continue, and are recorded later"
        )
