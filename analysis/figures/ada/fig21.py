"""FID against p for growing sets of augmentations, a panel per training set size (ADA, Fig. 21)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import SIZE

FIGURE = LineFigure(
    "What each further kind of augmentation adds",
    x="augment.p",
    x_label="augmentation probability p",
    panel=SIZE,
    series="augment.pipe",
    log_x=False,
)
