"""What the doctor finds of SLURM, Ray and MLflow's server, asked of themselves."""

import os
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

from orchestrator.backends.ray.jobs import RayJobs
from orchestrator.backends.slurm.commands import Ask, ask_slurm
from orchestrator.backends.slurm.profile import chosen_profile
from orchestrator.backends.slurm.replies import read_settings
from orchestrator.doctor.finding import Finding
from orchestrator.errors import BackendError
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from trainer.errors import UserError

ANSWER_SECONDS = 5.0
NUMBER = re.compile(r"[0-9]{1,9}")


def slurm(store: Store, ask: Ask = ask_slurm, which: Callable[[str], str | None] = shutil.which) -> Iterator[Finding]:
    """Yield SLURM's version, and what of its configuration decides how sweeps run there."""
    if not which("sbatch"):
        yield Finding("slurm", "note", "no sbatch on the path: no SLURM backend here")
        return
    try:
        version = ask(["sbatch", "--version"]).strip()
        settings = read_settings(ask(["scontrol", "show", "config"]))
    except (BackendError, UserError) as error:
        yield Finding("slurm", "note", f"installed, but does not answer: {error}")
        return
    yield Finding("slurm", "ok", f"{version}, cluster {settings.get('ClusterName', 'without a name')}")
    yield _preemption(settings.get("PreemptMode", ""))
    yield _array_size(store, settings.get("MaxArraySize", ""))


def _preemption(mode: str) -> Finding:
    if "REQUEUE" in mode:
        return Finding("slurm preemption", "ok", f"PreemptMode {mode}: jobs that make room come back by themselves")
    if mode in ("", "OFF"):
        return Finding("slurm preemption", "ok", "PreemptMode OFF: no job has to make room")
    return Finding("slurm preemption", "note", f"PreemptMode {mode}: jobs that made room are submitted again by `run`")


def _array_size(store: Store, told: str) -> Finding:
    """Compare the largest index that SLURM takes, which is one less than MaxArraySize, with the profile."""
    try:
        limit = chosen_profile(store.root).array_limit
    except UserError as error:
        return Finding("slurm profile", "wrong", str(error))
    if not NUMBER.fullmatch(told):
        return Finding(
            "slurm arrays", "note", f"MaxArraySize is unknown; the profile puts {limit} jobs into one at most"
        )
    largest = int(told)
    if limit <= largest:
        return Finding("slurm arrays", "ok", f"MaxArraySize {largest}; the profile puts {limit} jobs into one at most")
    misfit = f"MaxArraySize {largest} is less than the profile's array_limit {limit}"
    return Finding("slurm arrays", "wrong", f"{misfit}; write array_limit: {max(1, largest)} into the profile")


def ray() -> Iterator[Finding]:
    """Yield the Ray cluster that the environment names, if it answers."""
    jobs = replace(RayJobs.of_environment(), answer_seconds=ANSWER_SECONDS)
    named = "RAY_API_SERVER_ADDRESS" in os.environ
    try:
        cpus, gpus = jobs.total("CPU"), jobs.total("GPU")
    except BackendError as error:
        yield Finding("ray cluster", "wrong" if named else "note", f"none: {error}")
        return
    yield Finding("ray cluster", "ok", f"{jobs.address}: {cpus:g} CPUs, {gpus:g} GPUs")
    if not jobs.token:
        told = "RAY_AUTH_TOKEN is not set: anyone who can reach the cluster can run code on it"
        yield Finding("ray token", "note", told)


def mlflow_server(store: Store) -> Iterator[Finding]:
    """Yield whether the server answers, where one is recorded to; runs do not depend on it."""
    uri = default_target(store).uri
    if not uri.startswith("http"):
        return
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER_SECONDS):
            yield Finding("mlflow server", "ok", f"{uri} answers")
    except (OSError, ValueError) as error:
        yield Finding("mlflow server", "note", f"{uri}: {error}; runs continue, and are recorded later")
