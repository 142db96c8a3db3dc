"""python -m benchmarks.gpu_check: run every check that needs a GPU, and list what was skipped.

Exit codes: 0 if all that ran passed, 1 if a check failed, 2 if there is no GPU or no build for it.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from trainer.errors import UserError
from trainer.ops.build.build import build
from trainer.runtime.torch_settings import configure_process

TESTS = ("tests/ops", "tests/golden")
GPU_TESTS = "tests/ops/test_cuda_equals_cpu.py"


def main() -> int:
    """Build, test and measure; print what was skipped."""
    configure_process(threads=1)
    try:
        folder = build("cuda")
    except UserError as error:
        return _unusable(f"skipped everything: {error}")
    sys.stdout.write(f"CUDA operations: {folder}\n")
    if not torch.cuda.is_available():
        return _unusable("skipped: CUDA against CPU operations, benchmarks on CUDA: this torch sees no GPU")
    failed = [command for command in _commands() if subprocess.run(command, check=False).returncode]
    for command in failed:
        sys.stderr.write(f"failed: {' '.join(command)}\n")
    sys.stdout.write("skipped: golden tests and whole iterations on CUDA (they compare with CPU numbers)\n")
    return 1 if failed else 0


def _commands() -> Iterator[list[str]]:
    pytest = [sys.executable, "-m", "pytest", "-q", "-rs"]
    yield [*pytest, GPU_TESTS]
    yield [*pytest, *(test for test in TESTS if Path(test).exists())]
    yield [sys.executable, "-m", "benchmarks", "--only", "ops", "rates"]


def _unusable(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
