"""Compile into a folder that appears once it is complete. The first builder wins.

There is no lock, so none can be left behind: concurrent builders duplicate the work, and one result is kept.
"""

import hashlib
import json
import os
import platform
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer.errors import OutputError, UserError
from trainer.files import create_folder, replace_file
from trainer.ops.build import place
from trainer.ops.build.recipes import CPU_FLAGS, CPU_VARIANTS, CUDA_FLAGS, GENERIC, X86_FLAGS
from trainer.ops.build.toolchain import NO_COMPILER, NO_NVCC, Compiler, architectures, cxx, host_options, nvcc, run


def build(kind: place.BuildKind, again: bool = False) -> Path:
    """Compile the current sources unless they are built already, and return their folder.

    Raises UserError if there is no compiler or it fails, OutputError if the folder cannot be written.
    """
    compiler = cxx() if kind == "cpu" else nvcc()
    if again:
        shutil.rmtree(place.own_folder(kind), ignore_errors=True)
    elif place.manifest(kind) is not None:
        return place.folder(kind)
    target = place.own_folder(kind)
    if compiler is None:
        raise UserError(f"ops of {kind}", NO_COMPILER if kind == "cpu" else NO_NVCC)
    try:
        create_folder(target, lambda part: _compile(kind, compiler, part, target))
    except OSError as error:
        raise OutputError(target.parent, f"cannot be written ({error.strerror})", "set ADASWEEP_OPS") from error
    return target


def _compile(kind: place.BuildKind, compiler: Compiler, part: Path, target: Path) -> None:
    """Compile into `part`; remove what stands at `target` if it is no complete build."""
    commands = _cpu_commands(compiler, part) if kind == "cpu" else _cuda_commands(compiler, part)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda command: run(command, Path(command[-1]).with_suffix(".log")), commands))
    _describe(part, compiler)
    if not (target / place.MANIFEST).exists():
        shutil.rmtree(target, ignore_errors=True)


def _cpu_commands(compiler: Compiler, part: Path) -> list[list[str]]:
    source = str(place.SOURCES / "cpu.cpp")
    variants = [*CPU_VARIANTS] if platform.machine() == "x86_64" else [GENERIC]
    march = {name: [] if name == GENERIC else [f"-march={name}", *X86_FLAGS] for name in variants}
    return [
        [compiler.path, *CPU_FLAGS, *march[name], source, "-lpthread", "-ldl", "-o", str(part / f"{name}.so")]
        for name in variants
    ]


def _cuda_commands(compiler: Compiler, part: Path) -> list[list[str]]:
    known = architectures(compiler)
    if not known:
        raise UserError(compiler.path, "supports none of the wanted architectures", "install a newer CUDA toolkit")
    codes = [f"-gencode=arch=compute_{one},code=sm_{one}" for one in known]
    newest = f"-gencode=arch=compute_{known[-1]},code=compute_{known[-1]}"
    source = str(place.SOURCES / "cuda.cu")
    options = [*host_options(), *CUDA_FLAGS, *codes, newest, "--threads=0"]
    return [[compiler.path, *options, source, "-o", str(part / "cuda.so")]]


def _describe(part: Path, compiler: Compiler) -> None:
    libraries = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(part.glob("*.so"))}
    manifest = {"compiler": compiler.version, "built": time.time(), "libraries": libraries}
    replace_file(part / place.MANIFEST, json.dumps(manifest, indent=1))
