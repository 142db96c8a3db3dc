"""The CUDA library really compiles for every architecture asked for, without spills, and loads without a GPU."""

import ctypes
import re

import pytest

from trainer.errors import UserError
from trainer.ops.build import place, toolchain
from trainer.ops.build.build import build
from trainer.ops.native import abi

MOST_REGISTERS = 96
compiler = toolchain.nvcc()
pytestmark = [
    pytest.mark.timeout(1800),  # a minute of one core, more of a busy one
    pytest.mark.skipif(compiler is None, reason=toolchain.NO_NVCC),
]


@pytest.fixture(scope="module")
def report() -> str:
    """The report of ptxas for every kernel."""
    try:
        return (build("cuda") / "cuda.log").read_text()
    except UserError as error:
        pytest.fail(str(error))


def test_every_architecture_is_there(report: str) -> None:
    assert compiler is not None
    built = {int(number) for number in re.findall(r"for 'sm_(\d+)'", report)}
    assert built == set(toolchain.architectures(compiler))
    assert len(built) >= 7


def test_kernels_do_not_spill_and_stay_within_their_registers(report: str) -> None:
    registers = [int(number) for number in re.findall(r"Used (\d+) registers", report)]
    spills = [int(number) for number in re.findall(r"(\d+) bytes spill", report)]
    assert len(registers) >= 7 * 20
    assert max(registers) <= MOST_REGISTERS
    assert spills
    assert max(spills) == 0


@pytest.mark.usefixtures("report")
def test_the_library_loads_without_a_gpu() -> None:
    path = place.library("cuda")
    assert path is not None
    assert ctypes.CDLL(str(path)).adasweep_abi() == abi.VERSION
