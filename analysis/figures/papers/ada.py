"""Figures and tables of the ADA paper (Karras et al. 2020, "Training GANs with limited data"), by its numbers."""

from typing import Any

from analysis.figures.figure import Figure
from analysis.figures.papers.ada_appendix_c import InvertibilityFigure
from analysis.figures.papers.ada_fig5ab import TargetFigure
from analysis.figures.papers.ada_fig24 import PresetTable
from analysis.figures.shapes.augmented_rows import AugmentedFigure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.energy_by_figure import EnergyByFigure
from analysis.figures.shapes.energy_table import EnergyTable
from analysis.figures.shapes.lines import LineFigure
from analysis.figures.shapes.logit_panels import LogitFigure
from analysis.figures.shapes.probe_pictures import OVER_TIME, ProbePictures
from analysis.figures.shapes.run_filters import adaptive, at_target, either, extreme_sizes, named
from analysis.figures.shapes.sample_grid import SampleFigure
from analysis.figures.shapes.score_table import ScoreTable
from analysis.figures.shapes.uncurated import UncuratedFigure
from analysis.results.facets import DATASET, METHOD, NAME, SIZE

OVER_P: dict[str, Any] = {"x": "augment.p", "x_label": "augmentation probability p", "log_x": False}
PHOTOGRAPH = "photograph: US Navy, public domain"
SHOWN_P = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
LEDGER = ("runs", "gpu_years", "cpu_hours")
PERCENTILES = ("5", "35", "65", "95")
TRANSFORMS = (
    *("x-flip", "quarter turns", "whole shift", "isotropic scale", "rotation", "anisotropic scale", "shift"),
    *("brightness", "contrast", "luma flip", "hue", "saturation"),
    *("filter band 0", "filter band 1", "filter band 2", "filter band 3", "noise", "cutout"),
)

