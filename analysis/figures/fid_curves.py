"""FID over the length of training, one curve per cell (Karras et al. 2020, Fig. 1a; with ADA Fig. 6a)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("Quality over the length of training")
