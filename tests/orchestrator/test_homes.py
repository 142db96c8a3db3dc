"""A path from the home of a user whom this machine does not know is a mistake at its line; it is no bug."""

from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from tests.support.tiny_sweep import find
from trainer.config.dataset.describe import describe
from trainer.config.dataset.regular import expanded
from trainer.errors import DataError

SWEEP = "sweep: s\nseeds: 1\nhorizon_kimg: 1\nbase:\n  preset: tiny32\n"
TOLD = "~no-user is no user's home here; for a name, write ./~no-user"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("  data: ~no-user", "base.data: ~no-user: "),
        ("  data: ~no-user/set", "base.data: ~no-user/set: "),
        ("  data: tiny\n  transfer: ~no-user/s.safetensors", "base.transfer: ~no-user/s.safetensors: "),
        ("  data: tiny\n  transfer: {sweep: ~no-user/s.yaml, cell: a}", "base.transfer: its source cannot be had: "),
        ("  data: tiny\ninclude: ~no-user/s.yaml", "include: ~no-user/s.yaml: "),
    ],
)
def test_the_home_of_an_unknown_user_is_a_mistake_at_its_line(tmp_path: Path, line: str, place: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"{SWEEP}{line}\n")
    with pytest.raises(SweepError) as raised:
        expand(read_sweep(file), find)
    told = [str(one) for one in raised.value.problems]
    assert any(f": {place}" in one and one.endswith(TOLD) for one in told), told


def test_it_is_one_in_a_data_set_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no user's home here"):
        describe("~no-user/set", tmp_path)
    assert expanded("~") == Path.home()
