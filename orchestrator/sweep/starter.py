"""A commented first sweep for a data set: preset, micro-batch, memory, horizon and metrics that fit set and machine."""

import json
import math
import re
from pathlib import Path
from string import Template
from typing import NamedTuple

from trainer.config.dataset.config import DataDescription
from trainer.config.presets.official import preset_tree

TEMPLATE = Path(__file__).with_name("starter.yaml")
MOST_PIXELS_ON_CPU, MOST_PIXELS_ON_GPU = 64, 256
"""Resolutions above these are not suggested: a first answer would take too long."""

BYTES_PER_GIB = 2**30
CHANNELS = {1: "grey", 2: "grey with transparency", 3: "RGB", 4: "RGB with transparency"}


class SuggestedPreset(NamedTuple):
    """What fits a resolution on a machine: the preset and why, the horizon in kimg, the memory of a run in GiB."""

    preset: str
    reason: str
    horizon_kimg: int
    memory_gib: int
    metric_images: str


def fit_for(resolution: int, gpus: int) -> SuggestedPreset:
    """Return the preset for images of `resolution` pixels, on a machine with `gpus` GPUs."""
    if gpus:
        reason = "auto: batch, learning rate and R1 weight from the resolution, for one GPU (Karras et al. 2020)"
        return SuggestedPreset("auto", reason, 1000, 16, "10k")
    if resolution <= 16:
        return SuggestedPreset("laptop16", "laptop16: small networks that one core trains in minutes", 40, 2, "2k")
    if resolution <= 32:
        return SuggestedPreset("tiny32", "tiny32: small networks for CPUs", 100, 2, "2k")
    reason = "tiny64: small networks for CPUs"
    if resolution > MOST_PIXELS_ON_CPU:
        reason += f"; {resolution} pixels are many for a CPU: adasweep data prepare ... --resolution 64"
    return SuggestedPreset("tiny64", reason, 100, 4 if resolution <= 128 else 8, "2k")


def starter(name: str, file: str, data: str, about: DataDescription, gpus: int) -> str:
    """Return the text of the sweep `name`; `data` is the name or the path of the set."""
    fit = fit_for(about.resolution, gpus)
    size = about.images * about.resolution**2 * about.channels / BYTES_PER_GIB
    resources = {"cpus": 1, "memory_gib": fit.memory_gib + math.ceil(size), **({"gpus": 1} if gpus else {})}
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=name,
        file=file,
        data=json.dumps(data, ensure_ascii=False),
        facts=_facts(about),
        labels=_labels(about),
        preset=fit.preset,
        preset_reason=fit.reason,
        micro_batch=preset_tree(fit.preset, about.resolution)["micro_batch"],
        subset=", ".join(str(images) for images in _subsets(about.images)),
        horizon=fit.horizon_kimg,
        every=fit.horizon_kimg // 10,
        metric=f"fid{fit.metric_images}_full",
        kid=f"kid{fit.metric_images}_full",
        resources=", ".join(f"{key}: {value}" for key, value in resources.items()),
    )


def slug(text: str) -> str:
    """Return `text` as the name of a sweep: lower-case letters, digits, - and _."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "own-images"


def _facts(about: DataDescription) -> str:
    classes = f"{about.classes} classes" if about.classes else "no classes"
    side = about.resolution
    return f"{about.images:,} images of {side}x{side} pixels, {CHANNELS[about.channels]}, {classes}"


def _labels(about: DataDescription) -> str:
    if about.classes > 1:
        return f"data.labels: true          # learn the {about.classes} classes; false: ignore them"
    return "# data.labels: true         needs classes: adasweep data prepare ... --labels folders"


def _subsets(images: int) -> list[int]:
    """Return a tenth, a third and all of the images."""
    return sorted({max(images // 10, 2), max(images // 3, 2), images})
