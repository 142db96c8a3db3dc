"""Trials that are not what their folders say: of another id, from another store, elsewhere, or no folders at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.__main__ import main as analysis
from orchestrator.cli import main
from orchestrator.recorders.tags import tags_by_trial
from orchestrator.store.layout import Store
from tests.orchestrator.test_corrupt_stores import EVERY, endings, first, other_is_seen
from tests.orchestrator.test_corrupt_stores import store as store
from tests.orchestrator.test_corrupt_stores import whole as whole
from trainer.attempt.run import read_attempt
from trainer.errors import UserError

Capture = pytest.CaptureFixture[str]
STRANGE = "f" * 12


def last(store: Store) -> Path:
    return store.run(list(store.ids())[-1]).path


def _change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _trial_json_of_another(store: Store) -> None:
    shutil.copy(last(store) / "trial.json", first(store).trial)


def _edited_configuration(store: Store) -> None:
    config = json.loads(first(store).trial.read_text())["config"]
    _change(first(store).trial, config=config | {"seed": 99})


def _job_of_another_attempt(store: Store) -> None:
    _change(first(store).job(1), attempt=7)


def _record_of_another_attempt(store: Store) -> None:
    shutil.copytree(first(store).attempt(1), first(store).attempt(5))


def _copied_elsewhere(store: Store) -> None:
    shutil.copytree(first(store).path, store.trials / "zz" / first(store).path.name)


def _moved_elsewhere(store: Store) -> None:
    run = first(store)
    (store.trials / "zz").mkdir()
    run.path.rename(store.trials / "zz" / run.path.name)


def _replaced(make: Callable[[Path], object]) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        path = first(store).path
        shutil.rmtree(path)
        make(path)

    return change


def _folder_of_trials_replaced(store: Store) -> None:
    shard = first(store).path.parent
    shutil.rmtree(shard)
    shard.touch()


TOLD: dict[str, tuple[Callable[[Store], None], str]] = {
    "trial.json of another trial": (_trial_json_of_another, "trial.json: is of trial "),
    "an edited configuration": (_edited_configuration, "trial.json: has the configuration of trial "),
    "a job of another attempt": (_job_of_another_attempt, "job.json: belongs to attempt 7"),
    "a copied attempt": (_record_of_another_attempt, "attempts/005/record.json: belongs to attempt 1"),
    "moved elsewhere": (_moved_elsewhere, ": belongs in "),
    "an empty folder": (_replaced(Path.mkdir), "trial.json: missing"),
    "a file": (_replaced(Path.touch), ": not a folder"),
    "a pipe": (_replaced(os.mkfifo), ": not a folder"),
    "a link to itself": (_replaced(lambda path: path.symlink_to(path.name)), ": not a folder"),
    "a link to too long a name": (_replaced(lambda path: path.symlink_to("x" * 300)), ": not a folder"),
    "a file in the place of its folder's folder": (_folder_of_trials_replaced, ": not a folder"),
}
UNSEEN: dict[str, Callable[[Store], object]] = {
    "copied elsewhere": _copied_elsewhere,
    "another name": lambda store: shutil.copytree(first(store).path, first(store).path.with_suffix(".bak")),
    "a name with a line break": lambda store: shutil.copytree(
        first(store).path, first(store).path.with_name(f"{first(store).path.name}\n")
    ),
    "an attempt that links to itself": lambda store: first(store).attempt(2).symlink_to("002"),
    "capitals": lambda store: shutil.copytree(first(store).path, first(store).path.with_name("ABCDEF" * 2)),
}


def named(whole: Path) -> tuple[str, str]:
    """Return the ids of both trials in order, whatever becomes of their folders."""
    cells = json.loads((whole / "store" / "sweeps" / "two" / "plan.json").read_text())["cells"]
    trial, other = sorted(cell["trial"] for cell in cells)
    return trial, other


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_no_trial_of_its_folder_is_skipped_and_reported(
    store: Store, whole: Path, kind: str, capfd: Capture
) -> None:
    change, told = TOLD[kind]
    trial, other = named(whole)
    change(store)
    for look in ("status two", f"why {trial}", "doctor"):
        assert main([*look.split(), "--store", str(store.root)]) in (0, 2)
        assert told in capfd.readouterr().out.replace("\n", ""), look
    for command in (
        "status",
        "plan two",
        "why OTHER",
        "collect",
        "table two",
        "energy two",
        "claims two",
        "store prune --snapshots",
        "store list",
        "record",
    ):
        words = command.replace("OTHER", other).split()
        program = analysis if words[0] in ("collect", "table", "energy", "claims") else main
        assert program([*words, "--store", str(store.root)]) in (0, 2, 3)
        assert "Traceback" not in "".join(capfd.readouterr())


def test_a_trial_whose_folder_is_none_is_not_left_out_of_mlflow_without_a_word(store: Store, capfd: Capture) -> None:
    path = first(store).path
    TOLD["a link to too long a name"][0](store)
    assert main(["record", "--store", str(store.root)]) == 0
    assert f"skipped: {path}: not a folder" in capfd.readouterr().out
    assert main(["record", "--json", "--store", str(store.root)]) == 0
    assert json.loads(capfd.readouterr().out)["passed_over"] == [f"{path}: not a folder"]


@pytest.mark.parametrize("kind", UNSEEN)
def test_strange_folders_beside_trials_change_no_answer(store: Store, whole: Path, kind: str, capfd: Capture) -> None:
    before = endings(store, whole, capfd, EVERY)
    shutil.rmtree(store.root / "tables")
    UNSEEN[kind](store)
    printed = endings(store, whole, capfd, EVERY)
    assert other_is_seen(store, printed)
    assert printed["table two"] == before["table two"]
    assert printed["energy two"] == before["energy two"]
    assert "-1" not in printed["collect"]


def test_a_trial_copied_under_another_id_is_in_no_table_and_no_sweep(store: Store, capfd: Capture) -> None:
    shutil.copytree(first(store).path, store.run(STRANGE).path)
    told = f"{STRANGE}/trial.json: is of trial {first(store).path.name}"
    assert analysis(["table", "two", "--store", str(store.root)]) == 0
    assert f"skipped {told}" in capfd.readouterr().out.replace("\n", "")
    assert analysis(["energy", "--store", str(store.root)]) == 0
    assert "in no sweep's plan" in capfd.readouterr().out
    main(["doctor", "--store", str(store.root)])
    assert told in capfd.readouterr().out.replace("\n", "")


def test_neither_tables_nor_tags_take_the_configuration_of_another_trial(
    store: Store, whole: Path, capfd: Capture
) -> None:
    trial, other = named(whole)
    before = tags_by_trial(store)[other]
    _trial_json_of_another(store)
    assert tags_by_trial(store)[other] == before
    assert analysis(["collect", "--store", str(store.root)]) == 0
    assert f"skipped {trial}/trial.json: is of trial {other}; the trial is skipped" in capfd.readouterr().out
    assert main(["record", "--store", str(store.root)]) == 3
    assert f"is of trial '{other}'" in capfd.readouterr().err.replace("\n", " ")


def test_a_worker_trains_no_configuration_of_another_trial(store: Store) -> None:
    _trial_json_of_another(store)
    with pytest.raises(UserError, match=f"is of trial {last(store).name}"):
        read_attempt(first(store).path, 1)
