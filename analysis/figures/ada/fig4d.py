"""FID over the length of training for several p of geometric augmentation (ADA, Fig. 4d)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import named
from analysis.results.facets import SIZE

FIGURE = CurveFigure(
    "Geometric augmentation at several p", keep=named("geom", "baseline"), panel=SIZE, series="augment.p"
)
