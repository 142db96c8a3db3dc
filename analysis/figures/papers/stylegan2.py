"""Figures and tables of StyleGAN2 (Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN")."""

from analysis.figures.figure import Figure
from analysis.figures.shapes.curves import CurveFigure
from analysis.figures.shapes.energy_table import EnergyTable
from analysis.figures.shapes.probe_areas import ProbeAreas
from analysis.figures.shapes.probe_histograms import ProbeHistograms
from analysis.figures.shapes.probe_lines import ProbeLines
from analysis.figures.shapes.probe_pictures import AGGREGATION, ProbePictures
from analysis.figures.shapes.score_table import ScoreTable
from analysis.results.facets import DATASET, NAME

FIGURES: dict[str, Figure] = {
    "stylegan2_table1": ScoreTable("From StyleGAN to StyleGAN2", "median", columns=(), families=("fid", "ppl", "pr")),
    "stylegan2_table2": ScoreTable(
        "Architectures: rows G, columns D",
        "median",
        rows=(DATASET, "generator.architecture"),
        columns=("discriminator.architecture",),
        families=("fid", "ppl"),
    ),
    "stylegan2_table3": ScoreTable("LSUN", "median", rows=(DATASET,), columns=(NAME,), families=("fid", "ppl")),
    "stylegan2_table4": ScoreTable("Spectral normalisation", "median", columns=(), families=("fid", "ppl", "pr")),
    "stylegan2_table5": EnergyTable("Energy by item", columns=("gpu_years", "cpu_hours", "mwh", "estimated")),
    "stylegan2_curves": CurveFigure("StyleGAN2 during training"),
    "stylegan2_fig4": ProbePictures("Images of low and high path length", probe="image-ppl", pictures=("low", "high")),
    "stylegan2_fig5": ProbeHistograms(
        "Path length of individual images",
        probe="image-ppl",
        values=("path_length",),
        x_label="path length",
        log_x=True,
    ),
    "stylegan2_fig8": ProbeAreas(
        "Contribution of each resolution",
        probe="trgb",
        label="resolution",
        share="share",
        y_label="share of standard deviation",
    ),
    "stylegan2_fig10": ProbeHistograms(
        "Distance after projection",
        probe="projection",
        values=("generated", "real"),
        x_label="perceptual distance",
    ),
    "stylegan2_fig17": ProbeLines(
        "Singular values of the Jacobian",
        probe="jacobian",
        x="",
        x_label="rank",
        y="singular_values",
        y_label="singular value",
        log_y=True,
    ),
    "stylegan2_fig18": ProbePictures(
        "Noise maps found by projection",
        probe="noise-maps",
        pictures=("regularised", "free"),
        aggregation=f"{AGGREGATION}; columns: generated, then real images; rows: target, projection, largest noise "
        "map, and one of a quarter of its side; free: the maps are only normalised",
    ),
}
