"""FID against training set size: BigGAN, StyleGAN2, baseline, ADA (ADA, Fig. 19)."""

from analysis.figures.shapes.lines import LineFigure

FIGURE = LineFigure("BigGAN beside StyleGAN2 and ADA")
