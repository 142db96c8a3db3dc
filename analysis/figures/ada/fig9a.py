"""FID over the length of transfer learning, with and without Freeze-D (ADA, Fig. 9a)."""

from analysis.builders.curves import CurveFigure
from analysis.builders.keep import named

FIGURE = CurveFigure("Transfer learning without augmentation", keep=named("celebahq", "celebahq-freeze"))
