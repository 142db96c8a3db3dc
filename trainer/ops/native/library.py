"""The loaded libraries, and calls into them. Nothing is ever compiled here.

Their threads on a CPU are torch's, whose pool does not outlive a fork: a forked child of a process that has computed
with two threads waits forever, in these operations as in torch's own. So nothing forks without starting a program.
"""

import ctypes
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from trainer.errors import UserError
from trainer.ops.native import abi

AGAIN = "rebuild with: adasweep ops build --again"
FUNCTIONS = {
    "adasweep_activate": abi.Activate,
    "adasweep_resample": abi.ResampleArguments,
    "adasweep_modulate": abi.Modulate,
    "adasweep_finish": abi.Finish,
    "adasweep_finish_backward": abi.Finish,
    "adasweep_warp": abi.Warp,
}
CPU_FUNCTIONS = {
    "adasweep_convolve3": abi.Convolve3,
    "adasweep_correlate3": abi.Convolve3,
    "adasweep_taps": abi.TapsArguments,
    "adasweep_inverted_residual": abi.BlockArguments,
}


class Library:
    """The library of csrc/abi.h for "cpu" or "cuda". Raises UserError if it cannot be loaded or has another version."""

    def __init__(self, path: Path, kind: str) -> None:
        try:
            _require_trusted(path)
            self._handle = ctypes.CDLL(str(path))
            version = self._handle.adasweep_abi()
            if version != abi.VERSION:
                raise UserError(path, f"has interface version {version}, not {abi.VERSION}", AGAIN)
            self._handle.adasweep_error.restype = ctypes.c_char_p
            for name, arguments in (FUNCTIONS | (CPU_FUNCTIONS if kind == "cpu" else {})).items():
                getattr(self._handle, name).argtypes = [ctypes.POINTER(arguments), ctypes.c_void_p]
        except (OSError, AttributeError) as error:
            raise UserError(path, f"cannot be used: {error}", AGAIN) from error

    def call(self, function: str, arguments: ctypes.Structure, where: int) -> None:
        """Call `function` with `where`, a number of threads or a stream. Raises RuntimeError with its message."""
        code = getattr(self._handle, function)(ctypes.byref(arguments), where)
        if code:
            raise RuntimeError(f"{function}: {self._handle.adasweep_error(code).decode()}")


def _require_trusted(path: Path) -> None:
    """Raise UserError if a library or its folder has another owner or is world-writable, since it would be executed."""
    for place in (path, path.parent):
        status = place.stat()
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & stat.S_IWOTH:
            mode = f"belongs to user {status.st_uid}, mode {stat.S_IMODE(status.st_mode):04o}"
            raise UserError(place, f"{mode}: others could have put code there", "set ADASWEEP_OPS to a folder you own")


class _Loaded:
    """The libraries of this process, by type of device."""

    libraries: Mapping[str, Library] = {}


def serve(libraries: Mapping[str, Library]) -> None:
    """Make the operations use these libraries."""
    _Loaded.libraries = libraries


def is_served(device_type: str) -> bool:
    """Return whether operations on this type of device are compiled."""
    return device_type in _Loaded.libraries


def call(function: str, arguments: ctypes.Structure, like: Tensor) -> None:
    """Call `function` on the device of `like`, on its current stream or with torch's number of threads."""
    library = _Loaded.libraries.get(like.device.type)
    if library is None:
        raise UserError("ops", f"no native operations are loaded for {like.device.type}", "adasweep ops build")
    if like.device.type == "cpu":
        return library.call(function, arguments, torch.get_num_threads())
    with torch.cuda.device(like.device):
        return library.call(function, arguments, torch.cuda.current_stream().cuda_stream)


def pointer(tensor: Tensor | None) -> int | None:
    """Return the address of a tensor's elements."""
    return None if tensor is None else tensor.data_ptr()