FIGURES: dict[str, Figure] = {
    "ada_fig1a": CurveFigure("FID without augmentation"),
    "ada_fig1bc": LogitFigure("Logits with the most and the fewest images", keep=extreme_sizes),
    # Where a line rises, that augmentation category leaks into the generated images.
    "ada_fig3": LineFigure(
        "FID against the probability of one augmentation category",
        panel="augment.pipe",
        series="augment.pipe",
        **OVER_P,
    ),
    "ada_fig4abc": LineFigure("Effect of each augmentation category", panel=SIZE, series="augment.pipe", **OVER_P),
    "ada_fig4d": CurveFigure(
        "Geometric augmentation with several p", keep=named("geom", "baseline"), panel=SIZE, series="augment.p"
    ),
    "ada_fig5ab": TargetFigure(
        "Target of the heuristic",
        x="augment.target",
        x_label="target",
        panel="augment.heuristic",
        series=SIZE,
        log_x=False,
        keep=adaptive,
    ),
    "ada_fig5c": CurveFigure("p controlled by $r_t$", "p", keep=at_target("rt", 0.6)),
    "ada_fig5d": CurveFigure(
        "$r_t$ with adaptive and fixed p",
        "r_t",
        keep=either(at_target("rt", 0.6), named("fixed")),
        panel=SIZE,
        series=METHOD,
    ),
    "ada_fig6a": CurveFigure("FID with ADA"),
    "ada_fig6b": LogitFigure("Logits with ADA, with the most and the fewest images", keep=extreme_sizes),
    "ada_fig6c": ProbePictures(
        "Gradients that G receives from D, during training",
        probe="gradients",
        pictures=("magnitude",),
        aggregation=OVER_TIME,
        moments=4,
    ),
    "ada_fig7ab": LineFigure("FID against the number of training images", panel=DATASET),
    "ada_fig7c": ScoreTable("FID by training set size", "median", rows=(DATASET, SIZE), columns=(NAME,)),
    "ada_fig7d": ProbePictures("Mean image", probe="mean-image", pictures=("real", "generated")),
    "ada_fig8a": ScoreTable("Comparison methods"),
    "ada_fig8b": LineFigure(
        "Discriminator capacity",
        x="discriminator.capacity",
        x_label="channel multiplier of D",
        panel=NAME,
        series=SIZE,
    ),
    "ada_fig9a": CurveFigure("Transfer learning without augmentation", keep=named("celebahq", "celebahq-freeze")),
    "ada_fig9b": CurveFigure("Transfer learning with ADA", keep=named("celebahq-ada", "celebahq-ada-freeze")),
    "ada_fig9c": LineFigure(
        "Training from scratch and transfer from CelebA-HQ",
        keep=named(
            *("scratch", "scratch-ada", "celebahq", "celebahq-freeze", "celebahq-ada", "celebahq-ada-freeze"),
        ),
    ),
    "ada_fig9d": LineFigure(
        "Sources and targets of transfer learning",
        keep=named(
            *("scratch-ada", "celebahq-ada", "lsundog-ada"),
            *("cat-scratch-ada", "cat-lsundog-ada", "cat-ffhq-ada", "cat-celebahq-ada"),
        ),
    ),
    "ada_freeze": LineFigure(
        "Layers kept by Freeze-D",
        x="discriminator.frozen_layers",
        x_label="frozen layers of D",
        panel=NAME,
        series=SIZE,
        log_x=False,
    ),
    "ada_bcr": ScoreTable("Weights of bCR"),
    "ada_fig10": SampleFigure("Generated images of small data sets"),
    "ada_fig11a": ScoreTable(
        "Small data sets",
        "best",
        rows=(DATASET, NAME),
        columns=(),
        families=("fid", "kid"),
        at_score=True,
        thousandfold=("kid",),
    ),
    "ada_fig11b": ScoreTable("CIFAR-10", columns=("data.labels",), families=("fid", "is")),
    "ada_uncurated": UncuratedFigure("Uncurated images"),  # Figures 12 to 16 in one, for a sweep with several data sets
    "ada_fig12": UncuratedFigure("Uncurated images of METFACES", dataset="metfaces"),
    "ada_fig13": UncuratedFigure("Uncurated images of BreCaHAD", dataset="brecahad"),
    "ada_fig14": UncuratedFigure("Uncurated images of AFHQ cat", dataset="afhq-cat"),
    "ada_fig15": UncuratedFigure("Uncurated images of AFHQ dog", dataset="afhq-dog"),
    "ada_fig16": UncuratedFigure("Uncurated images of AFHQ wild", dataset="afhq-wild"),
    "ada_fig17": SampleFigure("Generated images of CIFAR-10"),
    "ada_fig18": SampleFigure("Generated images by training set size"),
    "ada_fig19": LineFigure("BigGAN, StyleGAN2 and ADA"),
    "ada_fig20": ScoreTable("bCR and data set augmentation"),
    "ada_fig20_means": ProbePictures("Mean image: leaks", probe="mean-image", pictures=("real", "generated")),
    "ada_fig21": LineFigure("Cumulative augmentation categories", panel=SIZE, series="augment.pipe", **OVER_P),
    "ada_fig25": EnergyTable("Energy by category", columns=(*LEDGER, "mwh", "estimated")),
    "ada_gamma": LineFigure("Weight of R1", x="objective.r1_gamma", x_label="R1 weight γ", series=SIZE),  # Appendix C
}

WITHOUT_RUNS: dict[str, Figure] = {
    "ada_fig2c": AugmentedFigure(
        "One photograph under stochastic augmentation",
        f"needs no run: eight draws of the pipe bgc for every p; {PHOTOGRAPH}",
        ("--columns", "8", "--p", *(f"{p:g}" for p in SHOWN_P)),
        tuple(f"p = {p:g}" for p in SHOWN_P),
    ),
    "ada_fig22_23": AugmentedFigure(
        "Transforms at percentiles",
        f"needs no run: each transform alone, at the percentiles below; {PHOTOGRAPH}",
        ("--percentiles", *PERCENTILES),
        TRANSFORMS,
        PERCENTILES,
    ),
    "ada_fig24": PresetTable(),
    "ada_appendix_c": InvertibilityFigure(),
    "energy_by_figure": EnergyByFigure("Energy of the store by figure", (*LEDGER, "mwh", "estimated")),  # Table 25
}
"""Figures that need no sweep."""
