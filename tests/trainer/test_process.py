"""A worker's process keeps its memory, and repeats itself to the bit."""

import resource
import subprocess
import sys

import pytest

CHURN = """
import resource, torch
from trainer.process import keep_freed_memory, settle
{setting}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def churn():
    return [torch.ones(1 << 20) for _ in range(8)]  # 32 MiB
for _ in range(3):
    churn()  # until the heap has found its shape
before = faults()
for _ in range(4):
    churn()
print(faults() - before)
"""


def page_faults(setting: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CHURN.format(setting=setting)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc of glibc")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    pages = 4 * 32 * 1024**2 // resource.getpagesize()
    assert page_faults("settle(1)") < pages / 10
