"""The recorder beside other projects, after deletions in MLflow's UI, in any folder; and what MLflow refuses."""

import errno
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from orchestrator.cli import main
from orchestrator.commands import record as command
from orchestrator.recorders import ingest
from orchestrator.recorders.cursor import Cursor, is_behind, new_points, read_cursor
from orchestrator.recorders.report import Report, without_password
from orchestrator.recorders.tags import tags_by_trial
from orchestrator.recorders.target import default_target, readable_target, require_listener, sqlite_uri
from orchestrator.store.layout import Store
from tests.orchestrator.attempts import new_attempt, new_trial
from tests.orchestrator.test_recorder import empty_database as empty_database
from tests.orchestrator.test_recorder import history, metric, only_run, plan, record, tick, write_record
from tests.orchestrator.test_recorder import run as run
from trainer.errors import ExitCode, UserError
from trainer.files import append_lines
from trainer.record import RunDir, State


def shared(monkeypatch: pytest.MonkeyPatch, empty: Path, path: Path) -> MlflowClient:
    """Record everything in a database with a run of another project."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(empty, path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_uri(path))
    client = MlflowClient(sqlite_uri(path))
    place = client.create_experiment("another-project", artifact_location=path.parent.as_uri())
    client.log_metric(client.create_run(place, run_name="six weeks of work").info.run_id, "loss", 0.5)
    return client


def runs_in(client: MlflowClient, experiment: str) -> list[str]:
    place = client.get_experiment_by_name(experiment)
    return [found.info.run_name for found in client.search_runs([place.experiment_id])] if place else []


@pytest.mark.usefixtures("run")
def test_the_stores_own_database_of_another_version_of_mlflow_is_told_with_the_way_out(
    store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(store.root / "mlflow.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()
    assert main(["record", "--store", str(store.root)]) == ExitCode.USER_ERROR
    told = f"{store.root / 'mlflow.db'} is of another version of MLflow; to rebuild it from the files, run: "
    assert f"{told}adasweep record --rebuild" in capfd.readouterr().err
    assert main(["record", "--rebuild", "--store", str(store.root)]) == 0
    assert main(["record", "--store", str(store.root)]) == 0


@pytest.mark.usefixtures("run")
def test_what_is_recorded_in_part_is_not_called_recorded(
    store: Store, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(uri="u", began=1.0, failed={"0123456789ab": "its name is too long"})
    monkeypatch.setattr(command, "record_once", lambda *_, **__: report)
    assert main(["record", "--store", str(store.root)]) == ExitCode.SOME_FAILED
    told = capfd.readouterr()
    assert told.out.startswith("Recorded in part in sqlite:")
    assert "not recorded: 0123456789ab: its name is too long" in told.err


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("http://me:pa55word@127.0.0.1:1", ExitCode.RUN_AGAIN),
        ("postgresql://me:pa55word@127.0.0.1:1/runs", ExitCode.RUN_AGAIN),
        ("http//://me:pa55word@h", ExitCode.USER_ERROR),
    ],
)
def test_passwords_of_servers_are_neither_printed_nor_kept(
    store: Store, uri: str, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert main(["record", "--store", str(store.root)]) == code
    main(["doctor", "--store", str(store.root)])
    told = "".join(capfd.readouterr())
    assert "me:***@" in told
    kept = [path.read_text(errors="replace") for path in (store.root / "mlflow").rglob("*") if path.is_file()]
    assert not any("pa55word" in text for text in (told, *kept))


@pytest.mark.parametrize("uri", ["http://h:5000", "sqlite:////a@b/c:d@e.db", "http://me@h:80/x", "databricks"])
def test_addresses_without_a_password_are_shown_whole(uri: str) -> None:
    assert without_password(uri) == uri


@pytest.mark.usefixtures("run")
def test_a_rebuild_keeps_tables_that_are_not_mlflows(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(store.root / "mlflow.db")) as database:
        database.execute("CREATE TABLE things (weeks)")
        database.execute("INSERT INTO things VALUES (6)")
        database.commit()
    assert main(["record", "--rebuild", "--store", str(store.root)]) == 0
    (kept,) = store.root.glob("mlflow.db.former-*")
    with closing(sqlite3.connect(kept)) as former:
        assert former.execute("SELECT weeks FROM things").fetchall() == [(6,)]
    assert f"had other tables (things); kept as {kept.name}" in capfd.readouterr().err
    assert main(["record", "--rebuild", "--store", str(store.root)]) == 0
    assert list(store.root.glob("mlflow.db.former-*")) == [kept]


def finished_trial(store: Store, seed: int) -> RunDir:
    run = new_trial(store, seed)
    new_attempt(run)
    write_record(run, State.DONE)
    append_lines(run.ticks, [tick(1.0)])
    append_lines(run.metrics, [metric(1.0, 90.0 + seed)])
    return run


@pytest.mark.usefixtures("run")
def test_a_rebuild_leaves_the_runs_of_another_project_in_the_same_database(
    store: Store, tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shared(monkeypatch, empty_database, tmp_path / "shared.db")
    for option in ("--once", "--rebuild", "--rebuild"):
        assert ingest.main([str(store.root), option]) == 0
        assert runs_in(client, "another-project") == ["six weeks of work"]
        assert runs_in(client, "adasweep") == ["cell0 #0"]


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["--once", "--rebuild"])), min_size=1, max_size=4))
def test_whatever_two_stores_do_to_one_database_each_trial_is_there_once(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    root = tmp_path_factory.mktemp("shared")
    stores = [Store(root / name) for name in ("a", "b")]
    for store in stores:
        finished_trial(store, seed=0)
    with pytest.MonkeyPatch.context() as patched:
        client = shared(patched, empty_database, root / "shared.db")
        for which, option in steps:
            assert ingest.main([str(stores[which].root), option]) == 0
        assert runs_in(client, "another-project") == ["six weeks of work"]
        assert len(runs_in(client, "adasweep")) == len({which for which, _ in steps})


FOREIGN = {
    "a table called experiments": "CREATE TABLE experiments(a int)",
    "another program's migrations": "CREATE TABLE alembic_version(number text); CREATE TABLE studies(study_id int)",
    "runs of something else": "CREATE TABLE experiments(experiment_id int); CREATE TABLE runs(speed real)",
}


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("tables", FOREIGN.values(), ids=FOREIGN)
def test_the_database_of_another_program_is_refused_and_not_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, tables: str
) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as opened:
        opened.executescript(tables)
    before = other.read_bytes()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other}")
    with pytest.raises(UserError, match="is no database of MLflow: it has the tables"):
        default_target(store)
    assert main(["record", "--store", str(store.root)]) == 2
    assert capsys.readouterr().err.count("adasweep: error: ") == 1
    assert other.read_bytes() == before


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("content", [b"", None], ids=["empty", "missing"])
def test_an_empty_file_may_become_a_database_of_mlflow(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    fresh = tmp_path / "fresh.db"
    if content is not None:
        fresh.write_bytes(content)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{fresh}")
    assert ingest.main([str(store.root), "--once"]) == 0
    assert runs_in(MlflowClient(f"sqlite:///{fresh}"), "adasweep") == ["cell0 #0"]


def test_a_file_that_is_no_database_is_refused(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to have a header " * 20)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'notes.txt'}")
    with pytest.raises(UserError, match="cannot be read"):
        default_target(store)


def test_a_rebuild_keeps_what_others_put_into_the_stores_own_database(store: Store, run: RunDir) -> None:
    client = record(store).client
    client.create_run(client.create_experiment("notes"), run_name="by hand")
    assert ingest.main([str(store.root), "--rebuild"]) == 0
    assert runs_in(client, "notes") == ["by hand"]
    assert runs_in(client, "adasweep") == ["cell0 #0"]
    assert not is_behind(store, default_target(store), [run.path.name])


def test_what_another_store_records_into_the_stores_own_database_stays_its_own(
    store: Store, run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Store(tmp_path / "other")
    assert finished_trial(other, seed=0).path.name == run.path.name
    client = record(store).client
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_uri(store.root / "mlflow.db"))
    assert ingest.main([str(other.root), "--once"]) == 0
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (default_target(store).cursors / f"{run.path.name}.json").unlink()
    for option in ("--once", "--rebuild", "--rebuild"):
        assert ingest.main([str(store.root), option]) == 0
        assert sorted(runs_in(client, "adasweep")) == sorted(["cell0 #0", run.path.name])


def test_a_database_that_cannot_be_read_is_set_aside_by_a_rebuild(
    store: Store, run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    (store.root / "mlflow.db").write_bytes(b"no database " * 100)
    assert ingest.main([str(store.root), "--rebuild"]) == 0
    assert "cannot be read" in capsys.readouterr().err
    assert [path.read_bytes()[:11] for path in store.root.glob("mlflow.db.unreadable-*")] == [b"no database"]
    assert not is_behind(store, default_target(store), [run.path.name])


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_what_is_no_file_in_the_place_of_the_database_is_refused_and_set_aside(
    store: Store, run: RunDir, make: Callable[[Path], object]
) -> None:
    (store.root / "mlflow.db").unlink()
    make(store.root / "mlflow.db")
    with pytest.raises(UserError, match=r"mlflow.db: cannot be read \(not a file\); to rebuild it"):
        readable_target(store)
    assert ingest.main([str(store.root), "--rebuild"]) == 0
    assert not is_behind(store, readable_target(store), [run.path.name])


def test_a_link_into_a_folder_that_is_missing_is_refused(store: Store, tmp_path: Path) -> None:
    (store.root / "mlflow.db").unlink(missing_ok=True)
    (store.root / "mlflow.db").symlink_to(tmp_path / "scratch" / "mlflow.db")
    with pytest.raises(UserError, match=r"mlflow.db: is a link into .*scratch, which is no folder; make it, or"):
        default_target(store)
    (tmp_path / "scratch").mkdir()
    assert default_target(store).file == tmp_path / "scratch" / "mlflow.db"


@pytest.mark.parametrize("name", ["report.json", "lease.json", "recorder.log", "{notes}/{trial}.json"])
def test_a_folder_in_the_place_of_a_file_of_the_recorder_is_refused_by_name(
    store: Store, run: RunDir, name: str
) -> None:
    name = name.format(notes=default_target(store).cursors.name, trial=run.path.name)
    (store.root / "mlflow" / name / "something").mkdir(parents=True)
    for find in (default_target, readable_target):
        with pytest.raises(UserError, match=rf"{name}: is a folder where a file of the recorder belongs; remove it"):
            find(store)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.name)])
def test_what_is_no_folder_in_the_place_of_the_recorders_folder_is_refused(
    store: Store, make: Callable[[Path], object]
) -> None:
    make(store.root / "mlflow")
    with pytest.raises(UserError, match=r"mlflow: is not a folder; remove it, or put the folder back"):
        default_target(store)


def _damaged(content: bytes, kind: str) -> bytes:
    middle = len(content) // 2 // 4096 * 4096
    return {
        "cut": content[:20_000],
        "replaced": b"no database " * 100,
        "a damaged page": content[:middle] + b"\xff" * 40_960 + content[middle + 40_960 :],
    }[kind]


@pytest.mark.parametrize("place", ["own", "elsewhere"])
@pytest.mark.parametrize("kind", ["cut", "replaced", "a damaged page"])
def test_a_damaged_database_is_reported_although_all_was_recorded(
    store: Store,
    run: RunDir,
    empty_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    kind: str,
    place: str,
) -> None:
    database = store.root / ("mlflow.db" if place == "own" else "other.db")
    shutil.copy(empty_database, database)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_uri(database))
    record(store)
    assert not is_behind(store, default_target(store), [run.path.name])
    damaged = _damaged(database.read_bytes(), kind)
    database.write_bytes(damaged)
    assert main(["record", "--store", str(store.root)]) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert "cannot be read (" in line
    assert ("adasweep record --rebuild" if place == "own" else "name sqlite:///FILE") in line
    assert not shown.out
    assert database.read_bytes() == damaged


@pytest.mark.parametrize("name", ["mlflow.db", "other.db"])
def test_a_database_that_a_suspended_process_has_locked_refuses_no_run(
    store: Store, empty_database: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    database = store.root / name
    shutil.copy(empty_database, database)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_uri(database))
    with closing(sqlite3.connect(database)) as writing:
        writing.execute("BEGIN EXCLUSIVE")
        assert readable_target(store) == default_target(store)
    assert readable_target(store, thoroughly=True).file == database


@pytest.mark.parametrize(("name", "kind"), [("mlflow.db", "emptied"), ("other.db", "deleted")])
def test_what_is_gone_with_its_database_is_recorded_again(
    store: Store, run: RunDir, empty_database: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    database = store.root / name
    shutil.copy(empty_database, database)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_uri(database))
    record(store)
    database.unlink() if kind == "deleted" else database.write_bytes(b"")
    again = [sys.executable, "-m", "orchestrator", "record", "--store", str(store.root)]
    assert subprocess.run(again, check=False).returncode == 0  # MLflow creates tables once in each process
    assert runs_in(MlflowClient(sqlite_uri(database)), "adasweep") == ["cell0 #0"]
    assert not is_behind(store, default_target(store), [run.path.name])


def test_damage_found_while_recording_is_no_refusal_of_what_was_sent(
    store: Store, run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage = DatabaseError("INSERT", {}, sqlite3.DatabaseError("database disk image is malformed"))

    def insert(*_: object, **__: object) -> None:
        raise MlflowException(str(damage), error_code=BAD_REQUEST) from damage

    monkeypatch.setattr(MlflowClient, "log_batch", insert)
    assert ingest.main([str(store.root), "--once"]) == 1
    assert read_cursor(default_target(store).cursors, run.path.name).refused == {}


def test_a_run_deleted_in_mlflows_pages_is_restored_and_others_are_recorded(store: Store, run: RunDir) -> None:
    ingester = record(store)
    ingester.client.delete_run(only_run(ingester).info.run_id)
    other = finished_trial(store, seed=5)
    assert main(["record", "--store", str(store.root)]) == 0
    found = ingester.client.search_runs([ingester.experiment])
    assert {item.data.tags["trial"] for item in found} == {run.path.name, other.path.name}


@pytest.mark.usefixtures("run")
def test_an_experiment_deleted_in_mlflows_pages_is_restored(store: Store) -> None:
    ingester = record(store)
    ingester.client.delete_experiment(ingester.experiment)
    assert main(["record", "--store", str(store.root)]) == 0
    assert history(record(store), "fid2k-lite0") == [(1000, 90.0), (2000, 50.0)]


@pytest.mark.usefixtures("run")
def test_a_database_that_was_removed_is_made_again(store: Store, empty_database: Path) -> None:
    record(store)
    shutil.copy(empty_database, store.root / "mlflow.db.empty")
    (store.root / "mlflow.db.empty").replace(store.root / "mlflow.db")
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.recorders.ingest", "--once", str(store.root)], check=False
    )
    assert done.returncode == 0
    assert not is_behind(store, default_target(store), list(store.ids()))


@pytest.mark.parametrize("content", [b"[]", b'{"id": "half', b"", b"\xff\xfe"])
def test_a_trial_that_cannot_be_recorded_stops_no_other(
    store: Store, run: RunDir, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    broken, other = finished_trial(store, 6), finished_trial(store, 7)
    broken.trial.write_bytes(content)
    assert main(["record", "--store", str(store.root)]) == 3
    told = capsys.readouterr().err
    assert f"trial {broken.path.name}" in told
    assert str(broken.trial) in told
    assert not is_behind(store, default_target(store), [run.path.name, other.path.name])


def test_what_mlflow_refuses_is_left_out_and_reported(
    store: Store, run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["../up", "a//b", "/root", "./here", "fine"]
    append_lines(run.metrics, [metric(3.0, 1.0) | {"metric": name} for name in names])
    with run.metrics.open("a") as file:
        file.write(
            "[" * 100_000 + "\n" + '{"kimg": ' + "9" * 5000 + "}\n" + '{"kimg": 1, "metric": "fid(2k)", "value": 1}\n'
        )
    append_lines(run.metrics, [metric(5.0, math.nan), metric(6.0, math.inf)])
    (run.samples / "fakes-000009.000.png").write_bytes(b"no picture")
    assert main(["record", "--store", str(store.root)]) == 0
    assert f"trial {run.path.name}: 5 skipped, refused by MLflow: " in capsys.readouterr().out
    refused = read_cursor(default_target(store).cursors, run.path.name).refused
    assert set(refused) == {*(f"metric {name}" for name in names[:4]), "picture fakes-000009.000.png"}
    ingester = record(store)
    assert [step for step, _ in history(ingester, "fid2k-lite0")] == [1000, 2000, 5000]
    assert history(ingester, "fine") == [(3000, 1.0)]


def test_rows_that_have_no_place_in_mlflow_are_skipped(run: RunDir) -> None:
    odd: list[Mapping[str, Any]] = [
        metric(4.0, 2.0) | {"time": 1e300},
        metric(-4.0, 2.0),
        metric(4.0, 2.0) | {"kimg": "4"},
        metric(4.0, 2.0) | {"kimg": math.nan},
        metric(4.0, 2.0) | {"value": 10**400},
        tick(4.0) | {"stats": [1]},
    ]
    append_lines(run.metrics, odd)
    with run.metrics.open("a") as file:
        file.write("[" * 100_000 + "\n" + '{"kimg": ' + "9" * 5000 + "}\n")
    append_lines(run.metrics, [metric(7.0, 3.0)])
    points, _ = new_points(run, Cursor())
    assert [point.step for point in points if point.key == "fid2k-lite0"] == [1000, 2000, 7000]


@pytest.mark.parametrize("name", ["what?x=1", "100%41", "a#b", "two words", "Größe", "a;b&c=d:@'"])
def test_a_store_may_lie_in_a_folder_of_any_name(name: str, tmp_path: Path, empty_database: Path) -> None:
    store = Store(tmp_path / name)
    finished_trial(store, seed=0)
    shutil.copy(empty_database, store.root / "mlflow.db")
    assert main(["record", "--store", str(store.root)]) == 0
    assert history(record(store), "fid2k-lite0") == [(1000, 90.0)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_every_path_survives_its_way_into_a_url(text: str) -> None:
    path = Path("/") / text.replace("\n", " ").strip("/")
    assert make_url(sqlite_uri(path)).database == str(path)


def test_seeds_of_a_cell_have_one_cell_whichever_sweep_asks_for_them(store: Store) -> None:
    first, second, third = (new_trial(store, seed) for seed in range(3))
    plan(store, "zebra", first, second)
    plan(store, "apple", third)
    rename(store, "zebra", "augment=ada", 8.0)
    rename(store, "apple", "baseline", 2.0)
    plan(store, "late", first)
    tags = tags_by_trial(store)
    assert {tags[item.path.name]["cell"] for item in (first, second, third)} == {"baseline"}
    assert tags[first.path.name]["sweep.zebra"] == "augment=ada"
    assert tags[first.path.name]["horizon_kimg"] == "8"


def rename(store: Store, sweep: str, cell: str, horizon: float) -> None:
    document = json.loads(store.plan(sweep).read_text())
    document["cells"] = [entry | {"cell": cell, "horizon_kimg": horizon} for entry in document["cells"]]
    store.plan(sweep).write_text(json.dumps(document))


def test_two_configurations_never_share_a_cell(store: Store) -> None:
    one, other = new_trial(store, 0), new_trial(store, 1)
    config = json.loads(other.trial.read_text())
    config["config"]["batch_size"] = 4096
    other.trial.write_text(json.dumps(config))
    plan(store, "a", one)
    plan(store, "b", other)
    tags = tags_by_trial(store)
    assert tags[one.path.name]["cell"] != tags[other.path.name]["cell"]


@pytest.mark.parametrize(
    "uri",
    ["file:///tmp/runs", "runs", "ftp://host/x", "sqlite:runs.db", "http://[::1", "http://a b", "http://host:99999"],
)
@pytest.mark.parametrize("command", ["record", "run"])
@pytest.mark.usefixtures("run")
def test_a_place_that_mlflow_cannot_record_to_is_reported_at_once(
    command: str,
    uri: str,
    store: Store,
    sweep_file: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    file = [str(sweep_file("sweep: one\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"))]
    before = list(store.ids())
    assert main([command, *(file if command == "run" else []), "--store", str(store.root)]) == 2
    assert "MLFLOW_TRACKING_URI" in capsys.readouterr().err
    assert list(store.ids()) == before


@pytest.mark.usefixtures("run")
def test_a_database_that_could_not_be_made_is_made_by_the_next_recording(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        with closing(sqlite3.connect(store.root / "mlflow.db")) as opened:
            opened.execute("CREATE TABLE experiments(half int)")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("orchestrator.recorders.mlflow.experiment", full)
    assert main(["record", "--store", str(store.root)]) == 75
    monkeypatch.undo()
    assert main(["record", "--store", str(store.root)]) == 0


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2", "mysql+pymysql"])
@pytest.mark.usefixtures("run")
def test_a_database_server_that_is_not_there_is_told_at_once(
    scheme: str, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{scheme}://user@127.0.0.1:1/runs")
    assert main(["record", "--store", str(store.root)]) == 75
    told = capsys.readouterr().err.splitlines()[-1]
    assert "MLflow could not be updated: ConnectionError: no answer from 127.0.0.1:1 (" in told


@pytest.mark.parametrize("uri", ["postgresql:///runs", "mssql+pyodbc://source", "postgresql://a:1,b:2/runs"])
def test_a_database_whose_host_is_not_known_is_left_to_mlflow(uri: str) -> None:
    require_listener(uri)


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("sqlite:///:memory:", "names a database in memory"),
        ("sqlite+pysqlite:///:memory:", "names a database in memory"),
        ("sqlite+pysqlite:///{}/gone/x.db", "gone is no folder; make it"),
        ("sqlite:///{}/not%20there/x.db", "not there is no folder; make it"),
    ],
)
def test_a_database_that_would_not_last_or_has_no_folder_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, uri: str, told: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.format(tmp_path))
    assert main(["record", "--store", str(store.root)]) == 2
    assert told in capsys.readouterr().err


def test_recording_nothing_new_imports_no_mlflow(store: Store, run: RunDir) -> None:
    record(store)
    code = "import sys; from orchestrator.cli import main; sys.exit(main(['record']) or 'mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"ADASWEEP_STORE": str(store.root)}, check=False)
    assert done.returncode == 0
    assert not is_behind(store, default_target(store), [run.path.name])


def test_something_in_the_way_of_the_recorders_lease_is_named(
    store: Store, run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(run, State.DONE)
    (store.root / "mlflow" / "lease.json").mkdir(parents=True)
    assert main(["record", "--store", str(store.root)]) == 2
    told = capsys.readouterr().err
    assert "lease.json: is a folder where a file of the recorder belongs; remove it" in told
    assert "Traceback" not in told
