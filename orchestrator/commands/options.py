"""Arguments and options shared by several commands of adasweep."""

from typing import Annotated, NamedTuple

import typer

TierOption = Annotated[str, typer.Option("--tier", help="One of the sweep's tiers.", show_default="none")]
HorizonOption = Annotated[
    float | None, typer.Option("--horizon-kimg", metavar="KIMG", help="Another horizon than the file's, in kimg.")
]
BackendOption = Annotated[str, typer.Option("--backend", help="Backend: local, slurm or ray.")]
CpusOption = Annotated[int | None, typer.Option("--cpus", help="CPUs of this machine to use (local backend).")]
WattsOption = Annotated[float | None, typer.Option("--watts", help="Power of one run in watts, to estimate energy.")]
DetachOption = Annotated[bool, typer.Option("--detach", help="Submit and return; trials keep running.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be submitted; submit nothing.")]
RecordOption = Annotated[bool, typer.Option("--record/--no-record", help="Record in MLflow.")]
LiveCodeOption = Annotated[bool, typer.Option("--live-code", help="Run the working copy itself, not a frozen copy.")]
SweepsArgument = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A sweep: its file, or its name in the store.", show_default="all")
]
TargetArgument = Annotated[
    str, typer.Argument(metavar="SWEEP|TRIAL", help="A sweep (file or name), or the first digits of a trial's id.")
]
TrialArgument = Annotated[str, typer.Argument(metavar="TRIAL", help="A trial's id, or its first digits.")]


class RunFlags(NamedTuple):
    """How to execute a plan, and what to print. Unless it `may_shorten`, no run may get a shorter horizon."""

    detach: bool = False
    dry_run: bool = False
    as_json: bool = False
    record: bool = True
    live_code: bool = False
    may_shorten: bool = True
