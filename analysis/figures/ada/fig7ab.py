"""FID against training set size, a panel per data set, a line per method (ADA, Fig. 7a and 7b)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import DATASET

FIGURE = LineFigure("FID against the number of training images", panel=DATASET)
