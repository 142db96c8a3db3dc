"""Checks of a machine and an installation. Versions are read from metadata: nothing heavy is imported."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.backends.queue import gpu_count
from orchestrator.doctor import backends as doctor_backends
from orchestrator.doctor.finding import Finding
from orchestrator.doctor.own_packages import require_own_packages
from orchestrator.errors import StoreError
from orchestrator.plan.benchmark_file import read_benchmarks
from orchestrator.plan.plan_file import readable_plans, sweeps
from orchestrator.recorders.cursor import is_behind
from orchestrator.recorders.report import without_password
from orchestrator.recorders.target import readable_target
from orchestrator.store.invalid_files import invalid_files, misplaced
from orchestrator.store.layout import Store
from orchestrator.store.sweep_runs import invalid_runs
from trainer.config.stored import Malformed
from trainer.errors import UserError, counted

NEEDED = ("torch", "numpy", "pydantic", "ruamel.yaml", "mlflow-skinny", "sqlalchemy", "pillow", "pyarrow", "matplotlib")
OPTIONAL = {"ray": "the Ray backend", "submitit": "the SLURM backend", "mlflow": "MLflow's pages (extra `ui`)"}
MODULES = {"mlflow-skinny": "mlflow", "pillow": "PIL"}
"""Import names of packages, where they differ from the distribution's name."""

MAX_LISTED = 20
LOW_DISK_GIB = 5.0
SKEW_SECONDS = 2.0


def examine(store: Store) -> list[Finding]:
    """Return the findings of all checks, in order."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python,
        _own_packages,
        _packages,
        _optional,
        _shadows,
        _machine,
        operations,
        lambda: doctor_backends.slurm(store),
        doctor_backends.ray,
        lambda: _store(store),
        lambda: unreadable_files(store),
        lambda: _recorder(store),
        lambda: doctor_backends.mlflow_server(store),
    ]
    return [finding for check in checks for finding in check()]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok" if sys.version_info >= (3, 11) else "wrong", f"{version} at {sys.executable}")


def _own_packages() -> Iterator[Finding]:
    try:
        require_own_packages()
    except UserError as error:
        yield Finding("own packages", "wrong", str(error))
    else:
        yield Finding("own packages", "ok", "trainer and analysis are this project's")


def _packages() -> Iterator[Finding]:
    for name in NEEDED:
        version = _version(name)
        yield Finding(name, "ok" if version else "wrong", version or f"not installed; pip install {name}")


def _optional() -> Iterator[Finding]:
    for name, purpose in OPTIONAL.items():
        yield Finding(name, "ok" if _version(name) else "note", _version(name) or f"missing: needed for {purpose}")


def _shadows() -> Iterator[Finding]:
    """Yield packages shadowed by another of the same name: a folder beside a script, an entry of PYTHONPATH."""
    names = {MODULES.get(name, name): name for name in (*OPTIONAL, *NEEDED)}
    hidden = [found for module, name in names.items() if (found := _shadow(module, name))]
    yield from hidden
    if not hidden:
        yield Finding("shadowed packages", "ok", "none: Python finds what is installed")


def _shadow(module: str, name: str) -> Finding | None:
    try:
        installed = Path(str(importlib.metadata.distribution(name).locate_file(""))).resolve()
    except importlib.metadata.PackageNotFoundError:
        return None
    found = importlib.util.find_spec(module)
    places = [found.origin] if found and found.origin else list(found.submodule_search_locations or ()) if found else []
    if any(Path(place).resolve().is_relative_to(installed) for place in places):
        return None
    conflict = f"Python finds {places[0] if places else 'nothing'}, not the package installed in {installed}"
    return Finding("shadowed packages", "wrong", f"{module}: {conflict}; move it away or fix PYTHONPATH")


def _machine() -> Iterator[Finding]:
    cpus, threads = len(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS")
    yield Finding("cpus", "ok", f"{cpus} usable; OMP_NUM_THREADS {threads or 'is set for each worker'}")
    gpus = gpu_count()
    yield Finding("gpus", "ok" if gpus else "note", f"{gpus} NVIDIA GPUs" if gpus else "none: training runs on CPUs")


def operations() -> Iterator[Finding]:
    """Yield the status of the compiled operations, as reported by the trainer."""
    command = [sys.executable, "-m", "trainer", "ops", "status", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield Finding("ops", "wrong", done.stderr.strip())
        return
    for kind, verdict, detail in (row.values() for row in json.loads(done.stdout)):
        yield Finding(f"{kind} operations", verdict, detail)


def _store(store: Store) -> Iterator[Finding]:
    """Yield what the store's folder is like; of one that does not exist, the folder that it would be made in."""
    folder = nearest_folder(store.root)
    try:
        Store(folder).require_writable()
    except StoreError as error:
        yield Finding("store", "wrong", str(error))
        return
    trials = f"{store.root.resolve()}, {counted(sum(1 for _ in store.readable_ids()), 'trial')}"
    missing = f"{store.root.resolve()} does not exist yet; checked instead: {folder.resolve()}"
    yield Finding("store", "ok", trials if folder == store.root else missing)
    free = shutil.disk_usage(folder).free / 2**30
    yield Finding("disk", "ok" if free > LOW_DISK_GIB else "note", f"{free:.1f} GiB free")
    skew = _skew_seconds(folder)
    offset = f"the store's file system is {abs(skew):.1f} s off"
    yield Finding("clock", "ok" if abs(skew) < SKEW_SECONDS else "wrong", offset)
    works = _links(folder)
    yield Finding("hard links", "ok" if works else "wrong", "work" if works else "do not work: no leases")


