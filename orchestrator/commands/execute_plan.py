"""Executes the plan of a sweep: submit, and watch until everything is done. Running it again continues."""

from contextlib import nullcontext
from pathlib import Path

from orchestrator.backends.base import Backend
from orchestrator.backends.registry import open_backend
from orchestrator.commands.options import RunFlags
from orchestrator.commands.watched_run import WatchedRun
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep, problems_of_plan
from orchestrator.dispatch.request import Request
from orchestrator.display.output import print_json, progress_console, result_console
from orchestrator.display.plan_table import summary
from orchestrator.display.progress import View, view_for
from orchestrator.errors import PlanError, require_none
from orchestrator.plan.decide import SUBMITTED
from orchestrator.plan.decide_evaluation import not_measured
from orchestrator.plan.diff import diff
from orchestrator.plan.plan import Plan
from orchestrator.plan.plan_document import plan_file_of, write_plan
from orchestrator.plan.plan_file import stored_plan
from orchestrator.plan.status import as_json as statuses_as_json
from orchestrator.recorders.target import readable_target
from orchestrator.search.growth import Complete
from orchestrator.search.sampling import growth_of
from orchestrator.store.cleanup import remove_leftovers
from orchestrator.store.datasets import lookup
from orchestrator.store.frozen_code import LIVE, freeze, frozen_place
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import Task
from trainer.errors import counted


def execute(store: Store, request: Request, flags: RunFlags) -> int:
    """Execute the plan of a sweep and return the exit code."""
    plan = plan_sweep(store, request)
    require_none(problems_of_plan(plan, request))
    if not flags.may_shorten:
        _require_none_shorter(store, plan)
    backend = open_backend(request.backend, store, request.cpus)
    if flags.dry_run:
        return _dry_run(store, plan, backend, LIVE if flags.live_code else frozen_place(store))
    backend.require_usable()
    if flags.record:
        readable_target(store)
    store.require_writable()
    remove_leftovers(store, plan.sweep.key, plan.observed)
    if request.evaluation is None:
        write_plan(store, plan)
    view = view_for(progress_console(), quiet=flags.as_json, parallel=plan.parallel)
    view.log("\n".join(summary(plan)))
    for line in not_measured(plan.decisions.values()) if request.evaluation else ():
        view.log(f"warning: {line}")
    code = LIVE if flags.live_code else freeze(store)
    search = plan.sweep.spec.search
    if search and search.driver == "ray_tune":
        return _by_ray_tune(store, plan, backend, code, view, as_json=flags.as_json)
    dispatcher = Dispatcher(store, plan, backend, code=code)
    trains = request.evaluation is None
    with growth_of(dispatcher, lookup(store), view.log) if trains else nullcontext(Complete()) as growth:
        run = WatchedRun(store, dispatcher, view, growth)
        exit_code = run.submit_only() if flags.detach else run.run_to_completion(record=flags.record)
    if flags.as_json:
        print_json({"exit_code": exit_code, "trials": statuses_as_json(run.statuses())})
    return exit_code


def _require_none_shorter(store: Store, plan: Plan) -> None:
    """Raise PlanError if a run would end earlier than in the last plan of the sweep: its results would be cut there."""
    changes = diff(stored_plan(store, plan.sweep.key), plan_file_of(plan))
    shorter = [change for change in changes if change.kind == "shortened"]
    if shorter:
        problem = f"{counted(len(shorter), 'run')} would be shortened, {shorter[0].cell} from {shorter[0].detail}"
        raise PlanError(plan.sweep.key, problem, "give a longer horizon; to shorten: run SWEEP --horizon-kimg KIMG")


def _by_ray_tune(store: Store, plan: Plan, backend: Backend, code: Path, view: View, *, as_json: bool) -> int:
    """Run a search with Ray Tune, and watch it. It is recorded by `adasweep record` only."""
    from orchestrator.search.tune.launch import TuneRun

    run = TuneRun.start(store, plan, backend, code)
    exit_code = run.watch_to_completion(view)
    if as_json:
        print_json({"exit_code": exit_code, "trials": statuses_as_json(run.statuses())})
    return exit_code


def _dry_run(store: Store, plan: Plan, backend: Backend, code: Path) -> int:
    """Print what would be submitted."""
    todo = [trial for trial, decision in plan.decisions.items() if decision.action in SUBMITTED]
    tasks = [_task(store, plan, trial, code) for trial in todo]
    result_console().print(backend.render(tasks).text, markup=False, end="", soft_wrap=True)
    return 0


def _task(store: Store, plan: Plan, trial: str, code: Path) -> Task:
    directory, attempt = store.run(trial).path.resolve(), plan.observed[trial].attempts + 1
    return Task(trial, directory, attempt, plan.unique[trial].resources, code)
