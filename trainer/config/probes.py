"""The probes there are: measurements of a snapshot that are not one number, made after training."""

import difflib
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

from trainer.errors import UserError


class ProbeEntry(NamedTuple):
    """What a probe tells, and the module whose function `probe` finds it out."""

    module: str
    help: str


PROBES: dict[str, ProbeEntry] = {
    "gradients": ProbeEntry("trainer.probes.gradients", "magnitude of the generator loss's gradient in every pixel"),
    "mean-image": ProbeEntry("trainer.probes.mean_image", "mean of 10,000 generated images, and of the real ones"),
    "leak": ProbeEntry("trainer.probes.leak", "how much orientation, position and colour of real images were altered"),
    "trgb": ProbeEntry("trainer.probes.trgb", "what share of the image each resolution's ToRGB contributes"),
    "jacobian": ProbeEntry("trainer.probes.jacobian", "singular values of the image's derivative with respect to w"),
    "image-ppl": ProbeEntry("trainer.probes.image_ppl", "path length of every single image, and the extreme images"),
    "projection": ProbeEntry("trainer.probes.projection", "distances left after projecting real and generated images"),
    "truncation": ProbeEntry("trainer.probes.truncation", "FID, precision, recall and score along the truncation"),
}


class ProbeNameError(UserError, ValueError):
    """A probe is asked for by a name that does not exist."""


def checked_probe(name: str) -> str:
    """Return `name` if it is a probe's. Raises ProbeNameError with the nearest one."""
    if name not in PROBES:
        near = difflib.get_close_matches(name, PROBES, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(PROBES)}"
        raise ProbeNameError("probes", f"no probe is called {name!r}", way_out)
    return name


ProbeName = Annotated[str, AfterValidator(checked_probe)]
