"""FID against training set size for pairs of source and target (ADA, Fig. 9d)."""

from analysis.builders.keep import named
from analysis.builders.lines import LineFigure

CELLS = ("celebahq-ada", "lsundog-ada", "cat-lsundog-ada", "cat-ffhq-ada")
FIGURE = LineFigure("Sources and targets of transfer learning", keep=named(*CELLS))
