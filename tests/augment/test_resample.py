"""The wavelet, and both ways of resampling with it."""

import numpy as np
import pytest
import torch

from trainer.augment.resample import Margins, downsample, upsample
from trainer.augment.wavelets import SYM2, SYM6, WaveletTaps, filter_bank
from trainer.ops.kernels import using
from trainer.ops.reference import ReferenceKernels


@pytest.mark.parametrize(("taps", "moments"), [(SYM2, 2), (SYM6, 6)])
def test_wavelet_is_orthonormal_and_has_its_vanishing_moments(taps: WaveletTaps, moments: int) -> None:
    shifts = range(len(taps) // 2)
    products = [taps[: len(taps) - 2 * m] @ taps[2 * m :] for m in shifts]
    assert products == pytest.approx([1.0] + [0.0] * (len(shifts) - 1), abs=1e-11)
    high = taps[::-1] * (-1.0) ** np.arange(len(taps))
    assert [high @ np.linspace(0, 1, len(taps)) ** k for k in range(moments)] == pytest.approx([0] * moments, abs=1e-11)


def test_bands_add_up_to_the_signal() -> None:
    impulse = np.zeros(43)
    impulse[21] = 1
    assert filter_bank().sum(axis=0) == pytest.approx(impulse, abs=1e-12)


@pytest.mark.parametrize("chosen", ["reference", "native"])
@pytest.mark.parametrize("margins", [Margins(3, 3, 3, 3), Margins(3, 9, 4, 11), Margins(9, 9, 11, 11)])
def test_filtering_samples_like_the_matrix_product(
    margins: Margins, chosen: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    images = torch.rand(2, 3, 12, 10, dtype=torch.float64)
    fine = upsample(images, margins)
    coarse = downsample(fine)
    with using(ReferenceKernels() if chosen == "reference" else request.getfixturevalue("native")) as used:
        monkeypatch.setattr(type(used), "largest_product", 0)
        assert torch.allclose(upsample(images, margins), fine)
        assert torch.allclose(downsample(fine), coarse)


@pytest.mark.parametrize("chosen", ["reference", "native"])
def test_filtering_is_twice_differentiable(
    chosen: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    images = torch.rand(1, 2, 8, 7, dtype=torch.float64, requires_grad=True)
    with using(ReferenceKernels() if chosen == "reference" else request.getfixturevalue("native")) as used:
        monkeypatch.setattr(type(used), "largest_product", 0)

        def there_and_back(x: torch.Tensor) -> torch.Tensor:
            return downsample(upsample(x, Margins(3, 4, 5, 6))[..., 2:-2, 2:-2] ** 2)

        assert torch.autograd.gradcheck(there_and_back, images)
        assert torch.autograd.gradgradcheck(there_and_back, images)


def test_sampling_down_undoes_sampling_up() -> None:
    images = torch.rand(2, 3, 12, 10, dtype=torch.float64)
    fine = upsample(images, Margins(3, 3, 3, 3))
    assert torch.allclose(downsample(fine), images, atol=1e-11)


def test_product_matrices_survive_inference_mode() -> None:
    images = torch.rand(1, 1, 14, 14)
    with torch.inference_mode():
        upsample(images, Margins(1, 1, 1, 1))
    upsample(images.requires_grad_(), Margins(1, 1, 1, 1)).sum().backward()
    assert images.grad is not None
