"""The worker's commands: one file each, imported only when called."""

from trainer.command_line.group import Entry

TRAIN, IMAGES, SNAPSHOTS, REST = "Train and measure", "Images", "Snapshots", "Data and machine"

COMMANDS = (
    Entry("run", "trainer.commands.run", "Train: one attempt of a trial, or a run of your own.", TRAIN),
    Entry("eval", "trainer.commands.eval", "Measure the kept snapshots of a run, or one snapshot file.", TRAIN),
    Entry("probe", "trainer.commands.probe", "Look into a snapshot: Jacobian, leaks, mean image ...", TRAIN),
    Entry("benchmark", "trainer.commands.benchmark", "Measure the speed of training and evaluation here.", TRAIN),
    Entry("generate", "trainer.commands.generate", "Make a sheet of images, one per seed.", IMAGES),
    Entry("style-mix", "trainer.commands.style_mix", "Mix the styles of two rows of seeds.", IMAGES),
    Entry("interpolate", "trainer.commands.interpolate", "Make an animation that walks between latents.", IMAGES),
    Entry("project", "trainer.commands.project", "Find the latent and the noise of a given image.", IMAGES),
    Entry("augment", "trainer.commands.augment", "Show what the augmentation does to an image.", IMAGES),
    Entry("import", "trainer.commands.import_pickle", "Convert an official network pickle to a snapshot.", SNAPSHOTS),
    Entry("export", "trainer.commands.export", "Write a network of a snapshot as a state dict.", SNAPSHOTS),
    Entry("data", "trainer.commands.data", "Get, prepare, verify, describe and list data sets.", REST),
    Entry("ops", "trainer.commands.ops", "Build the compiled operations, or say what is missing.", REST),
    Entry("schema", "trainer.commands.schema", "Print the JSON schema of a configuration.", REST),
)
