"""Noise maps that projection finds with and without their regularisation (StyleGAN2, Fig. 18)."""

from analysis.figures.shapes.probe_pictures import AGGREGATION, ProbePictures

FIGURE = ProbePictures(
    "What projection hides in the noise maps",
    probe="noise-maps",
    pictures=("regularised", "free"),
    aggregation=f"{AGGREGATION}; columns: generated, then real images; rows: target, projection, largest noise map, "
    "and one of a quarter of its side; free: the maps are only normalised",
)
