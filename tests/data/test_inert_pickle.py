"""A pickle is read for its numbers; no code in it runs."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.sources import tar_of
from trainer.data.prepare import prepare
from trainer.data.readers.inert_pickle import Array, as_bytes, load_inert
from trainer.errors import DataError


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_batch_runs_nothing_and_is_named(tmp_path: Path, protocol: int) -> None:
    witness = tmp_path / "witness"
    evil = pickle.dumps({b"data": Calls(os.system, f"touch {witness}"), b"labels": [0]}, protocol=protocol)
    source = tar_of(tmp_path / "cifar-10-python.tar.gz", {"cifar-10-batches-py/data_batch_1": evil})
    with pytest.raises(DataError, match=r"data_batch_1: is not a batch of CIFAR-10 .*system"):
        prepare(source, tmp_path / "out.zip")
    assert not witness.exists()


@pytest.mark.parametrize("function", [eval, exec, open, getattr, np.load, np.frombuffer, __import__])
def test_only_stand_ins_can_be_named(function: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="it uses"):
        load_inert(pickle.dumps(Calls(function, "x")))


@pytest.mark.parametrize("content", [b"", b"\x80", b"cos\nsystem\n.", b"garbage", b"(" * 1000, b"."])
def test_garbage_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a pickle of plain numbers"):
        load_inert(content)


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="not an array of bytes"):
        as_bytes(load_inert(pickle.dumps(np.array([None, "x"], dtype=object))))


@pytest.mark.parametrize("shape", [(4, 10**12), (-1, 3), ("3",), None])
def test_an_array_that_lies_about_its_size_is_refused(shape: object) -> None:
    honest = load_inert(pickle.dumps(np.zeros((2, 3), np.uint8), protocol=2))
    with pytest.raises(ValueError, match="shape"):
        as_bytes(Array(shape, honest.dtype, honest.content))


def test_a_tar_that_tries_to_climb_out_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    source = tar_of(tmp_path / "a" / "x.tar.gz", {"../evil": b"x"})
    with pytest.raises(DataError, match="has no data_batch_1"):
        prepare(source, tmp_path / "a" / "out.zip")
    assert not (tmp_path / "evil").exists()
