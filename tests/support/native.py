"""The compiled operations, built once for all tests; skips with the reason if this machine cannot build them."""

from collections.abc import Iterator

import pytest

from trainer.errors import UserError
from trainer.ops import choice
from trainer.ops.build import place
from trainer.ops.build.build import build
from trainer.ops.kernels import Kernels, using


@pytest.fixture(scope="session")
def native() -> Kernels:
    """Return the native CPU operations."""
    if place.variant() is None:
        pytest.skip("this processor has no AVX2: no native operations")
    try:
        build("cpu")
    except UserError as error:
        pytest.skip(str(error))
    return choice.native("cpu", smallest=0)


@pytest.fixture
def native_used(native: Kernels) -> Iterator[Kernels]:
    """Use the native operations in a test."""
    with using(native):
        yield native
