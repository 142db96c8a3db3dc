"""adasweep pack: write the evidence of a sweep to one file."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.display.output import print_json, progress_console, result_console
from orchestrator.evidence.contents import left_out_of_abandoned
from orchestrator.evidence.pack import folders_of, pack
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption, SweepArgument
from trainer.command_line.sweeps import stored_name
from trainer.errors import counted

EXAMPLES = """Examples:
  adasweep pack fewimages --out fewimages.pack.zip
  adasweep pack fewimages --out fewimages.pack.zip --checkpoints
"""
OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The pack to write.", show_default=False)]
SnapshotsOption = Annotated[bool, typer.Option("--snapshots", help="Include the snapshots of networks.")]
CheckpointsOption = Annotated[
    bool, typer.Option("--checkpoints", help="Include checkpoints, to continue training elsewhere.")
]
LastSamplesOption = Annotated[
    bool, typer.Option("--last-samples", help="Of each trial's sheets of generated images, include only the last.")
]

app = new_app()


@app.command(epilog=epilog(EXAMPLES), name="pack")
def pack_command(
    sweep: SweepArgument,
    out: OutOption,
    snapshots: SnapshotsOption = False,
    checkpoints: CheckpointsOption = False,
    last_samples: LastSamplesOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Pack the results of a sweep, its plan and its figures into one checksummed archive."""
    weights = [name for name, wanted in (("snapshots", snapshots), ("checkpoints", checkpoints)) if wanted]
    damaged: list[Path] = []
    name = stored_name(store, sweep)
    manifest = pack(Store(store), name, out, weights, last_samples=last_samples, damaged=damaged)
    document = {"pack": str(out), "sweep": manifest.sweep, "trials": len(manifest.trials), "files": len(manifest.files)}
    size, apart = out.stat().st_size, left_out_of_abandoned(Store(store).root, folders_of(Store(store), name))
    if as_json:
        print_json(document | {"bytes": size, "damaged": damaged, "left_out": apart})
    else:
        for path in damaged:
            progress_console().print(f"warning: {path} is damaged, and packed as it is", markup=False, soft_wrap=True)
        trials, files = counted(len(manifest.trials), "trial"), counted(len(manifest.files), "file")
        text = f"{out}: {trials} of {manifest.sweep}, {files}, {size / 1e6:.1f} MB"
        result_console().print(text, markup=False, soft_wrap=True)
        if apart:
            text = f"left out of trainings that no longer count: {counted(len(apart), 'file')}, all but their rows"
            result_console().print(text, markup=False, soft_wrap=True)
    return 0
