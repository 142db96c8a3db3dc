"""Names of metrics: a family, the number of generated images, and which real images they are compared with.

    fid2k           2,000 generated images against 2,000 real ones, chosen by a fixed seed
    fid2k_full      2,000 generated images against all images of the data set
    fid10k_test     10,000 generated images against all test images of the data set, a set of their own
    ppl2k_wend      2,000 path lengths in w, at the start of the path; also _wfull, _zend, _zfull, each with _crop
    pr50k3          the papers' name of pr50k: three neighbours; likewise ppl2_wend of ppl50k_wend, ppl_wend of
                    ppl50k_wend_crop

A recorded row is named by `value_names`: `fid2k-lite0`, `pr2k_precision-lite0`, `swd2k`. The feature network is part of
the name, so that FIDs of different networks are not confused.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from trainer.config.metrics.families import DETECTORS, DISTANCE, DISTANCES, FAMILIES, Better, Family, FeatureSource
from trainer.config.spec import PositiveInt, Settings
from trainer.errors import UserError

_FORM = re.compile(r"(?P<family>[a-z]+)(?P<count>[1-9]\d*)(?P<thousands>k?)(?P<ending>(?:_[a-z]+)*)")
MOST_DIGITS = 7
_FIELD_NAMES = (
    (re.compile(r"(pr\d+k)3(_full|_test)?$"), r"\1\2"),
    (re.compile(r"ppl2(_[wz](?:full|end))$"), r"ppl50k\1"),
    (re.compile(r"ppl(_[wz](?:full|end))$"), r"ppl50k\1_crop"),
)


class MetricNameError(UserError, ValueError):
    """A metric, detector or distance with this name does not exist."""


class MetricSpec(Settings):
    """A parsed metric name: `generated` images against all real images (`full`), as many of them, or all test images.

    `path` is the variant of a path length: `wend`, `zfull_crop`; "" for every other family.
    """

    name: str
    family: str
    generated: PositiveInt
    full: bool = False
    test: bool = False
    path: str = ""

    def real(self, available: int) -> int:
        """Return how many of `available` real images are used: those of the test set if it compares with `test`."""
        return available if self.full or self.test else min(self.generated, available)


def parse_metric(name: str) -> MetricSpec:
    """Return the metric called `name`.

    Raises MetricNameError, suggesting the nearest existing name.
    """
    match = _FORM.fullmatch(_written_out(name))
    if match is None or match["family"] not in FAMILIES or match["ending"] not in FAMILIES[match["family"]].endings:
        raise MetricNameError("metrics", f"no metric is called {name!r}", _suggestion(name))
    digits = match["count"] + ("000" if match["thousands"] else "")
    if len(digits) > MOST_DIGITS:
        raise MetricNameError("metrics", f"{name[:40]!r} asks for too many images", "ask for fewer than 10,000k")
    count = int(digits)
    if count < 2:
        raise MetricNameError("metrics", f"{name!r} asks for {count} image", "ask for 2 or more, such as fid2k")
    path = match["ending"][1:] if match["family"] == "ppl" else ""
    full, test = match["ending"] == "_full", match["ending"] == "_test"
    return MetricSpec(name=name, family=match["family"], generated=count, full=full, test=test, path=path)


def _written_out(name: str) -> str:
    """Return the full form of a name in the literature's notation."""
    for pattern, full in _FIELD_NAMES:
        if pattern.match(name):
            return pattern.sub(full, name)
    return name


def _suggestion(name: str) -> str:
    candidates = [
        family + count + ending
        for family, about in FAMILIES.items()
        for count in (*_counts_in(name.lower()), "2k", "10k", "50k")
        for ending in about.endings
    ]
    letters = re.match(r"[a-z]*\d?", name.lower())
    own = [candidate for candidate in candidates if letters and letters[0] and candidate.startswith(letters[0])]
    near = difflib.get_close_matches(name.lower(), own or candidates, n=1)
    families = ", ".join(FAMILIES)
    return f"did you mean {near[0]}?" if near else f"a name is one of {families} and a number of images, such as fid2k"


def _counts_in(name: str) -> list[str]:
    """Return the numbers of images in a wrong name, as far as a metric can have them."""
    return re.findall(r"(?<!\d)(?:[1-9]\d{0,3}k|[2-9]|[1-9]\d{1,6})(?![\dk])", name)


