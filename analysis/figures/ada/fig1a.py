"""FID over the length of training without augmentation, a curve per training set size (ADA, Fig. 1a)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("FID without augmentation")
