"""Images of low and of high path length (StyleGAN2, Fig. 4)."""

from analysis.figures.shapes.probe_pictures import ProbePictures

FIGURE = ProbePictures("Images of low and of high path length", probe="image-ppl", pictures=("low", "high"))
