"""The worker's commands: one file each, loaded only when called."""

from typing import NamedTuple


class Command(NamedTuple):
    """A line of `python -m trainer --help`, and the module that has `configure(parser)` and `execute(arguments)`."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "run": Command("trainer.commands.run", "train: one attempt of a trial, or a run of your own"),
    "eval": Command("trainer.commands.eval", "measure the snapshots that a run has kept, or one snapshot file"),
    "inspect": Command("trainer.commands.probe", "probe a snapshot: gradients, Jacobian, leaks, mean image ..."),
    "probe": Command("trainer.commands.probe", "measure what a thousand images and an evaluation cost here"),
    "generate": Command("trainer.commands.generate", "make a sheet of images from a snapshot"),
    "style-mix": Command("trainer.commands.style_mix", "mix the styles of two rows of seeds"),
    "interpolate": Command("trainer.commands.interpolate", "make an animation that walks between latents"),
    "augment": Command("trainer.commands.augment", "show what the augmentation does to one image"),
    "project": Command("trainer.commands.project", "find the latent and the noise that make a given image"),
    "import": Command("trainer.commands.import_pickle", "convert an official network pickle to a snapshot"),
    "export": Command("trainer.commands.export", "write a snapshot's network as a plain state dict"),
    "schema": Command("trainer.commands.schema", "print the JSON schema of a configuration"),
    "ops": Command("trainer.commands.ops", "build the compiled operations, or say what is missing"),
    "data": Command("trainer.commands.data", "get, prepare, describe and verify data sets"),
}
