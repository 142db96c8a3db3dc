"""Switches on the checks of shapes in signatures, before anything of the trainer is imported."""

import pkgutil

import hypothesis

import trainer
from tests.support.checked_shapes import check_shapes

WITHOUT_ARRAYS = {"config"}  # pydantic checks it, and its validators return Self, which beartype refuses here

check_shapes(
    [f"trainer.{room.name}" for room in pkgutil.iter_modules(trainer.__path__) if room.name not in WITHOUT_ARRAYS],
    "tests.typechecked",
)

hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes says nothing here
hypothesis.settings.load_profile("any machine")
