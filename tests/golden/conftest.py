"""Every golden test that uses the operations runs with both implementations."""

from collections.abc import Iterator

import pytest

from tests.support.native import native as native
from trainer.ops.kernels import using
from trainer.ops.reference import ReferenceKernels

BY_OPERATIONS = ("test_01", "test_02", "test_03", "test_04", "test_06", "test_07", "test_08", "test_15")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use operations twice."""
    if metafunc.module.__name__.rpartition(".")[2].startswith(BY_OPERATIONS):
        metafunc.fixturenames.append("operations")
        metafunc.parametrize("operations", ["reference", "native"], indirect=True)


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> Iterator[None]:
    """Use the implementation of the test's parameter."""
    chosen = request.getfixturevalue("native") if request.param == "native" else ReferenceKernels()
    with using(chosen):
        yield
