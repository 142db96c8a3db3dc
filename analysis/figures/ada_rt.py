"""Overfitting heuristic r_t = E[sign D(x)] over the length of training (Karras et al. 2020, Fig. 5d, Eq. 1)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("Overfitting heuristic $r_t$", "r_t")
