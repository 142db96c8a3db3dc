"""A worker process keeps its memory and is reproducible bit for bit."""

import resource
import subprocess
import sys

import pytest

CHURN = """
import resource, statistics, torch
from trainer.runtime.torch_settings import keep_freed_memory, configure_process
{setting}
def faults_of_a_round():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [torch.ones({floats}) for _ in range({count})]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(statistics.median(faults_of_a_round() for _ in range(25)))  # the first rounds give the heap its shape
"""


def page_faults(setting: str, floats: int, count: int) -> float:
    program = CHURN.format(setting=setting, floats=floats, count=count)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="malloc of glibc")
@pytest.mark.parametrize(("floats", "count"), [(1 << 20, 8), (1 << 24, 2)], ids=["4 MiB", "64 MiB"])
def test_freed_memory_is_used_again_without_page_faults(floats: int, count: int) -> None:
    pages = 4 * floats * count // resource.getpagesize()
    assert page_faults("configure_process(1)", floats, count) < pages / 10


FIRST_STEPS = """
import sys, torch
from trainer.runtime.torch_settings import configure_process
from trainer.training.eager_adam import EagerAdam
configure_process(1)
assert torch.are_deterministic_algorithms_enabled() and torch.is_deterministic_algorithms_warn_only_enabled()
weights = [torch.linspace(-1, 1, 9).requires_grad_() for _ in range(2)]
def train(kind, weight):
    optimizer = kind([weight], lr=0.1, fused=True)
    for _ in range(5):
        optimizer.zero_grad()
        weight.pow(3).sum().backward()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
train(EagerAdam, weights[0])
assert "torch._dynamo" not in sys.modules
train(torch.optim.Adam, weights[1])
assert torch.equal(*weights)
"""


def test_a_worker_steps_as_torch_does_without_importing_its_compiler() -> None:
    subprocess.run([sys.executable, "-c", FIRST_STEPS], check=True)
