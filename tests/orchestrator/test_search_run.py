"""adasweep run with a search or stop rules: all processes are real except the worker, which is scripted."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from orchestrator.plan.plan_file import stored_plan
from orchestrator.store.layout import Store
from tests.orchestrator.attempts import let_go
from tests.orchestrator.test_run import adasweep, is_at_hold, last_state, runs, start, until
from trainer.record import State

pytestmark = pytest.mark.usefixtures("scripted")
Write = Callable[[str], Path]

SEARCH = """\
sweep: found
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
seeds: [100]
horizon_kimg: 1
metrics: [fid2k]
search:
  trials: 5
  parallel: 2
  sampler: random
  space:
    augment: {choice: [none, ada]}
    augment.target: {uniform: [0.3, 0.7], when: {augment: ada}}
    objective.r1_gamma: {log_uniform: [0.01, 100]}
"""


def journal(store: Store, sweep: str = "found") -> list[str]:
    """Return the states of all trials in a search's journal."""
    return [trial.state.name for trial in studied(store, sweep)]


def studied(store: Store, sweep: str = "found") -> list[Any]:
    """Return all trials in a search's journal."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(store.plan(sweep).with_name("optuna.jsonl"))))
    (study,) = optuna.get_all_study_summaries(storage)
    return optuna.load_study(study_name=study.study_name, storage=storage).trials


def test_a_search_whose_driver_is_killed_goes_on_with_the_same_command(store: Store, sweep_file: Write) -> None:
    file = sweep_file(SEARCH)
    first = json.loads(adasweep(store, "plan", file, "--json").stdout)
    assert (first["cells"], first["totals"]["runs"], first["unsampled"]) == ([], 5, 5)

    driver = start(store, "run", file, "--no-record", "--cpus", 2)
    until(lambda: sum(is_at_hold(run) for run in runs(store)) == 2)
    driver.kill()
    driver.wait()
    assert journal(store) == ["RUNNING"] * 2
    asked = {run.path.name for run in runs(store)}
    before = json.loads(adasweep(store, "plan", file, "--json").stdout)
    assert (before["actions"], before["unsampled"]) == ({"leave": 2}, 3)

    again = start(store, "run", sweep_file(SEARCH.replace("trials: 5", "trials: 4")), "--no-record", "--cpus", 2)
    while again.poll() is None:
        for run in runs(store):
            let_go(run)
        until(lambda: again.poll() is not None or any(not (run.path / "go").exists() for run in runs(store)))
    assert again.returncode == 0, again.communicate()[1]
    assert journal(store) == ["COMPLETE"] * 4
    assert {run.path.name for run in runs(store)} > asked
    assert [(last_state(run), run.attempts()) for run in runs(store)] == [(State.DONE, [1])] * 4
    plan = stored_plan(store, "found")
    assert plan is not None
    assert plan.search is not None
    assert len(plan.search.points) == len(plan.cells) == 4


def test_a_search_without_its_journal_reuses_what_has_run(store: Store, sweep_file: Write) -> None:
    file = sweep_file(SEARCH.replace("[100]", "[0]").replace("trials: 5", "trials: 3"))
    assert adasweep(store, "run", file, "--no-record").returncode == 0
    ids = list(store.ids())
    store.plan("found").with_name("optuna.jsonl").unlink()
    again = adasweep(store, "run", file, "--no-record")
    assert again.returncode == 0, again.stderr
    assert journal(store) == ["COMPLETE"] * 3
    assert list(store.ids()) == ids
    assert all(run.attempts() == [1] for run in runs(store))

    refused = adasweep(store, "run", file, "--no-record", "--detach")
    assert refused.returncode == 2
    assert "a search must be watched" in refused.stderr


def test_a_search_that_requests_fewer_configurations_runs_those_of_its_plan_alone(
    store: Store, sweep_file: Write
) -> None:
    text = SEARCH.replace("[100]", "[0]").replace("trials: 5", "trials: 3")
    assert adasweep(store, "run", sweep_file(text), "--no-record").returncode == 0
    sampled = stored_plan(store, "found")
    assert sampled is not None
    fewer = text.replace("trials: 3", "trials: 2")
    planned = json.loads(adasweep(store, "plan", sweep_file(fewer), "--json").stdout)
    assert "3 configurations were sampled, and 2 are requested" in " ".join(planned["cautions"])
    for given, count in ((fewer, 2), (text, 3)):
        assert adasweep(store, "run", sweep_file(given), "--no-record").returncode == 0
        plan = stored_plan(store, "found")
        assert plan is not None
        assert plan.trials == sampled.trials[:count]
    assert [run.attempts() for run in runs(store)] == [[1]] * 3


@pytest.mark.parametrize(("choices", "trials", "found"), [([0.1, 0.2], 5, 2), ([0.1, 0.2, 0.3, 0.4], 4, 4)])
def test_a_search_runs_no_configuration_twice(
    store: Store, sweep_file: Write, choices: list[float], trials: int, found: int
) -> None:
    space = f"search: {{trials: {trials}, parallel: 1, space: {{objective.r1_gamma: {{choice: {choices}}}}}}}\n"
    text = SEARCH[: SEARCH.index("search:")].replace("[100]", "[0]") + space
    done = adasweep(store, "run", sweep_file(text), "--no-record")
    assert done.returncode == 0, done.stderr
    assert "sampled before: objective.r1_gamma=" in done.stderr
    assert (f"the space has only {found} configurations" in done.stderr) == (found < trials)
    plan = stored_plan(store, "found")
    assert plan is not None
    assert plan.search is not None
    assert len({point["objective.r1_gamma"] for point in plan.search.points}) == len(plan.search.points) == found
    assert journal(store).count("COMPLETE") == found


@pytest.mark.parametrize(("over_seeds", "of_seeds"), [("mean", fmean), ("worst", max)])
def test_a_configuration_is_as_good_as_its_mean_or_worst_seed(
    store: Store, sweep_file: Write, over_seeds: str, of_seeds: Callable[[list[float]], float]
) -> None:
    text = SEARCH.replace("[100]", "[20, 21, 22]").replace("trials: 5", f"trials: 1\n  over_seeds: {over_seeds}")
    text += "watch: {evaluate_every_kimg: 0.5}\n"
    assert adasweep(store, "run", sweep_file(text), "--no-record").returncode == 0
    bests = [trial["score_best"] for trial in reported(store)]
    assert len(set(bests)) == 3
    (trial,) = studied(store)
    assert trial.value == pytest.approx(of_seeds(bests))
    assert trial.intermediate_values[1000] == pytest.approx(trial.value)


def test_configurations_of_a_search_may_have_horizons_of_equal_cost(store: Store, sweep_file: Write) -> None:
    text = SEARCH[: SEARCH.index("search:")].replace("[100]", "[0]") + "watch: {evaluate_every_kimg: 0.5}\n"
    text += "search: {trials: 2, parallel: 1, space: {augment.target: {choice: [0.4, 0.6]}}}\n"
    text += "when: [{if: {augment.target: 0.6}, set: {horizon_kimg: 2}}]\n"
    done = adasweep(store, "run", sweep_file(text.replace("{preset", "{augment: ada, preset")), "--no-record")
    assert done.returncode == 0, done.stderr
    expected = {0.4: (1, 50), 0.6: (2, pytest.approx(100 / 3))}
    once = [trial for trial in studied(store) if trial.value is not None]
    found = {trial.params["augment.target"]: (max(trial.intermediate_values), trial.value) for trial in once}
    assert found == {target: (kimg * 1000, score) for target, (kimg, score) in expected.items()}


def reported(store: Store) -> list[dict[str, Any]]:
    """Return the status of the trials by seed."""
    trials = json.loads(adasweep(store, "status", "found", "--json").stdout)["sweeps"][0]["trials"]
    return sorted(trials, key=lambda trial: trial["seed"])


def test_runs_that_a_rule_stops_say_so(store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADASWEEP_STEP_SECONDS", "0.3")
    text = SEARCH[: SEARCH.index("search:")].replace("[100]", "[20, 21, 22]").replace("kimg: 1", "kimg: 10")
    file = sweep_file(text + "stop: {type: asha, first_kimg: 0.5, factor: 3}\nwatch: {evaluate_every_kimg: 0.5}\n")
    launcher = start(store, "run", file, "--no-record", "--cpus", 3)
    until(lambda: sum(run.path.joinpath("stops").exists() for run in runs(store)) == 2)
    best = next(run for run in runs(store) if not (run.path / "stops").exists())
    assert json.loads(best.trial.read_text())["config"]["seed"] == 20
    until(lambda: [trial["state"] for trial in reported(store)] == ["running", "stopped", "stopped"])

    by_seed = {trial["seed"]: trial for trial in reported(store)}
    assert "21 is number 2 of 3 at the rung of" in by_seed[21]["wrong"]
    assert "stopped, because: stopped at" in adasweep(store, "why", by_seed[22]["trial"]).stdout

    launcher.send_signal(2)
    assert launcher.wait() == 75
    plan = json.loads(adasweep(store, "plan", file, "--json").stdout)
    assert plan["actions"] == {"resume": 1, "stopped": 2}
    assert adasweep(store, "retry", by_seed[22]["trial"]).returncode == 0
    assert json.loads(adasweep(store, "plan", file, "--json").stdout)["actions"] == {"resume": 2, "stopped": 1}
