"""Score over the length of training, a curve per configuration (StyleGAN2)."""

from analysis.figures.shapes.curves import CurveFigure

FIGURE = CurveFigure("StyleGAN2 over the length of training")
