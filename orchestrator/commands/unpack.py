"""adasweep unpack: merge a pack into a store."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.display.output import print_json, progress_console, result_console
from orchestrator.evidence.archive import open_pack
from orchestrator.evidence.merge import Merged, merge
from orchestrator.store.layout import Store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import ExitCode, counted

EXAMPLES = """Examples:
  adasweep unpack fewimages.pack.zip
  adasweep unpack fewimages.pack.zip --store elsewhere
"""
PackArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A file that `adasweep pack` wrote.")]

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def unpack(pack: PackArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> int:
    """Merge a pack into the store. Never replaces newer files; safe to repeat."""
    with open_pack(pack) as opened:
        done = merge(Store(store), opened)
    trials = counted(len(opened.manifest.trials), "trial")
    return print_merged(done, f"{opened.manifest.sweep}: {trials}", as_json=as_json)


def print_merged(done: Merged, what: str, *, as_json: bool) -> int:
    """Print the result of a merge, and return the exit code."""
    if as_json:
        print_json({**done._asdict(), "blocked": [str(obstacle) for obstacle in done.blocked]})
    else:
        line = f"{what}, {counted(done.written, 'file')} written, {done.unchanged} unchanged"
        result_console().print(line, markup=False, soft_wrap=True)
    for folder in done.in_use:
        progress_console().print(f"{folder} is in use and was skipped; merge again when it is free", markup=False)
    for folder in done.apart:
        kept = "was trained here and there, each on its own or anew, and was left as it is here"
        progress_console().print(f"{folder} {kept}; to have the other, move it away and merge again", markup=False)
    for obstacle in done.blocked:
        progress_console().print(f"skipped {obstacle}", markup=False, soft_wrap=True)
    return ExitCode.SOME_FAILED if done.in_use or done.blocked or done.apart else ExitCode.DONE
