"""Switches on the checks of shapes in signatures, before anything of the trainer is imported."""

import pkgutil

from jaxtyping import install_import_hook

import trainer

WITHOUT_ARRAYS = {"config"}  # pydantic checks it, and its validators return Self, which beartype refuses here

install_import_hook(
    [f"trainer.{room.name}" for room in pkgutil.iter_modules(trainer.__path__) if room.name not in WITHOUT_ARRAYS],
    "tests.typechecked",
)
