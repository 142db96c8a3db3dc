"""FID against the number of training images, one line per method (Karras et al. 2020, Fig. 7a, b)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import DATASET

FIGURE = LineFigure("Quality against the number of training images", panel=DATASET)
