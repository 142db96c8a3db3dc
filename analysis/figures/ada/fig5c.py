"""p over the length of training under r_t, a curve per training set size (ADA, Fig. 5c)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import at_target

FIGURE = CurveFigure("Where $r_t$ moves p", "p", keep=at_target("rt", 0.6))
