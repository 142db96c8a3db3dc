"""Generated images of the small data sets beside real ones (ADA, Fig. 10)."""

from analysis.figures.shapes.sample_grid import SampleFigure

FIGURE = SampleFigure("Generated images of small data sets")
