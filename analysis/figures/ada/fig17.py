"""Generated images of CIFAR-10 beside real ones (ADA, Fig. 17)."""

from analysis.figures.shapes.sample_grid import SampleFigure

FIGURE = SampleFigure("Generated images of CIFAR-10")
