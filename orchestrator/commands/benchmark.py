"""Benchmarks the speed of this machine before a plan is priced: once per shape of configuration."""

import subprocess

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.display.output import progress_console
from orchestrator.errors import SetupError
from orchestrator.plan.benchmark_file import Benchmark, read_benchmarks, shape_key, write_benchmark
from orchestrator.plan.decide import TO_RUN
from orchestrator.plan.plan import Plan
from orchestrator.store.layout import Store
from orchestrator.supervisor.command import environment, python_module
from orchestrator.supervisor.ending import MESSAGE_CHARACTERS
from orchestrator.sweep.trial import Trial
from trainer.config.identity import canonical
from trainer.errors import without_prefix
from trainer.files import replace_file


def execute(store: Store, request: Request) -> int:
    """Benchmark every shape of configuration in the plan that has no benchmark on this machine."""
    store.require_writable()
    plan = plan_sweep(store, request)
    for trial in unmeasured(store, plan):
        progress_console().print(f"Measuring the speed of {trial.cell} here", markup=False)
        measure(store, trial, plan.sweep_of(trial.id).spec.watch.ops)
    return 0


def unmeasured(store: Store, plan: Plan) -> list[Trial]:
    """Return one trial for each shape without a benchmark that can be read."""
    todo = [trial for trial in plan.unique.values() if plan.decisions[trial.id].action in TO_RUN]
    known = read_benchmarks(store.benchmarks)
    shapes = {shape_key(trial.config): trial for trial in reversed(todo)}
    return [trial for shape, trial in shapes.items() if shape not in known]


def measure(store: Store, trial: Trial, ops: str) -> None:
    """Benchmark one configuration and store the result. Raises SetupError if the worker fails."""
    found = measured(store, trial, "--threads", str(trial.resources.cpus), "--ops", ops)
    write_benchmark(store.benchmarks, trial.config, found.model_copy(update={"cpus": trial.resources.cpus}))


def measured(store: Store, trial: Trial, *options: str) -> Benchmark:
    """Return a measurement of one configuration on this machine. Raises SetupError if the worker fails."""
    config = store.benchmarks / f".{trial.id}.json"
    replace_file(config, canonical(trial.config))
    command = [*python_module("trainer"), "benchmark", "--config", str(config), "--data", str(trial.data_path)]
    command += ["--cache", str(store.cache), *options]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    config.unlink()
    if done.returncode:
        error = without_prefix((done.stderr.strip().splitlines() or ["nothing"])[-1])[:MESSAGE_CHARACTERS]
        raise SetupError("benchmark", f"the worker could not measure {trial.cell}: {error}", "plan without --benchmark")
    return Benchmark.model_validate_json(done.stdout.strip().splitlines()[-1])
