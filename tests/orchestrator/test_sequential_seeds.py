"""Sequential seeds from plan to verdict: all processes are real except the worker, which is scripted."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.errors import SweepError, require_none
from orchestrator.plan.plan_file import stored_plan
from orchestrator.store.layout import Store
from orchestrator.sweep.expansion import Expansion
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.trial import Trial
from tests.orchestrator.test_run import adasweep, runs, start, until

pytestmark = pytest.mark.usefixtures("scripted")
Read = Callable[..., Sweep]
Write = Callable[[str], Path]

SEQUENTIAL = """\
sweep: seq
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
cells:
  baseline: {augment: none}
  ada: {augment: ada}
  more: {augment: ada, augment.target: 0.7}
seeds: {from: 3, to: 6, until: claims}
horizon_kimg: 1
metrics: [fid2k]
claims:
  - ada < baseline
"""
WATCH = "horizon_kimg: 1\nmetrics: []\nwatch: {evaluation: later}\n"
LOW, HIGH = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [11.0, 12.0, 13.0, 14.0, 15.0, 16.0]


def scores(monkeypatch: pytest.MonkeyPatch, **by_augment: list[float]) -> None:
    monkeypatch.setenv("ADASWEEP_SCORES", json.dumps(by_augment))


def seeds_of(store: Store) -> dict[str, int]:
    plan = stored_plan(store, "seq")
    assert plan is not None
    return dict(Counter(run.cell for run in plan.cells))


def judged(store: Store) -> dict[str, Any]:
    found = json.loads(adasweep(store, "claims", "seq", "--json").stdout)["tested"]
    assert len(found) == 1
    return dict(found[0])


def test_seeds_are_added_to_the_cells_of_a_claim_until_it_is_decided(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores(monkeypatch, none=HIGH, ada=LOW)
    file = sweep_file(SEQUENTIAL)
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    assert "UNDECIDED with 3 seeds, goes on with 4: ada < baseline" in done.stderr
    assert "2 runs added for undecided claims" in done.stderr
    assert "PASS with 4 seeds: ada < baseline" in done.stderr
    assert seeds_of(store) == {"baseline": 4, "ada": 4, "more": 3}
    assert len(runs(store)) == 11
    found = judged(store)
    assert (found["verdict"], found["stage"]) == ("PASS", {"look": 2, "looks": 4, "seeds": 4, "next_seeds": None})

    again = adasweep(store, "run", file, "--no-record")
    assert again.returncode == 0
    assert "11 reuse" in again.stderr
    assert seeds_of(store) == {"baseline": 4, "ada": 4, "more": 3}
    assert "more runs" not in adasweep(store, "plan", file).stdout, "all claims are decided"
    undecided = sweep_file(SEQUENTIAL + "  - ada < more\n")
    assert "while claims are undecided" in adasweep(store, "plan", undecided).stdout


def test_seeds_that_are_added_get_their_source_though_nothing_needed_it_before(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scores(monkeypatch, none=HIGH, ada=LOW)
    other = SEQUENTIAL.partition("cells:")[0].replace("seq", "other")
    (tmp_path / "other.yaml").write_text(f"{other}{WATCH}cells: {{a: {{augment: none}}}}\n")
    text = SEQUENTIAL.replace("batch: 20,", "batch: 20, transfer: {sweep: other.yaml, cell: a},")
    listed = text.partition("claims:\n")[0].replace("{from: 3, to: 6, until: claims}", "3")
    assert adasweep(store, "run", sweep_file(listed), "--no-record").returncode == 0
    plan = stored_plan(store, "seq")
    assert plan
    source = store.run(plan.sources[0].trial)
    shutil.rmtree(source.path)
    done = adasweep(store, "run", sweep_file(text), "--no-record")
    assert done.returncode == 0, done.stderr
    assert seeds_of(store) == {"baseline": 4, "ada": 4, "more": 3}, done.stderr
    assert source.attempts() == [1]


def test_a_claim_asks_for_further_seeds_only_once_its_first_runs_are_over(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores(monkeypatch, none=HIGH, ada=LOW)
    file = sweep_file(SEQUENTIAL + "  - baseline < more\n")
    done = adasweep(store, "run", file, "--no-record", "--cpus", "1")
    assert done.returncode == 0, done.stderr
    assert "FAIL with 3 seeds: baseline < more" in done.stderr
    assert seeds_of(store)["more"] == 3, "its first look decides it, whichever claim is judged before"


def test_a_killed_run_goes_on_with_the_same_command_and_ends_with_the_same_verdict(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores(monkeypatch, none=HIGH, ada=[11.5, *LOW[1:]])
    file = sweep_file(SEQUENTIAL.replace("  more: {augment: ada, augment.target: 0.7}\n", ""))
    driver = start(store, "run", file, "--no-record")
    until(lambda: stored_plan(store, "seq") and max(seeds_of(store).values()) > 3)
    driver.kill()
    driver.wait()
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    assert all(run.attempts() in ([1], [1, 2]) for run in runs(store))
    found = judged(store)
    assert found["verdict"] == "PASS"
    assert seeds_of(store) == dict.fromkeys(("baseline", "ada"), found["stage"]["seeds"])


def test_seeds_wait_for_a_seed_that_failed(store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    scores(monkeypatch, none=HIGH, ada=LOW)
    monkeypatch.setenv("ADASWEEP_FAILING_SEED", "1")
    file = sweep_file(SEQUENTIAL.replace("  more: {augment: ada, augment.target: 0.7}\n", ""))
    failed = adasweep(store, "run", file, "--no-record")
    assert failed.returncode == 3, failed.stderr
    assert "UNDECIDED with 1 seed, goes on with 4" in failed.stderr
    monkeypatch.delenv("ADASWEEP_FAILING_SEED")
    assert adasweep(store, "retry", "seq").returncode == 0
    done = adasweep(store, "run", file, "--no-record")
    assert done.returncode == 0, done.stderr
    assert judged(store)["verdict"] == "PASS"
    shown = adasweep(store, "status", "seq").stdout
    assert "3 to 6 seeds: look 2 of 4 at 2 cells (4 seeds each); verdicts: adasweep claims seq" in shown


def problems(store: Store, path: Path) -> str:
    with pytest.raises(SweepError) as error:
        require_none(plan_sweep(store, Request(path)).claim_problems)
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "instead", "problem"),
    [
        ("from: 3, to: 6", "from: 6, to: 6", ":7: seeds.from: 6 is not below to: 6; use `seeds: 6`"),
        ("from: 3", "from: 2", ":7: seeds.from: 2 seeds decide no claim: n>=3 is the least"),
        ("from: 3", "from: 0", ":7: seeds.from: "),
        ("to: 6", "to: 31", ":7: seeds.to: "),
        ("from: 3", "form: 3", ":7: seeds.form: is not a key; did you mean 'from'?"),
        ("until: claims", "until: claim", "'claim' is not one of: claims; did you mean 'claims'?"),
        (", until: claims", "", ":7: seeds.until: is missing"),
        ("ada < baseline", "'prose: ADA helps'", ":7: seeds: no claim is tested, so nothing decides"),
        (
            "claims:\n",
            "stop: [{type: median}]\nclaims:\n",
            ":7: seeds: claims cannot decide the number of seeds beside",
        ),
    ],
)
def test_a_mistake_in_sequential_seeds_is_told_with_its_place_and_way_out(
    store: Store, sweep_file: Write, given: str, instead: str, problem: str
) -> None:
    assert problem in problems(store, sweep_file(SEQUENTIAL.replace(given, instead)))


def test_a_claim_that_all_sequential_seeds_cannot_decide_is_refused(store: Store, sweep_file: Write) -> None:
    text = SEQUENTIAL.replace("to: 6", "to: 4").replace("ada < baseline", "ada < baseline, p<0.01")
    assert "use `seeds: {from: 3, to: 5, until: claims}`" in problems(store, sweep_file(text))


def test_a_plan_computes_each_cell_and_each_trial_once_with_those_that_may_follow(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells, trials = Counter[str](), Counter[str]()
    first, made = Expansion._first, Expansion._made

    def counted_first(self: Expansion, place: int, *given: Any) -> Trial:
        cells[self.cells[place][0].label] += 1
        return first(self, place, *given)

    def counted(self: Expansion, place: int, seed: int) -> Trial:
        trial = made(self, place, seed)
        trials[trial.id] += 1
        return trial

    monkeypatch.setattr(Expansion, "_first", counted_first)
    monkeypatch.setattr(Expansion, "_made", counted)
    transfer = SEQUENTIAL.replace("ada: {augment: ada}", "ada: {augment: ada, transfer: {cell: more, seed: same}}")
    plan = plan_sweep(store, Request(sweep_file(transfer)))
    assert (len(plan.trials), len(plan.further)) == (9, 9)
    assert cells == Counter(trial.cell for trial in plan.trials if trial.seed == 0)
    assert trials == Counter([*plan.unique, *plan.possible])


def test_a_plan_prices_the_first_seeds_and_all_that_may_follow(store: Store, sweep_file: Write) -> None:
    plan = plan_sweep(store, Request(sweep_file(SEQUENTIAL)))
    assert (plan.totals.runs, plan.most.runs) == (9, 15), "the cell without a claim has three seeds"
    assert plan.most.cpu_hours == pytest.approx(plan.totals.cpu_hours * 15 / 9)
    control = plan_sweep(store, Request(sweep_file(SEQUENTIAL.replace("ada < base", "'control: ada < base") + "'")))
    assert control.most.runs == 11, "a control is judged once, with four seeds"
    assert [one.seeds for one in (*plan.claims, *control.claims)] == [6, 4]


def test_a_plan_prices_the_sources_of_all_seeds_that_may_follow(store: Store, sweep_file: Write) -> None:
    text = SEQUENTIAL.replace("more: {augment: ada", "more: {transfer: {cell: baseline, seed: same}, augment: ada")
    plan = plan_sweep(store, Request(sweep_file(text.replace("ada < baseline", "ada < more"))))
    assert (plan.totals.runs, plan.most.runs) == (9, 9 + 3 + 3 + 3), "each further seed of `more` needs a baseline"


def test_a_budget_holds_for_all_seeds_that_may_follow(store: Store, sweep_file: Write) -> None:
    hours = plan_sweep(store, Request(sweep_file(SEQUENTIAL))).totals.cpu_hours
    plan = plan_sweep(store, Request(sweep_file(f"{SEQUENTIAL}budget: {{cpu_hours: {1.2 * hours}}}\n")))
    assert plan.budget_problems


def test_trials_of_sequential_seeds_are_those_of_a_list_of_them(store: Store, sweep_file: Write) -> None:
    sequential = plan_sweep(store, Request(sweep_file(SEQUENTIAL)))
    listed = plan_sweep(store, Request(sweep_file(SEQUENTIAL.replace("{from: 3, to: 6, until: claims}", "[0, 1, 2]"))))
    assert list(sequential.unique) == list(listed.unique)
