"""Every golden test that uses the operations runs with both implementations."""

from collections.abc import Iterator

import pytest

from benchmarks.gpu.accelerator import tf32
from tests.golden.cases import DEVICE
from tests.support.native import native as native
from trainer.ops import choice
from trainer.ops.build import place
from trainer.ops.kernels import Kernels, using
from trainer.ops.reference import ReferenceKernels

BY_OPERATIONS = ("test_01", "test_02", "test_03", "test_04", "test_06", "test_07", "test_08", "test_14", "test_15")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use operations twice."""
    if metafunc.module.__name__.rpartition(".")[2].startswith(BY_OPERATIONS):
        metafunc.fixturenames.append("operations")
        metafunc.parametrize("operations", ["reference", "native"], indirect=True)


def _native(request: pytest.FixtureRequest) -> Kernels:
    if DEVICE.type == "cpu":
        kernels: Kernels = request.getfixturevalue("native")
        return kernels
    if place.library("cuda") is None:
        pytest.fail("there is a GPU, but no build for it: adasweep ops build")
    return choice.native("cuda", smallest=0)


@pytest.fixture(autouse=True)
def without_tf32() -> Iterator[None]:
    """Compute products and convolutions in float32 on a GPU."""
    with tf32(False):
        yield


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> Iterator[None]:
    """Use the implementation of the test's parameter."""
    chosen = _native(request) if request.param == "native" else ReferenceKernels()
    with using(chosen):
        yield
