"""FID over the length of transfer learning, with and without Freeze-D (ADA, Fig. 9a)."""

from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.run_filters import named

FIGURE = CurveFigure("Transfer learning without augmentation", keep=named("celebahq", "celebahq-freeze"))
