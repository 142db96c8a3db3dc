"""adasweep demo: the whole workflow on this machine, from images to figures."""

import sys

from orchestrator.commands import benchmark, delegate, execute_plan
from orchestrator.commands.options import CpusOption, RunFlags, TierOption
from orchestrator.dispatch.request import Request
from orchestrator.display.output import progress_console
from orchestrator.evidence.archive import open_pack
from orchestrator.evidence.merge import merge
from orchestrator.recorders.report import without_password
from orchestrator.recorders.target import default_target
from orchestrator.store.layout import Store
from orchestrator.sweep.bundled import FOLDER
from orchestrator.sweep.reader import read_sweep
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import ExitCode
from trainer.files import matching

SWEEP = FOLDER / "demo.yaml"

SOURCE = FOLDER / "demo_source.zip"
"""A pack of what `demo_source.yaml` trained, with its snapshot: all demos start from the same network."""

RECORDED = FOLDER / "demo.csv"
"""Curves of ten repetitions, written by `make results`: the demo's own are drawn over them."""

EXAMPLES = """Examples:
  adasweep demo
  adasweep demo --tier smoke
"""

AN_EXAMPLE = "A single run of each cell is an example: ten repetitions and their verdicts are in docs/results/demo."

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def demo(
    tier: TierOption = "", cpus: CpusOption = None, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False
) -> int:
    """Run sweeps/demo.yaml on this machine, record it, and draw its figures."""
    return execute(Store(store), tier, cpus, as_json=as_json)


def execute(store: Store, tier: str, cpus: int | None, *, as_json: bool) -> int:
    """Get the data, run the sweep, collect, draw, and list the results. Finished trials are reused.

    With `as_json`, stdout has the documents of `run`, `collect`, `figures` and `table`, one after another.
    """
    store.require_writable()
    sweep = read_sweep(SWEEP, tier)
    source = str(sweep.spec.base["data"])
    if not (store.data / f"{source}.zip").exists():
        code = delegate.execute("trainer", ["data", "get", source], store, sys.stderr if as_json else None)
        if code:
            return code
    if not tier:
        _unpack_source(store)
    request = Request(SWEEP, tier, cpus=cpus)
    benchmark.execute(store, request)
    code = execute_plan.execute(store, request, RunFlags(as_json=as_json))
    if code not in (0, ExitCode.SOME_FAILED):
        return code
    over = [] if tier else ["--over", str(RECORDED)]
    steps = [["collect"], ["figures", "draw", sweep.key, *over], ["table", sweep.key]]
    codes = [delegate.execute("analysis", [*step, *(["--json"] if as_json else [])], store) for step in steps]
    if not as_json:
        _print("\nWhat you see:")
        codes.append(delegate.execute("analysis", ["table", sweep.key, "--format", "words"], store))
        _print(AN_EXAMPLE)
    _print("\n".join(where_to_look(store, sweep.key)))
    return code or max(codes)


def _unpack_source(store: Store) -> None:
    with open_pack(SOURCE) as pack:
        done = merge(store, pack)
    done.require_nothing_in_the_way()
    where = "in this store" if done.apart else f"from {SOURCE}"
    _print(f"source: demo_source, trained before, {where}")


def _print(text: str) -> None:
    progress_console().print(text, markup=False, soft_wrap=True)


def where_to_look(store: Store, key: str) -> list[str]:
    """Return lines that list the results and suggest the next commands."""
    figures = matching(store.root / "figures" / key, "*.png")
    return [
        "",
        *(f"Figure    {path}" for path in figures),
        f"Trials    {store.trials}",
        f"Status    adasweep status {key} --store {store.root}",
        f"MLflow    mlflow ui --backend-store-uri {without_password(default_target(store).uri)} --port 5000",
        "          then http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning&compareRunsMode=CHART",
        "          (the page needs the extra `ui`: pip install 'adasweep[ui]')",
        f"Browse    adasweep dashboard --store {store.root}",
        f"Repeat    adasweep run {SWEEP} --tier repeated --store {store.root}",
    ]
