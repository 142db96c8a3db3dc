"""FID against p of one kind of augmentation, a dot per run (ADA, Fig. 3): where it rises, the augmentation leaks."""

from analysis.figures.shapes.lines import LineFigure

FIGURE = LineFigure(
    "FID against the probability of one kind of augmentation",
    x="augment.p",
    x_label="augmentation probability p",
    panel="augment.pipe",
    series="augment.pipe",
    log_x=False,
)
