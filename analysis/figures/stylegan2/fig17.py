"""Singular values of the derivative of the image with respect to w (StyleGAN2, Fig. 17)."""

from analysis.figures.shapes.probe_lines import ProbeLines

FIGURE = ProbeLines(
    "Singular values of the Jacobian",
    probe="jacobian",
    x="",
    x_label="rank",
    y="singular_values",
    y_label="singular value",
    log_y=True,
)
