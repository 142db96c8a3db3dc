"""All figures by name, from one table per paper in `papers`."""

import difflib

from analysis.errors import FigureError
from analysis.figures.figure import Figure
from analysis.figures.papers import ada, biggan, diffaugment, general, progan, stylegan2

GENERAL = general.FIGURES
"""What is drawn where a sweep names no figures."""

FREE = ada.FREE
"""Figures that need no run."""

FIGURES: dict[str, Figure] = {
    **GENERAL,
    **ada.FIGURES,
    **stylegan2.FIGURES,
    **progan.FIGURES,
    **diffaugment.FIGURES,
    **biggan.FIGURES,
}


def figure_named(name: str) -> Figure:
    """Return the figure `name`. Raises FigureError, listing what there is."""
    known = FIGURES | FREE
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise FigureError(f"figure {name}: not known; {way_out}")
    return known[name]
