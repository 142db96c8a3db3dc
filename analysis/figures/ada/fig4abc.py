"""FID against p for every kind of augmentation, a panel per training set size (ADA, Fig. 4a to 4c)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import SIZE

FIGURE = LineFigure(
    "Which augmentation helps, and how much of it",
    x="augment.p",
    x_label="augmentation probability p",
    panel=SIZE,
    series="augment.pipe",
    log_x=False,
)
