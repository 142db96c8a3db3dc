"""FID over the length of transfer learning with ADA, with and without Freeze-D (ADA, Fig. 9b)."""

from analysis.builders.curves import CurveFigure
from analysis.builders.keep import named

FIGURE = CurveFigure("Transfer learning with ADA", keep=named("celebahq-ada", "celebahq-ada-freeze"))
