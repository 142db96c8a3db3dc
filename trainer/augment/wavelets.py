"""The two orthogonal wavelets of the pipe: Daubechies' least asymmetric ones with 2 and 6 vanishing moments.

Both low-pass filters h satisfy sum h = sqrt(2) and sum_k h[k] h[k + 2m] = [m = 0], so upsampling with h and
downsampling with its mirror image returns the signal (Daubechies 1992, "Ten lectures on wavelets", Tables 6.1 and 6.3).
"""

import numpy as np
from numpy.typing import NDArray

WaveletTaps = NDArray[np.float64]

_ROOT3 = 3**0.5
SYM2: WaveletTaps = np.array([1 + _ROOT3, 3 + _ROOT3, 3 - _ROOT3, 1 - _ROOT3]) / (4 * 2**0.5)
SYM6: WaveletTaps = np.array(
    [
        0.015404109327027373,
        0.0034907120842174702,
        -0.11799011114819057,
        -0.048311742585633,
        0.491055941926747,
        0.787641141030194,
        0.3379294217276218,
        -0.07263752278646252,
        -0.021060292512300564,
        0.04472490177066578,
        0.0017677118642428036,
        -0.007800708325034148,
    ]
)


def resampling_filter() -> WaveletTaps:
    """Return the 12 taps of sym6 for the resampling of the geometric stage, summing to 1."""
    taps: WaveletTaps = SYM6 / SYM6.sum()
    return taps


def _half_band(taps: WaveletTaps) -> WaveletTaps:
    """Return h(z) h(1/z) / 2: symmetric and of zero phase."""
    return np.convolve(taps, taps[::-1]) / 2


def _stretched(taps: WaveletTaps, factor: int) -> WaveletTaps:
    """Return h(z ** factor): `factor - 1` zeros between any two taps."""
    stretched = np.zeros((len(taps) - 1) * factor + 1)
    stretched[::factor] = taps
    return stretched


def filter_bank() -> WaveletTaps:
    """Return the four bands [4 43] of the image-space filters, from low to high; they sum to a unit impulse.

    With L, H the half-band low- and high-pass of sym2, the bands are L(z)L(z^2)L(z^4), L(z)L(z^2)H(z^4), L(z)H(z^2)
    and H(z): an octave each (Karras et al. 2020, App. B, "Image-space filtering").
    """
    low = _half_band(SYM2)
    high = _half_band(SYM2 * np.array([1, -1, 1, -1]))
    low2 = np.convolve(low, _stretched(low, 2))
    bands = [
        np.convolve(low2, _stretched(low, 4)),
        np.convolve(low2, _stretched(high, 4)),
        np.convolve(low, _stretched(high, 2)),
        high,
    ]
    margins = [(len(bands[0]) - len(band)) // 2 for band in bands]
    return np.stack([np.pad(band, margin) for band, margin in zip(bands, margins, strict=True)])
