"""Read numbers from a pickle without executing anything in it.

A pickle is a program that names functions and calls them. Here every allowed name maps to an inert stand-in that only
stores its arguments; any other name is an error. NumPy receives only the final bytes.
"""

import io
import math
import pickle
from typing import Any

import numpy as np
from jaxtyping import UInt8

MAX_ARRAY_BYTES = 1 << 30


class _DType:
    """Stands for numpy.dtype."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: object) -> None:
        """Ignore the byte order and other state: single bytes have none."""


class Array:
    """Stands for a numpy.ndarray: shape, type and bytes as given by the pickle, validated by `as_bytes`."""

    def __init__(self, shape: object = None, dtype: object = None, content: object = None) -> None:
        self.shape, self.dtype, self.content = shape, dtype, content

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, _, self.content = state


class _ArrayType:
    """Stands for the class numpy.ndarray itself."""


def _reconstruct(*_: object) -> Array:
    return Array()


def _from_buffer(content: object, dtype: object, shape: object, _: object) -> Array:
    return Array(shape, dtype, content)


def _encode(text: object, _: object = "latin1") -> bytes:
    return str(text).encode("latin1")


STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): _ArrayType,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("_codecs", "encode"): _encode,
}


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it uses {module}.{name}, which plain numbers do not need")
        return STAND_INS[module, name]


def load_inert(content: bytes) -> Any:
    """Return the dictionaries, lists, numbers and `Array`s in a pickle. Raises ValueError for anything else."""
    try:
        return _InertUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:
        raise ValueError(f"not a pickle of plain numbers: {error}") from None


def as_bytes(array: object) -> UInt8[np.ndarray, "..."]:
    """Return an `Array` of unsigned bytes as a NumPy array. Raises ValueError if it is invalid."""
    if not isinstance(array, Array) or not isinstance(array.dtype, _DType) or array.dtype.code not in ("u1", "|u1"):
        raise ValueError("not an array of bytes")
    shape, content = array.shape, array.content
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"not a shape: {shape!r}")
    if not isinstance(content, bytes | bytearray) or math.prod(shape) != len(content) or len(content) > MAX_ARRAY_BYTES:
        raise ValueError(f"the array's bytes do not have shape {shape}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
