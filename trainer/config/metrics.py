"""Names of metrics: a family, how many generated images, and which real ones they are held against.

    fid2k        2,000 generated images against 2,000 real ones, chosen once and for all by a fixed seed
    fid2k_full   2,000 generated images against every image of the data set
    pr50k3       the field's name of pr50k: three neighbours

A recorded row is named by `value_names`: `fid2k-lite0`, `pr2k_precision-lite0`. The detector is part of the name, so
that nobody takes the FID of one feature network for that of another.
"""

import difflib
import hashlib
import json
import re
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator

from trainer.config.spec import PositiveInt, Settings
from trainer.errors import UserError

Better = Literal["lower", "higher"]


class Family(NamedTuple):
    """One kind of metric. `values` are the suffixes of its numbers, and `constants` what else decides them."""

    title: str
    better: Better
    values: tuple[str, ...] = ("",)
    reference: bool = True
    constants: tuple[tuple[str, int], ...] = ()


FAMILIES: dict[str, Family] = {
    "fid": Family("Fréchet distance of features (Heusel et al. 2017)", "lower"),
    "kid": Family(
        "Kernel distance of features (Bińkowski et al. 2018)",
        "lower",
        constants=(("subsets", 100), ("subset_size", 1000)),
    ),
    "is": Family(
        "Inception score (Salimans et al. 2016)",
        "higher",
        values=("mean", "std"),
        reference=False,
        constants=(("splits", 10),),
    ),
    "pr": Family(
        "Precision and recall (Kynkäänniemi et al. 2019)",
        "higher",
        values=("precision", "recall"),
        constants=(("neighbours", 3),),
    ),
}

DETECTORS = {
    "lite0": "EfficientNet-Lite0 of a PyPI package, 1280 features; the default, works without internet",
    "inception": "the official Inception file of the papers, 2048 features; give it as inception:/path/to/file.pt",
}

_FORM = re.compile(r"(?P<family>[a-z]+)(?P<count>[1-9]\d*)(?P<thousands>k?)(?P<full>_full)?")
_FIELD_NAMES = re.compile(r"(pr\d+k)3(_full)?$")


class MetricNameError(UserError, ValueError):
    """A metric or detector is asked for by a name that does not exist."""


class MetricSpec(Settings):
    """A metric as its name says it: `generated` images against all real images (`full`) or as many of them."""

    name: str
    family: str
    generated: PositiveInt
    full: bool = False

    def real(self, available: int) -> int:
        """Return how many real images are used of a set of `available`."""
        return available if self.full else min(self.generated, available)


def parse_metric(name: str) -> MetricSpec:
    """Return what the metric name `name` asks for.

    Raises MetricNameError with the nearest name that exists.
    """
    match = _FORM.fullmatch(_FIELD_NAMES.sub(r"\1\2", name))
    if match is None or match["family"] not in FAMILIES:
        raise MetricNameError("metrics", f"no metric is called {name!r}", _suggestion(name))
    count = int(match["count"]) * (1000 if match["thousands"] else 1)
    if count < 2:
        raise MetricNameError("metrics", f"{name!r} asks for {count} image", "ask for 2 or more, such as fid2k")
    return MetricSpec(name=name, family=match["family"], generated=count, full=match["full"] is not None)


def _suggestion(name: str) -> str:
    endings = [f"{count}{end}" for count in ("2k", "10k", "50k") for end in ("", "_full")]
    candidates = [family + ending for family in FAMILIES for ending in endings]
    near = difflib.get_close_matches(name.lower(), candidates, n=1)
    families = ", ".join(FAMILIES)
    return f"did you mean {near[0]}?" if near else f"a name is one of {families} and a number of images, such as fid2k"


def detector_name(detector: str) -> str:
    """Return the name of `detector` as it stands in recorded names: what comes before the path.

    Raises MetricNameError for one that does not exist.
    """
    name = detector.partition(":")[0]
    if name not in DETECTORS:
        near = difflib.get_close_matches(name, DETECTORS, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(DETECTORS)}"
        raise MetricNameError("detector", f"no detector is called {name!r}", way_out)
    return name


def value_names(spec: MetricSpec, detector: str) -> tuple[str, ...]:
    """Return the names under which the numbers of one metric are recorded, the family's main number first."""
    suffixes = (f"_{value}" if value else "" for value in FAMILIES[spec.family].values)
    return tuple(f"{spec.name}{suffix}-{detector_name(detector)}" for suffix in suffixes)


def better(recorded: str) -> Better:
    """Return whether lower or higher values of the recorded name (`fid2k-lite0`) are better."""
    match = re.match(r"[a-z]+", recorded)
    if match is None or match[0] not in FAMILIES:
        raise MetricNameError("metrics", f"no metric is called {recorded!r}", _suggestion(recorded))
    return FAMILIES[match[0]].better


def metric_identity(
    spec: MetricSpec, detector: str, reference: str, num_real: int, seed: int, mirror: bool = False
) -> str:
    """Return 8 hexadecimal digits that are equal exactly where two values of a metric may be compared.

    `detector` is the identity of the feature network (weights, resize, precision), `reference` the fingerprint of the
    data set, `seed` that of the generated images.
    """
    family = FAMILIES[spec.family]
    facts = {
        "family": spec.family,
        "constants": dict(family.constants),
        "detector": detector,
        "reference": reference if family.reference else "",
        "real": num_real if family.reference else 0,
        "full": spec.full and family.reference,
        "generated": spec.generated,
        "seed": seed,
        "mirror": mirror and family.reference,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def _checked_metric(name: str) -> str:
    return parse_metric(name).name


def _checked_detector(detector: str) -> str:
    detector_name(detector)
    return detector


MetricName = Annotated[str, AfterValidator(_checked_metric)]
DetectorName = Annotated[str, AfterValidator(_checked_detector)]
