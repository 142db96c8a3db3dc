"""Mean image under bCR and under augmentation of the data set (ADA, Fig. 20)."""

from analysis.figures.shapes.probe_pictures import ProbePictures

FIGURE = ProbePictures("Mean image: what leaks", probe="mean-image", pictures=("real", "generated"))
