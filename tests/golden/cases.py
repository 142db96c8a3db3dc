"""Reference numbers: where they are, how one file is read, how a result is compared.

Every file holds `meta`, a JSON text that lists its cases; tests are parametrised from it, so any folder with the same
layout can replace the default one: ADASWEEP_GOLDEN=/some/folder pytest tests/golden. A missing file, case or array is
not compared; a test whose input is missing is skipped.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor

DEVICE = torch.device(os.environ.get("ADASWEEP_GOLDEN_DEVICE", "cpu"))
"""Where networks and operations are compared: `make gpu-check` chooses a GPU."""

SLACK = 1 if DEVICE.type == "cpu" else 4
"""Tolerances on a GPU are those of the CPU times this: its sums have another order."""

REPOSITORY = Path(__file__).resolve().parents[2]

Meta = dict[str, Any]
Arrays = dict[str, np.ndarray]
Value = TypeVar("Value")


class Stored(dict[str, Any]):
    """What a file holds, by name; looking up a name that it lacks skips the test."""

    def __missing__(self, name: str) -> NoReturn:
        pytest.skip(f"not stored: {name}")


def golden_dir() -> Path:
    """Return the folder of reference numbers; it may not exist."""
    return Path(os.environ.get("ADASWEEP_GOLDEN", REPOSITORY.parent / "shared" / "golden"))


def load(name: str) -> tuple[Meta, Arrays]:
    """Return (meta, arrays) of file `name`; both empty if it does not exist."""
    path = golden_dir() / name
    if not path.exists():
        return Stored(), Stored()
    if path.suffix == ".json":
        return json.loads(path.read_text(), object_hook=Stored), Stored()
    with np.load(path, allow_pickle=False) as file:
        arrays = Stored({key: file[key] for key in file.files})
    return json.loads(str(arrays.pop("meta", "{}")), object_hook=Stored), arrays


def cases(name: str, ids: list[Any]) -> pytest.MarkDecorator:
    """Return a parametrisation over `ids`; a missing file gives one skipped test with the reason."""
    if ids:
        return pytest.mark.parametrize("case", ids, ids=[str(i) for i in ids])
    reason = f"no cases: {golden_dir() / name} is missing or lists none"
    return pytest.mark.parametrize("case", [pytest.param(None, marks=pytest.mark.skip(reason=reason))])


def below(arrays: Arrays, prefix: str) -> Arrays:
    """Return the arrays below `prefix/`, by the rest of their names."""
    return Stored({key[len(prefix) + 1 :]: value for key, value in arrays.items() if key.startswith(prefix + "/")})


def stored(arrays: Mapping[str, Value], *names: str) -> dict[str, Value]:
    """Return the arrays `names`; skip the test if any is missing."""
    missing = [name for name in names if name not in arrays]
    if missing:
        pytest.skip(f"not stored: {', '.join(missing)}")
    return {name: arrays[name] for name in names}


def tensor(array: np.ndarray, dtype: torch.dtype | None = None) -> Tensor:
    """Return a copy of `array` as a tensor."""
    return torch.tensor(array, dtype=dtype, device=DEVICE)


def largest(values: np.ndarray) -> float:
    """Return max|values| without NaN, 0 if there is none."""
    return float(np.nan_to_num(np.abs(values), nan=0.0).max(initial=0.0))


def check(arrays: Arrays, name: str, mine: Any, ratio: float, floor: float = 0.0) -> None:
    """Assert that `mine` is close to the array `name`, if it exists."""
    if name in arrays:
        assert_close(mine, arrays[name], ratio, floor)


def assert_close(mine: Tensor | np.ndarray | float, golden: Any, ratio: float, floor: float = 0.0) -> None:
    """Assert max|mine - golden| <= ratio * max(max|golden|, floor), and that shapes and NaNs agree."""
    got = mine.detach().cpu().numpy() if isinstance(mine, Tensor) else np.asarray(mine)
    want = np.asarray(golden)
    assert got.shape == want.shape, f"shape {got.shape} is not {want.shape}"
    assert (np.isnan(got) == np.isnan(want)).all(), "NaN in other places"
    error, limit = largest(got.astype(np.float64) - want), SLACK * ratio * max(largest(want), floor)
    assert error <= limit, f"error {error:.3e} exceeds {limit:.3e}"
