"""FID over the length of training for several p of geometric augmentation (ADA, Fig. 4d)."""

from analysis.builders.curves import CurveFigure
from analysis.builders.keep import named
from analysis.facets import SIZE

FIGURE = CurveFigure(
    "Geometric augmentation at several p", keep=named("geom", "baseline"), panel=SIZE, series="augment.p"
)
