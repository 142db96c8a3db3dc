"""FID against training set size for pairs of source and target (ADA, Fig. 9d)."""

from analysis.figures.shapes.lines import LineFigure
from analysis.figures.shapes.run_filters import named

CELLS = ("celebahq-ada", "lsundog-ada", "cat-lsundog-ada", "cat-ffhq-ada")
FIGURE = LineFigure("Sources and targets of transfer learning", keep=named(*CELLS))
