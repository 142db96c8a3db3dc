"""Score over the length of training: where a run collapses, it turns (BigGAN, Fig. 16 and 26)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("BigGAN over the length of training: collapse")
