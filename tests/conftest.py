"""Switches on the checks of shapes in signatures, before anything of the trainer is imported."""

from jaxtyping import install_import_hook

CHECKED = (
    *("trainer.ops", "trainer.model", "trainer.losses", "trainer.objectives", "trainer.augment", "trainer.data"),
    *("trainer.commands", "trainer.perceptual", "trainer.projection", "trainer.sheet", "trainer.sheets"),
    *("trainer.metrics", "trainer.methods", "trainer.ema", "trainer.latents", "trainer.evaluation", "trainer.step"),
    *("trainer.telemetry", "trainer.distributed"),
)

install_import_hook(CHECKED, "tests.typechecked")
