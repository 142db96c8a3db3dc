"""Switches on the checks of shapes in signatures, before anything of the trainer is imported."""

from jaxtyping import install_import_hook

install_import_hook(("trainer",), "tests.typechecked")
