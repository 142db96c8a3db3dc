"""The pipe at fixed quantiles: outputs, gradients, and the wavelet filters behind them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.golden.cases import assert_close, below, cases, check, load, tensor
from trainer.augment.draws import Draws, QuantileDraws, RandomDraws
from trainer.augment.pipe import AugmentPipe
from trainer.augment.transforms.base import Transform
from trainer.augment.transforms.table import TRANSFORMS
from trainer.augment.wavelets import filter_bank, resampling_filter

FILE = "08_augment.npz"
META, ARRAYS = load(FILE)
BANDS = ["filter0", "filter1", "filter2", "filter3"]
NAMES = {"rotate": ["rotate_pre", "rotate_post"], "imgfilter": BANDS}  # what one multiplier of the reference governs
RATIO, FLOOR = 3e-5, 1.0


def pipe_of(settings: dict[str, Any]) -> AugmentPipe:
    """Return the pipe of a case: `xflip` is a strength, `xint_max` a magnitude of a transform."""
    strengths: dict[str, float] = {}
    transforms: dict[str, Transform] = dict(TRANSFORMS)
    bands = dict(zip(BANDS, settings.get("imgfilter_bands", [1] * 4), strict=True))
    for key, value in settings.items():
        kind, _, magnitude = key.partition("_")
        for name in NAMES.get(kind, [kind]):
            if not magnitude:
                strengths[name] = value * bands.get(name, 1)
            elif magnitude != "bands":
                transforms[name] = replace(transforms[name], **{magnitude: value})  # type: ignore[type-var]
    return AugmentPipe(strengths, transforms)


def draws_of(case: dict[str, Any]) -> Draws:
    if case.get("debug_percentile") is None:
        return RandomDraws()
    noise = ARRAYS.get(f"{case['id']}/noise_raw")
    return QuantileDraws(case["debug_percentile"], None if noise is None else tensor(noise))


def probability_of(case: dict[str, Any]) -> torch.Tensor:
    p = case.get("p")
    return torch.tensor(1.0 if p is None else p)


def named(case_id: str) -> dict[str, Any]:
    return next(case for case in META["cases"] if case["id"] == case_id)


def is_untouched(case: dict[str, Any]) -> bool:
    """Whether every gate stays closed."""
    return case.get("p") == 0 and case.get("debug_percentile") is None


@cases(FILE, [case["id"] for case in META.get("cases", [])])
def test_images_and_gradients_equal_the_reference(case: str) -> None:
    settings = named(case)
    images = tensor(ARRAYS[f"img/{settings['image']}"]).requires_grad_()
    out = pipe_of(settings.get("kwargs", {}))(images, probability_of(settings), draws_of(settings))
    arrays = below(ARRAYS, case)
    check(arrays, "out", out, RATIO, FLOOR)
    if "dy" in arrays:
        check(arrays, "dx", torch.autograd.grad(out, images, tensor(arrays["dy"]))[0], RATIO, FLOOR)


@cases(FILE, [case["id"] for case in META.get("cases", []) if is_untouched(case)])
def test_images_stay_the_same_at_p_0(case: str) -> None:
    settings = named(case)
    images = tensor(ARRAYS[f"img/{settings['image']}"])
    out = pipe_of(settings.get("kwargs", {}))(images, probability_of(settings), draws_of(settings))
    assert_close(out, images, 1e-6, FLOOR)


@pytest.mark.parametrize(("key", "mine"), [("const/Hz_geom", resampling_filter()), ("const/Hz_fbank", filter_bank())])
def test_wavelet_filters_equal_the_reference(key: str, mine: np.ndarray) -> None:
    if key not in ARRAYS:
        pytest.skip(f"{FILE} has no {key}")
    assert_close(mine, ARRAYS[key], 1e-7)
