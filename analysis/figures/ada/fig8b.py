"""FID against the capacity of the discriminator, a line per training set size (ADA, Fig. 8b)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import NAME, SIZE

FIGURE = LineFigure(
    "Capacity of the discriminator",
    x="discriminator.capacity",
    x_label="factor on the channels of D",
    panel=NAME,
    series=SIZE,
)
