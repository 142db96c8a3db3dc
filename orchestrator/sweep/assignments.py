"""What is written where a sweep gives values to settings."""

from typing import Annotated

from pydantic import Field, JsonValue

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Assignments = dict[str, JsonValue]
"""Dotted keys of TrainConfig (or `preset`, `data`, `resources.cpus`, ...) and their values."""

Values = Annotated[list[JsonValue], Field(min_length=1)]
