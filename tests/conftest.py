"""Enables shape checks of signatures before any module of the trainer is imported."""

import os
import pkgutil

import hypothesis
import pytest

import trainer
from tests.support.checked_shapes import check_shapes

WITHOUT_ARRAYS = {"config"}  # pydantic checks it, and its validators return Self, which beartype refuses here

check_shapes(
    [f"trainer.{part.name}" for part in pkgutil.iter_modules(trainer.__path__) if part.name not in WITHOUT_ARRAYS],
    "tests.typechecked",
)

hypothesis.settings.register_profile("any machine", deadline=None)  # test machines differ in speed
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True, scope="session")
def _cache_of_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["ADASWEEP_CACHE"] = str(tmp_path_factory.mktemp("cache"))
