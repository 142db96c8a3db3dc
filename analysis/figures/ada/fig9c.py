"""FID against training set size: from scratch and by transfer (ADA, Fig. 9c)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.figures.shapes.run_filters import named

CELLS = ("scratch", "scratch-ada", "celebahq", "celebahq-freeze", "celebahq-ada", "celebahq-ada-freeze")
FIGURE = LineFigure("From scratch and by transfer from CelebA-HQ", keep=named(*CELLS))
