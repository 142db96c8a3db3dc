"""A store of an earlier commit is read unchanged: its trials keep their ids, and every command prints the same.

tests/compat/record_store.py describes the recording and how to repeat it.
"""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import read_sweep
from tests.compat.packing import copied
from tests.compat.recorded_commands import current_form, recorded_commands
from tests.compat.recording import Copy, differences
from tests.sweeps.planned import find
from trainer.config.identity import trial_id
from trainer.config.train import TrainConfig

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def shared() -> Iterator[Copy]:
    """A copy on which all commands are run."""
    with copied() as found:
        yield found


@pytest.fixture(scope="module")
def current(shared: Copy) -> dict[str, Any]:
    """The output of the commands now; the claims of `real` have too few seeds, which has to be admitted since then."""
    with (shared.store.parent / "sweeps/real.yaml").open("a", encoding="utf-8") as file:
        file.write("underpowered: two seeds are enough for a recording\n")
    return shared.run_all({" ".join(words): current_form(words) for words in recorded_commands(shared)})


@pytest.fixture(scope="module")
def recorded(shared: Copy) -> dict[str, Any]:
    """The recorded output."""
    return shared.answers()


CHANGED_ON_PURPOSE = {
    # a longer run of another sweep is cut at the horizon; see also `plan`; an evaluation hides neither p, r_t nor speed
    "status": r"sweeps\[(6|10)\]\.trials|\.(p|r_t|images_per_second): None is now -?\d",
    "plan": r"price|power|totals|measured\.yaml .*(action: 'leave' is now 'reuse'|actions\.leave is gone)"
    r"|; starts anew: its checkpoints are not here|from_kimg: .* is now 0(\.0)?$",
    "why": r"; starts anew: its checkpoints are not here|attempt: '0*(\d+)' is now \1$|action: 'leave' is now 'reuse'",
    "collect": r"told\.read: 0 is now 31",  # tables have a new schema and are rebuilt
    # `cell` has the configuration of a search; seeds of evaluation that another sweep requested do not count
    # what a stop rule has ended is stopped, as in `status`; speeds are those up to the horizon, as there
    "table": r"method: .* is now 'rank \d+'|real-short .*(score\.identity|images_per_second)"
    r"|state: '3 preempted .*' is now '1 preempted, 2 stopped",
}
"""Intended changes of output since 0.2.0 (CHANGELOG), as patterns of differences.

Prices count start-up and evaluation, and ranges come from past errors. An evaluation requested outside a sweep (sweep
`measured`) is not work of that sweep, which is done. The recorded store has no checkpoints: its trials start anew.
"""


def changed_output(command: str, recorded: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Return the differences in the output of commands that start with `command`."""
    before = {words: answer for words, answer in recorded.items() if words.split()[0] == command}
    assert before
    found = differences(before, {words: current[words] for words in before})
    intended = CHANGED_ON_PURPOSE.get(command)
    return [line for line in found if not (intended and re.search(intended, line))]


def test_the_recording_has_every_kind_of_state(recorded: dict[str, Any]) -> None:
    sweeps = recorded["status --json"]["told"]["sweeps"]
    states = {trial["state"] for sweep in sweeps for trial in sweep["trials"]}
    assert states == {"pending", "done", "stopped", "failed", "cancelled", "preempted", "lost"}
    actions = [set(answer["told"]["actions"]) for answer in recorded.values() if "actions" in answer["told"]]
    assert set.union(*actions) == {"new", "extend", "resume", "reuse", "evaluate", "leave", "stopped", "blocked"}


@pytest.mark.parametrize("command", ["status", "why", "logs", "plan", "collect", "table", "claims", "energy", "record"])
def test_a_command_prints_what_it_printed(command: str, recorded: dict[str, Any], current: dict[str, Any]) -> None:
    assert changed_output(command, recorded, current) == []


def test_figures_agree_with_the_runs_and_know_them(recorded: dict[str, Any], current: dict[str, Any]) -> None:
    for answers in (recorded, current):
        for figure in answers["figures --verify --json"]["told"]:
            del figure["notes"]  # says that another version has drawn it
    assert changed_output("figures", recorded, current) == []


def test_configurations_in_the_store_keep_their_ids(shared: Copy) -> None:
    documents = [json.loads(path.read_text()) for path in shared.store.glob("trials/??/*/trial.json")]
    assert len(documents) > 30
    for document in documents:
        assert trial_id(TrainConfig.model_validate(document["config"])) == document["id"]


@cache
def recorded_ids() -> dict[str, Any]:
    """Return the id of every run of every sweep of the papers, by sweep and tier, cell, and seed."""
    with copied() as found:
        return dict(json.loads((found.root / "trial_ids.json").read_text()))


SNAPSHOTS = [
    *("smoke", "ffhq512", "ffhq1024"),
    *(f"{source}{side}" for source in ("celebahq", "lsundog", "ffhq") for side in (64, 128, 256)),
]
"""What some sweeps of the recorded commit start from."""


@pytest.fixture(scope="module")
def sweeps_of_papers(shared: Copy) -> Path:
    """The sweep files of the recorded commit, and placeholders for the snapshots that some start from.

    One requests eight GPUs for a batch of two micro-batches, which is refused now; resources are not part of an id.
    """
    folder = shared.root / "sweeps-of-papers"
    (folder / "ada" / "snapshots").mkdir()
    for name in SNAPSHOTS:
        (folder / "ada" / "snapshots" / f"{name}.safetensors").write_text(name)
    biggan = folder / "ada" / "fig19_biggan.yaml"
    biggan.write_text(biggan.read_text().replace("biggan-unconditional}", "biggan-unconditional, resources.gpus: 2}"))
    return folder


@pytest.mark.parametrize("sweep", recorded_ids())
def test_runs_of_the_papers_keep_their_ids(sweep: str, sweeps_of_papers: Path) -> None:
    name, _, tier = sweep.partition(" ")
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for trial in expand(read_sweep(sweeps_of_papers / f"{name}.yaml", tier), find):
        found[trial.cell][str(trial.config.seed)] = trial.id
    assert list(differences(recorded_ids()[sweep], found)) == []
    assert found.keys() == recorded_ids()[sweep].keys()


SERIES = """
SELECT t.value, m.key, m.step, m.value, m.timestamp FROM metrics m JOIN tags t ON t.run_uuid = m.run_uuid
WHERE t.key = 'trial' ORDER BY 1, 2, 3
"""
TAGS = """
SELECT t.value, o.key, o.value FROM tags o JOIN tags t ON t.run_uuid = o.run_uuid
WHERE t.key = 'trial' AND o.key IN ('seed', 'trial', 'state') ORDER BY 1, 2
"""


def in_mlflow(copy: Copy) -> list[list[tuple[Any, ...]]]:
    """Return all points and the tags of all trials that are in MLflow's database."""
    with sqlite3.connect(copy.store / "mlflow.db") as database:
        return [database.execute(query).fetchall() for query in (SERIES, TAGS)]


def test_mlflow_is_rebuilt_unchanged(copy: Copy) -> None:
    """All numbers, and all tags except those of cell and sweeps, which contain more than before (docs/store.md)."""
    before = in_mlflow(copy)
    assert all(before)
    done = copy.adasweep("record", "--rebuild")
    assert done.returncode == 0, done.stderr
    assert in_mlflow(copy) == before
