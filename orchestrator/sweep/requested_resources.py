"""The resources that a sweep requests for each run: numbers, or `auto` for as many devices as measurements favour."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from trainer.config.job import Cpus, Gpus, LimitMinutes, MemoryGib, Resources
from trainer.config.spec import Settings

DeviceKind = Literal["gpus", "cpus"]


def _meant(value: object) -> str:
    return "word" if isinstance(value, str) and value.isalpha() else "number"


Auto = Annotated[Literal["auto"], Tag("word")]
CpusOrAuto = Annotated[Annotated[Cpus, Tag("number")] | Auto, Discriminator(_meant)]
GpusOrAuto = Annotated[Annotated[Gpus, Tag("number")] | Auto, Discriminator(_meant)]
"""Errors name what was meant, a number or a word, rather than both."""


class RequestedResources(Settings):
    """Resources of a run. One of `gpus` and `cpus` may be `auto`: the number of devices that needs the least energy.

    With `within`, the fastest number of those that need at most `within` times the least energy.
    """

    gpus: GpusOrAuto = 0
    cpus: CpusOrAuto = 1
    memory_gib: MemoryGib = 4.0
    minutes: LimitMinutes | None = None
    within: Annotated[float, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_number_to_choose(self) -> Self:
        if self.cpus == "auto" and self.gpus != 0:
            raise ValueError("cpus: auto is for training on CPUs; give a number of cpus beside gpus")
        if self.within is not None and self.chosen is None:
            raise ValueError("within: needs gpus: auto or cpus: auto")
        return self

    @property
    def chosen(self) -> DeviceKind | None:
        """Return which number is to be chosen, if any."""
        return "gpus" if self.gpus == "auto" else "cpus" if self.cpus == "auto" else None

    def at(self, count: int = 1) -> Resources:
        """Return the resources with `count` devices where a number is to be chosen."""
        return Resources.model_validate(self._numbers(count))

    def with_devices(self, count: int) -> Self:
        """Return the request with a number in place of `auto`."""
        return type(self).model_validate(self._numbers(count))

    def _numbers(self, count: int) -> dict[str, object]:
        numbers = self.model_dump(exclude={"within"})
        return {name: count if value == "auto" else value for name, value in numbers.items()}
