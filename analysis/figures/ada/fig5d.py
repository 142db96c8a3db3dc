"""r_t over the length of training: adaptive p beside several fixed p (ADA, Fig. 5d)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import at_target, either, named
from analysis.results.facets import METHOD, SIZE

FIGURE = CurveFigure(
    "$r_t$ with adaptive and with fixed p",
    "r_t",
    keep=either(at_target("rt", 0.6), named("fixed")),
    panel=SIZE,
    series=METHOD,
)
