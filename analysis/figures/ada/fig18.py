"""Generated images for subsets of FFHQ: BigGAN, StyleGAN2, baseline, ADA (ADA, Fig. 18)."""

from analysis.figures.shapes.sample_grid import SampleFigure

FIGURE = SampleFigure("Generated images by training set size")
