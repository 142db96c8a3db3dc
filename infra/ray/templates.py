"""Templates for real Ray clusters. Replace the names in capitals."""

from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "real"

TEMPLATES: Mapping[str, Path] = {
    "ray-up": _FOLDER / "cluster.yaml",
    "kuberay": _FOLDER / "kuberay.yaml",
    "slurm": _FOLDER / "ray_on_slurm.sh",
}
