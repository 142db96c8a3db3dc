"""Mean of many generated images beside that of real ones (ADA, Fig. 7d)."""

from analysis.figures.shapes.probe_pictures import ProbePictures

FIGURE = ProbePictures("Mean image", probe="mean-image", pictures=("real", "generated"))
