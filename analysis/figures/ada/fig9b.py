"""FID over the length of transfer learning with ADA, with and without Freeze-D (ADA, Fig. 9b)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import named

FIGURE = CurveFigure("Transfer learning with ADA", keep=named("celebahq-ada", "celebahq-ada-freeze"))
