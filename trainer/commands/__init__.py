"""The worker's commands: one module each, imported only when called."""

from trainer.command_line.group import Command
from trainer.command_line.program import Former

TRAIN, IMAGES, SNAPSHOTS, REST = "Train and measure", "Images", "Snapshots", "Data and machine"

COMMANDS = (
    Command("run", "trainer.commands.run", "Train: one attempt of a trial, or a standalone run.", TRAIN),
    Command("eval", "trainer.commands.eval", "Evaluate the snapshots of a run, or one snapshot file.", TRAIN),
    Command("probe", "trainer.commands.probe", "Analyse a snapshot: Jacobian, leaks, mean image ...", TRAIN),
    Command("benchmark", "trainer.commands.benchmark", "Measure the speed of training and evaluation.", TRAIN),
    Command("generate", "trainer.commands.generate", "Generate a sheet of images, one per seed.", IMAGES),
    Command("style-mix", "trainer.commands.style_mix", "Mix the styles of two rows of seeds.", IMAGES),
    Command(
        "interpolate", "trainer.commands.interpolate", "Render an animation that interpolates between latents.", IMAGES
    ),
    Command("project", "trainer.commands.project", "Find the latent and the noise of a given image.", IMAGES),
    Command("augment", "trainer.commands.augment", "Show the effect of the augmentation on an image.", IMAGES),
    Command("import", "trainer.commands.import_pickle", "Convert an official network pickle to a snapshot.", SNAPSHOTS),
    Command("export", "trainer.commands.export", "Write a network of a snapshot as a state dict.", SNAPSHOTS),
    Command("data", "trainer.commands.data", "Get, prepare, verify, describe and list data sets.", REST),
    Command("ops", "trainer.commands.ops", "Build the compiled operations, or show their status.", REST),
    Command("schema", "trainer.commands.schema", "Print the JSON schema of a configuration.", REST),
)

FORMER: Former = {
    ("inspect",): "probe PROBE SNAPSHOT TARGET",
    ("probe", "--config"): "benchmark --config CONFIG --data DATA --cache CACHE",
}