def detector_name(detector: str) -> str:
    """Return the name of `detector` as used in recorded names: the part before the path.

    Raises MetricNameError if it does not exist.
    """
    return _known("detector", detector, DETECTORS)


def distance_name(distance: str) -> str:
    """Return the name of a perceptual distance likewise. Raises MetricNameError if it does not exist."""
    return _known("distance", distance, DISTANCES)


def _known(kind: str, given: str, table: Mapping[str, str]) -> str:
    name = given.partition(":")[0]
    if name not in table:
        near = difflib.get_close_matches(name, table, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(table)}"
        raise MetricNameError(kind, f"no {kind} is called {name!r}", way_out)
    return name


def value_names(spec: MetricSpec, detector: str, distance: str = DISTANCE) -> tuple[str, ...]:
    """Return the names of the numbers that a metric always records, the main number of its family first."""
    return tuple(recorded_name(spec, value, detector, distance) for value in FAMILIES[spec.family].values)


def recorded_name(spec: MetricSpec, value: str, detector: str, distance: str) -> str:
    """Return the recorded name of one number of a metric."""
    suffix = f"_{value}" if value else ""
    return f"{spec.name}{suffix}{_source_suffix(FAMILIES[spec.family].source, detector, distance)}"


def main_name(score: str, detector: str, distance: str = DISTANCE) -> str:
    """Return the recorded name of a score given as the name of a metric, of one of its values, or a recorded name."""
    try:
        return value_names(parse_metric(score), detector, distance)[0]
    except MetricNameError:
        family = _family_of(score)
        suffix = _source_suffix(family.source if family else "detector", detector, distance)
        return score if not score or score.endswith(suffix) else score + suffix


def better(recorded: str) -> Better:
    """Return whether lower or higher values of the recorded name (`fid2k-lite0`) are better."""
    return family_of(recorded).better


def is_deviation(recorded: str) -> bool:
    """Return whether the recorded name (`is2k_std-lite0`) is that of a deviation, not of a score."""
    return recorded.partition("-")[0].rpartition("_")[2] in family_of(recorded).deviations


def family_of(recorded: str) -> Family:
    """Return the family of a recorded name, a metric's name, or its beginning (`fid`). Raises MetricNameError."""
    family = _family_of(recorded)
    if family is None:
        raise MetricNameError("metrics", f"no metric is called {recorded!r}", _suggestion(recorded))
    return family


def _family_of(recorded: str) -> Family | None:
    match = re.match(r"[a-z]+", recorded)
    return FAMILIES.get(match[0]) if match else None


def network_of(source: FeatureSource, distance: str) -> FeatureSource:
    """Return which network computes features: "manifold" is the distance if that is VGG16, else the detector."""
    if source != "manifold":
        return source
    return "distance" if distance_name(distance) == "vgg16" else "detector"


def _source_suffix(source: FeatureSource, detector: str, distance: str) -> str:
    """Return the suffix of a recorded name: the network that computes its features, if there is one."""
    source = network_of(source, distance)
    if source == "pixels":
        return ""
    return f"-{detector_name(detector) if source == 'detector' else distance_name(distance)}"


def metric_identity(
    spec: MetricSpec, source: str, reference: str, num_real: int, seed: int | None, mirror: bool = False
) -> str:
    """Return 8 hexadecimal digits that are equal if and only if two values of a metric are comparable.

    `source` is the identity of the feature network (weights, resize, precision), `reference` the fingerprint of the
    set compared with, `seed` that of the generated images; None for the identity of the metric over many seeds.
    """
    family = FAMILIES[spec.family]
    facts = {
        "family": spec.family,
        "constants": dict(family.constants),
        "detector": source,
        "reference": reference if family.reference else "",
        "real": num_real if family.reference else 0,
        "full": spec.full and family.reference,
        "generated": spec.generated,
        "seed": seed,
        "mirror": mirror and family.reference,
    }
    facts |= {"path": spec.path} if spec.path else {}
    facts |= {"test": True} if spec.test else {}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def _checked_metric(name: str) -> str:
    return parse_metric(name).name


def _checked_detector(detector: str) -> str:
    detector_name(detector)
    return detector


def _checked_distance(distance: str) -> str:
    distance_name(distance)
    return distance


MetricName = Annotated[str, AfterValidator(_checked_metric)]
DetectorName = Annotated[str, AfterValidator(_checked_detector)]
DistanceName = Annotated[str, AfterValidator(_checked_distance)]
