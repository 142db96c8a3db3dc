"""Generated images beside real ones, of each cell near its best snapshot (Karras et al. 2020, Fig. 10)."""

from analysis.figures.shapes.sample_grid import SampleFigure

FIGURE = SampleFigure("Samples near the best snapshot")
