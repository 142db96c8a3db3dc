"""FID over the length of training with ADA, a curve per training set size (ADA, Fig. 6a)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("FID with ADA")
