"""Switches on the checks of shapes in signatures, before anything of the trainer is imported."""

from jaxtyping import install_import_hook

CHECKED = (
    *(
        "trainer.ops",
        "trainer.model",
        "trainer.objectives.losses",
        "trainer.objectives",
        "trainer.augment",
        "trainer.data",
    ),
    *(
        "trainer.commands",
        "trainer.perceptual",
        "trainer.projection",
        "trainer.images.grids",
        "trainer.training.sample_sheets",
    ),
    *(
        "trainer.metrics",
        "trainer.methods",
        "trainer.training.ema",
        "trainer.images.latents",
        "trainer.evaluation.inline",
        "trainer.training.step",
    ),
    *("trainer.recording.telemetry", "trainer.runtime.world"),
)

install_import_hook(CHECKED, "tests.typechecked")
