"""The table of metric families, and the networks that compute their features."""

from itertools import product
from typing import Literal, NamedTuple

Better = Literal["lower", "higher"]
FeatureSource = Literal["detector", "distance", "pixels", "manifold"]
"""`manifold` is the VGG16 of the papers if its file is given as the distance, else the detector."""


class Family(NamedTuple):
    """One family of metrics.

    `acronym` is its label in tables and on axes, `better` the direction of improvement. `values` are the suffixes of
    the numbers that are always recorded, `deviations` those of them that are deviations rather than scores, `endings`
    what may follow the number of images, `source` where the features come from, and `constants` what else determines
    the numbers.
    """

    acronym: str
    title: str
    better: Better
    values: tuple[str, ...] = ("",)
    deviations: tuple[str, ...] = ()
    reference: bool = True
    constants: tuple[tuple[str, float], ...] = ()
    source: FeatureSource = "detector"
    endings: tuple[str, ...] = ("", "_full", "_test")


PATHS = tuple("".join(parts) for parts in product(("_w", "_z"), ("end", "full"), ("", "_crop")))
"""Variants of path length: in w or z, at the start of the path or anywhere on it, with `_crop` of the face only."""

FAMILIES: dict[str, Family] = {
    "fid": Family("FID", "Fréchet distance of features (Heusel et al. 2017)", "lower"),
    "kid": Family(
        "KID",
        "Kernel distance of features (Bińkowski et al. 2018)",
        "lower",
        constants=(("subsets", 100), ("subset_size", 1000)),
    ),
    "is": Family(
        "IS",
        "Inception score (Salimans et al. 2016)",
        "higher",
        values=("mean", "std"),
        deviations=("std",),
        reference=False,
        constants=(("splits", 10),),
        endings=("", "_full"),
    ),
    "pr": Family(
        "P&R",
        "Precision and recall (Kynkäänniemi et al. 2019)",
        "higher",
        values=("precision", "recall"),
        source="manifold",
        constants=(("neighbours", 3),),
    ),
    "ppl": Family(
        "PPL",
        "Perceptual path length (Karras et al. 2019)",
        "lower",
        reference=False,
        constants=(("epsilon", 1e-4),),
        source="distance",
        endings=PATHS,
    ),
    "swd": Family(
        "SWD",
        "Sliced Wasserstein distance of patches (Karras et al. 2018); also one number for each resolution",
        "lower",
        constants=(("patches", 128), ("directions", 512)),
        source="pixels",
    ),
    "msssim": Family(
        "MS-SSIM",
        "Structural similarity of pairs of images (Wang et al. 2003), low if they are diverse",
        "lower",
        reference=False,
        source="pixels",
        endings=("",),
    ),
}

DETECTORS = {
    "lite0": "EfficientNet-Lite0 from a PyPI package, 1280 features; the default, works offline",
    "inception": "the official Inception file of the papers, 2048 features; give it as inception:/path/to/file.pt",
}

DISTANCES = {
    "stlpips": "shift-tolerant LPIPS on AlexNet, from a PyPI package; the default, works offline",
    "vgg16": "LPIPS on VGG16, the official file of the papers; give it as vgg16:/path/to/vgg16.pt",
}

DETECTOR, DISTANCE = "lite0", "stlpips"
"""The default detector and distance."""
