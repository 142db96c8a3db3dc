"""How D(x) of training, validation and generated images part during training (Karras et al. 2020, Fig. 1b, c; 6b)."""

from analysis.figures.shapes.logit_panels import LogitFigure

FIGURE = LogitFigure("Logits of the discriminator")
