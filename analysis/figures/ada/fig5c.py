"""p over the length of training under r_t, a curve per training set size (ADA, Fig. 5c)."""

from analysis.builders.curves import CurveFigure
from analysis.builders.keep import at_target

FIGURE = CurveFigure("Where $r_t$ moves p", "p", keep=at_target("rt", 0.6))
