"""Magnitude of the gradient that the generator gets in every pixel (ADA, Fig. 6c)."""

from analysis.figures.shapes.probe_pictures import ProbePictures

FIGURE = ProbePictures("Where D tells G to change its images", probe="gradients", pictures=("images", "magnitude"))
