"""One photograph through the pipe at several p (ADA, Fig. 2c). Needs no run."""

from analysis.figures.shapes.augmented_rows import AugmentedFigure

P = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
FIGURE = AugmentedFigure(
    "One photograph under stochastic augmentation",
    "no run is behind this: eight draws of the pipe bgc for every p; photograph: US Navy, public domain",
    ("--columns", "8", "--p", *(f"{p:g}" for p in P)),
    tuple(f"p = {p:g}" for p in P),
)