def nearest_folder(path: Path) -> Path:
    """Return a path, or the nearest of its parents that exists."""
    return next((parent for parent in (path, *path.absolute().parents) if os.path.lexists(parent)), path)


def unreadable_files(store: Store) -> Iterator[Finding]:
    """Yield what is skipped as invalid: plans, benchmarks, times of runs, misplaced trials, records and rows."""
    skipped, benchmarks = list[str](), list[Malformed]()
    readable_plans(store, skipped)
    read_benchmarks(store.benchmarks, benchmarks)
    skipped += map(str, benchmarks)
    skipped += [str(one) for sweep in sweeps(store) for one in invalid_runs(store, sweep)]
    skipped += map(str, misplaced(store))
    skipped += [str(one) for trial in store.readable_ids() for one in invalid_files(store, trial, with_histograms=True)]
    yield from (Finding("invalid files", "note", line) for line in skipped[:MAX_LISTED])
    if len(skipped) > MAX_LISTED:
        yield Finding("invalid files", "note", f"and {len(skipped) - MAX_LISTED:,} more; see: adasweep why TRIAL")
    if not skipped:
        yield Finding("invalid files", "ok", "none: all records and rows can be read")


def _recorder(store: Store) -> Iterator[Finding]:
    try:
        target = readable_target(store)
    except UserError as error:
        yield Finding("mlflow record", "wrong", str(error))
        return
    behind = is_behind(store, target, [trial for trial in store.readable_ids() if store.run(trial).attempts()])
    status = "is behind; to update it, run: adasweep record" if behind else "is up to date"
    yield Finding("mlflow record", "note" if behind else "ok", f"{without_password(target.uri)} {status}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _skew_seconds(folder: Path) -> float:
    probe = folder / f".clock.{os.getpid()}"
    probe.touch()
    written = probe.stat().st_mtime
    probe.unlink()
    return written - time.time()


def _links(folder: Path) -> bool:
    probe, other = (folder / f".link{number}.{os.getpid()}" for number in (1, 2))
    probe.touch()
    try:
        os.link(probe, other)
    except OSError:
        return False
    finally:
        probe.unlink()
        other.unlink(missing_ok=True)
    return True
