"""FID against the weight of R1 (ADA, App. C)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.results.facets import SIZE

FIGURE = LineFigure("Weight of R1", x="objective.r1_gamma", x_label="R1 weight γ", series=SIZE)
