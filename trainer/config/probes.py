"""The table of probes: measurements of a snapshot with more than one number, made after training."""

import difflib
import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from trainer.errors import UserError


class ProbeEntry(NamedTuple):
    """The module whose function `probe` runs a probe, what it measures, and whether it projects images.

    `images` is how many images or other things it measures if its name gives no number.
    """

    module: str
    help: str
    images: int
    projects: bool = False


PROBES: dict[str, ProbeEntry] = {
    "gradients": ProbeEntry(
        "trainer.probes.gradients", "magnitude of the generator loss's gradient in every pixel", 16
    ),
    "mean-image": ProbeEntry(
        "trainer.probes.mean_image", "mean of 10,000 generated images, and of the real ones", 10_000
    ),
    "leak": ProbeEntry(
        "trainer.probes.leak", "how much orientation, position and colour of real images were altered", 2000
    ),
    "trgb": ProbeEntry("trainer.probes.trgb", "what share of the image each resolution's ToRGB contributes", 1024),
    "jacobian": ProbeEntry("trainer.probes.jacobian", "singular values of the image's derivative with respect to w", 4),
    "image-ppl": ProbeEntry(
        "trainer.probes.image_ppl", "path length of every single image, and the extreme images", 2000
    ),
    "projection": ProbeEntry(
        "trainer.probes.projection", "distances left after projecting real and generated images", 100, projects=True
    ),
    "noise-maps": ProbeEntry(
        "trainer.probes.noise_maps", "noise maps of projections with and without regularisation", 1, projects=True
    ),
    "uncurated": ProbeEntry(
        "trainer.probes.uncurated", "images of one seed, with and without truncation, beside real ones", 24
    ),
    "truncation": ProbeEntry(
        "trainer.probes.truncation", "FID, precision, recall and inception score by truncation", 10_000
    ),
    "fid-floor": ProbeEntry(
        "trainer.probes.fid_floor", "FID of a generator that repeats the run's training images", 100
    ),
    "invertibility": ProbeEntry("trainer.probes.invertibility", "condition number of the augmentation at every p", 21),
}

_FORM = re.compile(r"(?P<name>[a-z-]+?)(?:-(?P<count>[1-9]\d*)(?:x(?P<steps>[1-9]\d*))?)?")


class ProbeNameError(UserError, ValueError):
    """A probe with this name does not exist."""


class ProbeSpec(NamedTuple):
    """A probe, its number of images or latents, and of projection steps; None: as many as in the papers."""

    name: str
    images: int | None
    steps: int | None = None


def parse_probe(name: str) -> ProbeSpec:
    """Return the probe of a name such as `jacobian`, `projection-20` or `projection-20x500` (steps).

    Raises ProbeNameError, suggesting the nearest name, or if steps are given for a probe that does not project.
    """
    match = _FORM.fullmatch(name)
    if match is None or match["name"] not in PROBES:
        near = difflib.get_close_matches(name, PROBES, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(PROBES)}"
        raise ProbeNameError("probes", f"no probe is called {name!r}", way_out)
    if match["steps"] and not PROBES[match["name"]].projects:
        way_out = f"write {name.rpartition('x')[0]}"
        raise ProbeNameError("probes", f"{name!r} gives steps, but does not project", way_out)
    return ProbeSpec(match["name"], *(int(number) if number else None for number in match.group("count", "steps")))


def _checked_probe(name: str) -> str:
    parse_probe(name)
    return name


ProbeName = Annotated[str, AfterValidator(_checked_probe)]
