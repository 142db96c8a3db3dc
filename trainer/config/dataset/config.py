"""Which images a run learns from: the identity of a data set, independent of its path."""

from typing import Annotated

from pydantic import Field

from trainer.config.spec import Count, PositiveInt, Settings

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Channels = Annotated[int, Field(ge=1, le=4)]


class DataConfig(Settings):
    """A data set identified by content, and the part of it that is used.

    `images` counts the whole set; `subset` of them are drawn with `subset_seed` (Karras et al. 2020, Sec. 4: a fresh
    subset for every run). `validation` more images, disjoint from the subset, are held out for r_v and logit
    histograms. `mirror` doubles the subset by horizontal flips ("140k" is 70k with flips).
    """

    fingerprint: Fingerprint
    images: PositiveInt
    resolution: PositiveInt
    channels: Channels
    classes: Count = 0
    subset: PositiveInt
    subset_seed: int
    validation: Count = 0
    mirror: bool = False
    labels: bool = False

    @property
    def training_images(self) -> int:
        """Return how many images a run learns from, including mirror images."""
        return self.subset * (2 if self.mirror else 1)

    @property
    def condition_dim(self) -> int:
        """Return cdim: the number of classes the networks are conditioned on, 0 when unconditional."""
        return self.classes if self.labels else 0


class DataDescription(Settings):
    """What is known about a data set on disk without decoding its images."""

    name: str
    fingerprint: Fingerprint
    images: PositiveInt
    resolution: PositiveInt
    channels: Channels
    classes: Count = 0
