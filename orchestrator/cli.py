"""adasweep: the command line. Every command is a few lines here and a file in orchestrator/commands."""

import importlib
import sys
import traceback
from typing import Annotated

import typer

from orchestrator.commands.delegated import PASSED_ON, add_passed_on
from orchestrator.commands.options import (
    DEFAULT_STORE,
    BackendOption,
    CpusOption,
    GpuHourOption,
    HorizonOption,
    JsonOption,
    KwhOption,
    LiveCodeOption,
    NameArgument,
    StoreOption,
    SweepFile,
    TierOption,
    TrialArgument,
    WattsOption,
    command,
    finish,
    listed,
)
from orchestrator.dispatch.planner import Numbers, Request
from orchestrator.doctor.own_packages import require_own_packages
from orchestrator.errors import BackendError
from orchestrator.plan.cost import Tariff
from orchestrator.store.layout import Store
from trainer.errors import ExitCode, UserError

app = typer.Typer(
    name="adasweep",
    help="Sweeps of GANs trained on limited data: planned, priced, run, recorded, plotted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog="Example: adasweep plan sweeps/demo.yaml --tier smoke")
def plan(
    file: SweepFile,
    tier: TierOption = "",
    horizon_kimg: HorizonOption = None,
    against_last: Annotated[bool, typer.Option("--diff", help="Only what changes against the last run plan.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Measure the speed here first, for a better price.")] = False,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    watts: WattsOption = None,
    per_kwh: KwhOption = None,
    per_gpu_hour: GpuHourOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show what a sweep would run, why, and what it would cost. Changes nothing."""
    request = Request(file, tier, horizon_kimg, Tariff(watts, per_kwh, per_gpu_hour), backend, cpus)
    if probe:
        command("probe")(Store(store), request)
    finish(command("plan")(Store(store), request, as_json=as_json, against_last=against_last))


@app.command(epilog="Example: adasweep run sweeps/demo.yaml    (the same again continues, or finds all done)")
def run(
    file: SweepFile,
    tier: TierOption = "",
    horizon_kimg: HorizonOption = None,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="Submit, and leave at once; trials run on.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be submitted, and submit nothing.")
    ] = False,
    record: Annotated[bool, typer.Option(help="Record into MLflow.")] = True,
    live_code: LiveCodeOption = False,
    watts: WattsOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Run what a sweep still needs, and watch it. Ctrl-C stops it gracefully; the same command continues."""
    manner = importlib.import_module("orchestrator.commands.run").Manner(detach, dry_run, as_json, record, live_code)
    finish(command("run")(Store(store), Request(file, tier, horizon_kimg, Tariff(watts), backend, cpus), manner))


@app.command(epilog="Example: adasweep extend sweeps/demo.yaml 48")
def extend(
    file: SweepFile,
    horizon_kimg: Annotated[float, typer.Argument(metavar="KIMG", help="The new horizon.")],
    tier: TierOption = "",
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    live_code: LiveCodeOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Train every trial of a sweep on to another horizon. Short for: run SWEEP --horizon-kimg KIMG."""
    manner = importlib.import_module("orchestrator.commands.run").Manner(as_json=as_json, live_code=live_code)
    request = Request(file, tier, horizon_kimg, backend=backend, cpus=cpus)
    finish(command("run")(Store(store), request, manner))


@app.command(epilog="Example: adasweep metrics sweeps/demo.yaml --metrics fid2k_full,ppl2k_wend --seeds 3")
def metrics(
    file: SweepFile,
    tier: TierOption = "",
    names: Annotated[str | None, typer.Option("--metrics", help="Other metrics than the file's: a,b,c.")] = None,
    probes: Annotated[str | None, typer.Option("--probes", help="Probes, such as jacobian,trgb.")] = None,
    detector: Annotated[str | None, typer.Option("--detector", help="lite0, or inception:/path/to/file.pt.")] = None,
    distance: Annotated[str | None, typer.Option("--distance", help="stlpips, or vgg16:/path/to/vgg16.pt.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="Sets of generated images per metric.")] = None,
    backend: BackendOption = "local",
    cpus: CpusOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="Submit, and leave at once.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be submitted.")] = False,
    record: Annotated[bool, typer.Option(help="Record into MLflow.")] = True,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Measure the snapshots that a sweep's trials have kept. Trains nothing; what is known is not measured again."""
    numbers = Numbers(listed(names), listed(probes), detector, distance, seeds)
    request = Request(file, tier, backend=backend, cpus=cpus, numbers=numbers)
    manner = importlib.import_module("orchestrator.commands.run").Manner(detach, dry_run, as_json, record)
    finish(command("run")(Store(store), request, manner))


@app.command(epilog="Example: adasweep status demo")
def status(
    sweep: NameArgument = "",
    watch: Annotated[bool, typer.Option("--watch", help="Keep it up to date until nothing runs.")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show how each trial of a sweep is getting on, and what is wrong."""
    finish(command("status")(Store(store), sweep, watch=watch, as_json=as_json))


@app.command(epilog="Example: adasweep watch demo")
def watch(sweep: NameArgument = "", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """Follow a sweep until nothing of it waits or runs. Short for: status SWEEP --watch."""
    finish(command("status")(Store(store), sweep, watch=True, as_json=as_json))


@app.command(epilog="Example: adasweep why 12e1a645")
def why(trial: TrialArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """Tell a trial's story: what it is, its attempts, where it stands, and what the next run would do with it."""
    finish(command("why")(Store(store), trial, as_json=as_json))


@app.command(epilog="Example: adasweep logs 12e1a645 --lines 100")
def logs(
    trial: TrialArgument,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="Which attempt; the last otherwise.")] = None,
    lines: Annotated[int, typer.Option("--lines", min=1, help="How many lines from the end.")] = 40,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show the end of what a trial's worker has printed."""
    finish(command("logs")(Store(store), trial, attempt, lines, as_json=as_json))


@app.command(epilog="Example: adasweep cancel demo")
def cancel(
    target: Annotated[str, typer.Argument(metavar="SWEEP|TRIAL", help="A sweep's name, or a trial's first digits.")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Stop what waits or runs, for good: a run does not take it up again before `adasweep retry`."""
    finish(command("cancel")(Store(store), target, as_json=as_json))


@app.command(epilog="Example: adasweep retry demo && adasweep run sweeps/demo.yaml")
def retry(
    target: Annotated[str, typer.Argument(metavar="SWEEP|TRIAL", help="A sweep's name, or a trial's first digits.")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Let failed and cancelled trials be taken up again by the next run."""
    finish(command("retry")(Store(store), target, as_json=as_json))


@app.command(epilog="Example: adasweep record --rebuild")
def record(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Record everything anew from the files.")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Bring MLflow up to date with the store."""
    finish(command("record")(Store(store), rebuild=rebuild, as_json=as_json))


@app.command(epilog="Example: adasweep doctor")
def doctor(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """Check this machine and installation: packages, disk, clock, backends, MLflow."""
    finish(command("doctor")(Store(store), as_json=as_json))


@app.command(epilog="Example: adasweep schema > sweeps/schema.json")
def schema() -> None:
    """Print the JSON schema of sweep files, for editors."""
    finish(command("schema")())


@app.command(epilog="Example: adasweep demo")
def demo(
    tier: TierOption = "",
    cpus: CpusOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Run sweeps/demo.yaml on this machine, record it, and draw its figures."""
    finish(command("demo")(Store(store), tier, cpus, as_json=as_json))


add_passed_on(app)


@app.command(context_settings=PASSED_ON, epilog="Example: adasweep energy demo")
def energy(context: typer.Context, store: StoreOption = DEFAULT_STORE) -> None:
    """Say what sweeps took: kWh, CO2, GPU-years, wasted and reused work (python -m analysis energy)."""
    finish(command("energy")(context.args, Store(store)))


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 user error, 3 some trials failed, 70 bug, 75 run me again."""
    try:
        require_own_packages()
        app(args=arguments)
    except SystemExit as left:
        return int(left.code or 0)
    except UserError as error:
        return _told(f"{error}", ExitCode.USER_ERROR)
    except BackendError as error:
        return _told(f"{error}", ExitCode.RUN_AGAIN if error.retryable else ExitCode.SOME_FAILED)
    except KeyboardInterrupt:
        return _told("interrupted; the same command continues", ExitCode.RUN_AGAIN)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception:
        traceback.print_exc()
        return _told("this is a bug in adasweep; please report it with the lines above", ExitCode.BUG)
    return 0


def _told(text: str, code: int) -> int:
    for line in text.splitlines():
        sys.stderr.write(f"adasweep: {line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
