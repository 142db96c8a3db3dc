"""The structs of csrc/abi.h, field by field."""

import ctypes
import math

import torch

VERSION = 4
TYPES = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}
ACTS = ("linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish")
PIECES = ACTS[:3]

_Fields = list[tuple[str, type]]


def _integers(*names: str) -> _Fields:
    return [(name, ctypes.c_int64) for name in names]


def _numbers(*names: str) -> _Fields:
    return [(name, ctypes.c_double) for name in names]


def _pointers(*names: str) -> _Fields:
    return [(name, ctypes.c_void_p) for name in names]


class Activate(ctypes.Structure):
    """Bias and activation, or a derivative."""

    _fields_ = [
        *_integers("type", "act", "order", "outer", "channels", "inner"),
        *_numbers("alpha", "gain", "clamp"),
        *_pointers("ref", "bias", "dy", "v", "out"),
    ]


class Finish(ctypes.Structure):
    """The end of a modulated convolution, forward or backward."""

    _fields_ = [
        *_integers("type", "n", "before", "channels", "after", "noise_per_sample"),
        *_numbers("alpha", "clamp"),
        *_pointers("x", "scale", "noise", "bias", "y", "dy", "dx", "dscale", "dnoise", "dbias"),
    ]


class Modulate(ctypes.Structure):
    """Scaling of channels, and scalar products of channels."""

    _fields_ = [
        *_integers("type", "n", "before", "channels", "after"),
        *_pointers("x", "y", "s", "scaled", "dots"),
    ]


class ResampleArguments(ctypes.Structure):
    """Up, filter, down."""

    _fields_ = [
        *_integers("type", "n", "channels", "height", "width", "out_height", "out_width"),
        ("x_strides", ctypes.c_int64 * 4),
        ("y_strides", ctypes.c_int64 * 4),
        *_integers("up_y", "up_x", "down_y", "down_x", "pad_y", "pad_x", "taps_y", "taps_x", "separable"),
        *_pointers("x", "filter", "column", "row", "y"),
    ]


class Warp(ctypes.Structure):
    """Bilinear sampling through an affine map, or its adjoint."""

    _fields_ = [
        *_integers("type", "adjoint", "n", "channels", "height", "width", "out_height", "out_width"),
        *_pointers("input", "theta", "output"),
    ]


class Convolve3(ctypes.Structure):
    """A 3x3 convolution by minimal filtering, or the gradient of its weight."""

    _fields_ = [
        *_integers("type", "direction", "n", "inputs", "outputs"),
        *_integers("x_height", "x_width", "y_height", "y_width", "tiles", "of_thread"),
        *_pointers("x", "bias", "y", "matrices", "workspace"),
    ]


class TapsArguments(ctypes.Structure):
    """Weights to matrices of minimal filtering, or the inverse."""

    _fields_ = [
        *_integers("type", "by2", "back", "rows", "lanes", "row_stride", "lane_stride", "y_stride", "x_stride"),
        *_pointers("weight", "matrices"),
    ]


class BlockArguments(ctypes.Structure):
    """An inverted residual block."""

    _fields_ = [
        *_integers("type", "n", "height", "width", "inputs", "expanded", "outputs"),
        *_integers("taps", "stride", "stem", "residual", "together", "of_thread"),
        *_pointers("x", "expand", "expand_bias", "depthwise", "depthwise_bias", "project", "project_bias"),
        *_pointers("y", "workspace"),
    ]


def clamp_value(clamp: float | None) -> float:
    """Return the clamp for the kernels: NaN for none."""
    return math.nan if clamp is None else clamp
