"""Templates for real Ray clusters. What is in capitals has to be filled in."""

from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "real"

TEMPLATES: Mapping[str, Path] = {
    "ray-up": _FOLDER / "cluster.yaml",
    "kuberay": _FOLDER / "kuberay.yaml",
    "slurm": _FOLDER / "ray_on_slurm.sh",
}
