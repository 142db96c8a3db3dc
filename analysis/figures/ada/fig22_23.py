"""Every transform of the pipe at percentiles of its parameters (ADA, Fig. 22 and 23). Needs no run."""

from analysis.figures.shapes.augmented_rows import AugmentedFigure

PERCENTILES = ("5", "35", "65", "95")
TRANSFORMS = (
    *("x-flip", "quarter turns", "whole shift", "isotropic scale", "rotation", "anisotropic scale", "shift"),
    *("brightness", "contrast", "luma flip", "hue", "saturation"),
    *("filter band 0", "filter band 1", "filter band 2", "filter band 3", "noise", "cutout"),
)
FIGURE = AugmentedFigure(
    "Transforms at percentiles",
    "no run is behind this: each transform alone, at the percentiles below; photograph: US Navy, public domain",
    ("--percentiles", *PERCENTILES),
    TRANSFORMS,
    PERCENTILES,
)
