"""Every command on stores whose trials start from others, in every state of the source, and on unpacked packs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from analysis.__main__ import main as analysis
from orchestrator.cli import main
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.plan.plan_document import write_plan
from orchestrator.store.layout import Store
from tests.orchestrator.test_corrupt_stores import KINDS, finish, spoil
from tests.orchestrator.test_sources_run import OTHER, SWEEP
from tests.support.tiny_sweep import write_data_set
from trainer.errors import ExitCode
from trainer.record import RunDir

COMMANDS = (
    *("status", "status test", "status test --json", "plan FILE", "plan test", "plan test --json", "collect"),
    *("why SOURCE", "why TRIAL", "why TRIAL --json", "logs SOURCE", "logs TRIAL", "table test", "claims test"),
    *("figures verify test", "energy test", "dashboard --export PAGES", "store list", "store prune"),
    *("pack test --out PACK", "retry SOURCE", "retry test", "cancel TRIAL", "cancel test"),
)
DRAWN = ("report test", "figures draw test", "figures verify test", "doctor")
THEIRS = ("collect", "table", "claims", "report", "figures", "energy", "dashboard")


class Chain(NamedTuple):
    """A store with a sweep whose runs start from one of another sweep, its file, and one trial of each."""

    store: Store
    file: Path
    source: str
    trial: str

    @property
    def start(self) -> RunDir:
        return self.store.run(self.source)


def _begun(chain: Chain, trial: str) -> RunDir:
    run = chain.store.run(trial)
    if not run.trial.exists():
        plan = plan_sweep(chain.store, Request(chain.file))
        chain.store.create_trial(plan.unique[trial])
    return run


def _finished(chain: Chain) -> RunDir:
    finish(_begun(chain, chain.source))
    return chain.start


def _ended(state: str) -> Callable[[Chain], object]:
    def change(chain: Chain) -> None:
        run = _finished(chain)
        record = json.loads(run.record(1).read_text()) | {"state": state, "kimg": 0.5, "message": "as it was"}
        run.record(1).write_text(json.dumps(record))

    return change


def _corrupt(name: str, kind: str) -> Callable[[Chain], object]:
    return lambda chain: spoil(_finished(chain).path / name, kind)


def _dependent_without_source(chain: Chain) -> None:
    finish(_begun(chain, chain.trial))


def _without_plan(chain: Chain) -> None:
    _finished(chain)
    shutil.rmtree(chain.store.root / "sweeps" / "test")


def _without_other_file(chain: Chain) -> None:
    _finished(chain)
    chain.file.with_name("other.yaml").unlink()


STATES: dict[str, Callable[[Chain], object]] = {
    "nothing begun": lambda _chain: None,
    "the source is done, its snapshot is missing": _finished,
    "the dependent is done, its source is missing": _dependent_without_source,
    **{f"the source is {state}": _ended(state) for state in ("failed", "lost", "preempted", "cancelled", "stopped")},
    **{f"trial.json of the source is {kind}": _corrupt("trial.json", kind) for kind in KINDS},
    **{f"record.json of the source is {kind}": _corrupt("attempts/001/record.json", kind) for kind in KINDS},
    "the sweep has no plan": _without_plan,
    "the file of the source's sweep is missing": _without_other_file,
}


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    write_data_set(tmp_path / "store" / "data" / "tiny.zip")
    (tmp_path / "other.yaml").write_text(OTHER.replace("SEED", "0"))
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    store = Store(tmp_path / "store")
    plan = plan_sweep(store, Request(tmp_path / "sweep.yaml"))
    write_plan(store, plan)
    source, trial, *_ = plan.decisions
    return Chain(store, tmp_path / "sweep.yaml", source, trial)


def judge(chain: Chain, command: str, capfd: pytest.CaptureFixture[str]) -> int:
    """Run a command and return its exit code. It may not crash; a refusal is one line and no output."""
    named = {"FILE": chain.file, "SOURCE": chain.source, "TRIAL": chain.trial}
    named |= {"PAGES": chain.file.parent / "pages", "PACK": chain.file.parent / "test.pack.zip"}
    words = [str(named.get(word, word)) for word in command.split()]
    code = (analysis if words[0] in THEIRS else main)([*words, "--store", str(chain.store.root)])
    out, err = capfd.readouterr()
    assert code in (ExitCode.DONE, ExitCode.USER_ERROR), f"{command}: {code} {out}{err}"
    assert "Traceback" not in err, f"{command}: {err}"
    assert (code == ExitCode.USER_ERROR) == ("adasweep: error: " in err or "python -m analysis: error: " in err), err
    return code


@pytest.mark.parametrize("state", STATES)
def test_every_command_ends_well_or_in_one_line_in_every_state_of_a_source(
    chain: Chain, capfd: pytest.CaptureFixture[str], state: str
) -> None:
    STATES[state](chain)
    for command in COMMANDS:
        judge(chain, command, capfd)


def test_reports_are_drawn_where_a_source_is_missing(chain: Chain, capfd: pytest.CaptureFixture[str]) -> None:
    _dependent_without_source(chain)
    for command in DRAWN:
        assert judge(chain, command, capfd) == ExitCode.DONE


def test_a_planned_trial_is_explained_before_it_begins(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(chain.store.root)]
    assert main(["why", chain.trial, *store]) == ExitCode.DONE
    told = " ".join(capsys.readouterr().out.split())
    assert f"trial {chain.trial} new at 0 kimg" in told
    assert "test: b #0, to 1 kimg: wait, because: " in told
    assert main(["logs", chain.trial, *store]) == ExitCode.USER_ERROR
    assert f"has no attempts yet; see: adasweep why {chain.trial}" in capsys.readouterr().err


def test_every_command_ends_well_or_in_one_line_on_an_unpacked_pack(
    chain: Chain, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _finished(chain)
    assert judge(chain, "pack test --out PACK", capfd) == ExitCode.DONE
    other = chain._replace(store=Store(tmp_path / "unpacked"))
    assert main(["unpack", str(tmp_path / "test.pack.zip"), "--store", str(other.store.root)]) == ExitCode.DONE
    capfd.readouterr()
    for command in COMMANDS:
        if command != "plan FILE":  # the data set is in the other store
            judge(other, command, capfd)
