"""Whatever is in the files of one trial, every command ends properly and reports what it skips."""

import json
import math
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from analysis.__main__ import main as analysis
from orchestrator.cli import main
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.doctor.checks import unreadable_files
from orchestrator.plan.plan_document import write_plan
from orchestrator.recorders.tags import tags_by_trial
from orchestrator.store.invalid_files import invalid_files
from orchestrator.store.layout import Store
from orchestrator.store.observe import observe_run
from tests.support.fuzzing import LASTING, fuzz_for
from tests.support.tiny_sweep import write_data_set
from trainer.config.job import Job
from trainer.config.options import RunOptions
from trainer.files import append_lines, replace_file
from trainer.record import RunDir, RunRecord, State

SWEEP = """\
sweep: two
base: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}
seeds: [0, 1]
horizon_kimg: 1
metrics: [fid2k]
"""
METRIC: dict[str, Any] = {
    **{"attempt": 1, "identity": "x", "kimg": 0.4, "metric": "fid2k-lite0", "value": 5.0},
    **{"time": 1.7e9, "seed": 0, "seconds": 1.0},
}
TICK: dict[str, Any] = {
    **{"attempt": 1, "kimg": 0.4, "time": 1.7e9, "p": 0.0, "r_t": 0.1, "stats": {"Loss/G": 1.0}},
    **{"images_per_second": 50.0, "memory_gib": 1.0},
}
DIGITS, BRACKETS = b"9" * 5000, b"[" * 100_000
RECORD = "attempts/001/record.json"
DOCUMENTS = (RECORD, "attempts/001/job.json", "trial.json", "lease.json", "retry.json", "stops/two.json")
NOT_JSON = (b"\xff\xfe\xfd\n", b"\0" * 4096, BRACKETS, DIGITS, b"5", b"[]", b"null", b'"', b'{"a": }')


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a sweep of two trials that are done."""
    root = tmp_path_factory.mktemp("whole")
    write_data_set(root / "store" / "data" / "tiny.zip")
    file, store = root / "two.yaml", Store(root / "store")
    file.write_text(SWEEP)
    plan = plan_sweep(store, Request(file))
    write_plan(store, plan)
    for trial in plan.trials:
        store.create_trial(trial)
        finish(store.run(trial.id))
    return root


def finish(run: RunDir) -> None:
    options = RunOptions(horizon_kimg=1, data_path=Path("d"), cache_dir=Path("c"), metrics=("fid2k",))
    replace_file(run.job(1), Job(attempt=1, token=1, options=options, sweep="two").model_dump_json())
    base = {"attempt": 1, "state": State.DONE, "kimg": 1, "horizon_kimg": 1, "started": 1, "updated": 9, "host": "h"}
    replace_file(run.record(1), RunRecord.model_validate({**base, "pid": 7, "exit_code": 0}).model_dump_json())
    append_lines(run.metrics, [METRIC | {"kimg": 0.5, "value": 9.0}, METRIC | {"kimg": 1.0, "value": 7.0}])
    append_lines(run.ticks, [TICK | {"kimg": 0.5}, TICK | {"kimg": 1.0}])


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Store:
    shutil.copytree(whole / "store", tmp_path / "store")
    return Store(tmp_path / "store")


def first(store: Store) -> RunDir:
    return store.run(next(store.ids()))


def place(store: Store, name: str) -> Path:
    path = first(store).path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


SEEN_FIRST = ("status", "why TRIAL", "why OTHER", "table two")
LOOKED_UP = (*SEEN_FIRST, "status --json", "logs TRIAL", "store list", "plan FILE", "plan two", "status two")
EVERY = (*LOOKED_UP, "why TRIAL --json", "collect", "energy two", "claims two", "store prune --snapshots", "store disk")
THEIRS = ("collect", "table", "energy", "claims")


def endings(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str], commands: tuple[str, ...] = EVERY
) -> dict[str, str]:
    """Run read-only commands and return their output. None of them may crash or print an escape sequence."""
    trial, other = list(store.ids())
    named = {"TRIAL": trial, "OTHER": other, "FILE": str(whole / "two.yaml")}
    printed = {}
    for command in commands:
        words = " ".join(named.get(word, word) for word in command.split())
        program = analysis if words.startswith(THEIRS) else main
        code = program([*words.split(), "--store", str(store.root)])
        out, err = capfd.readouterr()
        assert code in (0, 2, 3), f"{words}: {code} {out} {err}"
        assert "Traceback" not in err, f"{words}: {err}"
        assert not set(map(chr, range(32))) - {"\n", "\t"} & set(out + err), words
        printed[command] = out + err
    return printed


def other_is_seen(store: Store, printed: dict[str, str]) -> bool:
    """Return whether the trial beside the corrupt one is unchanged."""
    other = list(store.ids())[1]
    reported = observe_run(store.run(other), None, 4e9)
    return (reported.state, reported.kimg) == (State.DONE, 1.0) and "done at 1 kimg" in printed["why OTHER"]


def odd(key: str, *values: Any) -> list[tuple[str, Any]]:
    return [(key, value) for value in values]


ODD_METRICS: list[tuple[str, Any]] = [
    *odd("kimg", "abc", None, math.nan, math.inf, -5, 1e300, True, [], 10**400),
    *[
        ("metric", value)
        for value in (["x"], None, "", "<script>alert(1)</script>", "f" * 400, "fid\x1b[31m", "\ud800")
    ],
    *odd("value", "x", None, [1], True, {}, 10**400, math.inf, -math.inf),
    *odd("seed", {}, -1, 1.5, "0"),
    *odd("time", "x", 1e300, -1, math.nan),
    *odd("attempt", [1], 1e300, "1", -1),
    *[("identity", [1]), ("identity", "\u202e"), ("basis", {}), ("reference", "x" * 999)],
]
ODD_TICKS: list[tuple[str, Any]] = [
    *[("kimg", "a"), ("attempt", [1]), ("time", "x"), ("nan_gradients", 0.5), ("nan_gradients", -1)],
    *odd("stats", [1], {"<img src=x>": 1.0}, {"a": "b"}, 5, {"a": {}}, {"": 1.0}),
    *[("images_per_second", "x"), ("p", {}), ("memory_gib", []), ("energy_joules", True), ("r_t", 10**400)],
]


def malformed(row: dict[str, Any], key: str, value: Any) -> bytes:
    return json.dumps(row | {key: value}).encode()


ODD_LINES = {
    "a number of 5,000 digits": b'{"kimg": ' + DIGITS + b', "metric": "fid2k-lite0", "value": 1, "time": 1}',
    "100,000 brackets": BRACKETS,
    "no UTF-8": b"\xff\xfe\xfd",
    "NUL bytes": b"\0" * 4096,
    "a number": b"5",
    "a torn line": b'{"kimg": 0.4, "me',
    "a row without kimg": b'{"metric": "fid2k-lite0", "time": 1}',
}
ROWS: dict[str, tuple[str, bytes]] = {
    **{
        f"metrics: {key} is {value!r:.40}": ("metrics", json.dumps(METRIC | {key: value}).encode())
        for key, value in ODD_METRICS
    },
    **{
        f"ticks: {key} is {value!r:.40}": ("ticks", json.dumps(TICK | {key: value}).encode())
        for key, value in ODD_TICKS
    },
    **{f"{file}: {name}": (file, line) for name, line in ODD_LINES.items() for file in ("metrics", "ticks", "events")},
}


@pytest.mark.parametrize("name", ROWS)
def test_a_corrupt_row_is_skipped_and_reported_with_its_line(store: Store, name: str) -> None:
    file, line = ROWS[name]
    path = first(store).path / f"{file}.jsonl"
    count = path.read_bytes().count(b"\n") if path.exists() else 0
    before = observe_run(first(store), None, 4e9)
    with path.open("ab") as stream:
        stream.write(line + b"\n")
    assert [(one.path, one.line) for one in invalid_files(store, first(store).path.name)] == [(path, count + 1)]
    assert observe_run(first(store), None, 4e9) == before


def test_all_commands_skip_all_corrupt_rows(store: Store, whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for file, line in ROWS.values():
        with (first(store).path / f"{file}.jsonl").open("ab") as stream:
            stream.write(line + b"\n")
    printed = endings(store, whole, capfd)
    assert other_is_seen(store, printed)
    for command in ("status", "why TRIAL"):
        assert "metrics.jsonl:3: kimg is not a number" in printed[command].replace("\n", "")
    assert "7.00" in printed["table two"]
    assert len(list(unreadable_files(store))) == 21


def test_malformed_histograms_are_listed_by_doctor(store: Store) -> None:
    path = first(store).path / "logits.jsonl"
    whole = {"kimg": 0.5, "bins": [-1, 0, 1], "train": [1, 3], "generated": [3, 1], "validation": None}
    path.write_text("".join(f"{json.dumps(row)}\n" for row in (whole, whole | {"bins": None}, whole | {"train": [1]})))
    assert [finding.detail for finding in unreadable_files(store)] == [
        f"{path}:2: bins are no rising numbers",
        f"{path}:3: train is no list of a count per bin",
    ]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"[1]\n", 1, "Input should be an object"),
        (b'\n{"ended": 1}\n', 2, "backend: Field required"),
        (b"\xff\n", 1, "not JSON"),
        (BRACKETS, 1, "not JSON"),
        (None, 0, "cannot be read (not a regular file)"),
    ],
)
def test_times_of_runs_that_cannot_be_read_are_reported(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str], content: bytes | None, line: int, why: str
) -> None:
    path = store.plan("two").with_name("runs.jsonl")
    path.write_bytes(content) if content is not None else path.mkdir()
    told = f"{path}:{line}: {why}" if line else f"{path}: {why}"
    assert [finding.detail for finding in unreadable_files(store)] == [told]
    printed = endings(store, whole, capfd, ("status two", "status --json", "plan FILE"))
    assert f"skipped: {told}" in printed["status two"]
    assert told in json.loads(printed["status --json"])["sweeps"][0]["passed_over"]


@pytest.mark.parametrize(("content", "why"), [(b"", "not JSON"), (b'{"cpus": 1}', "seconds_per_kimg: Field required")])
def test_a_benchmark_that_cannot_be_read_is_listed_by_doctor(store: Store, content: bytes, why: str) -> None:
    path = store.benchmarks / socket.gethostname() / "0123456789ab.json"
    replace_file(path, content)
    assert [finding.detail for finding in unreadable_files(store)] == [f"{path}: {why}"]


KINDS = ["empty", "corrupt", "a folder", "a pipe", "gone", "a link to itself", "a link to too long a name"]


def spoil(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    make: dict[str, Callable[[], object]] = {
        "empty": path.touch,
        "corrupt": lambda: path.write_bytes(BRACKETS),
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "gone": lambda: None,
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to too long a name": lambda: path.symlink_to("x" * 300),
    }
    make[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_corrupt_files_stop_no_command_and_no_other_trial(
    store: Store, whole: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in DOCUMENTS:
        spoil(place(store, name), kind)
    printed = endings(store, whole, capfd)
    assert other_is_seen(store, printed)
    for name in DOCUMENTS if kind != "gone" else ["trial.json"]:
        assert f"{name}: " in printed["status"].replace("\n", "")
        assert f"{name}: " in printed["why TRIAL"].replace("\n", "")
    assert len(tags_by_trial(store)) == 2


@pytest.mark.parametrize("target", ["itself", "x" * 300], ids=["itself", "too long a name"])
@pytest.mark.parametrize("name", ["leases", "attempts", "samples", "stops", "checkpoints", "snapshots", "probes"])
def test_a_folder_that_links_nowhere_stops_no_command_and_no_other_trial(
    store: Store, whole: Path, name: str, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = first(store).path / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.symlink_to(target.replace("itself", folder.name))
    assert other_is_seen(store, endings(store, whole, capfd))


@pytest.mark.parametrize("kind", KINDS)
def test_a_corrupt_plan_stops_no_other_sweep(
    store: Store, whole: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(store.plan("two").parent, store.plan("other").parent)
    store.plan("other").with_name("runs.jsonl").touch()
    spoil(store.plan("other"), kind)
    printed = endings(store, whole, capfd)
    assert "2 done" in printed["status"]
    assert "done at 1 kimg" in printed["why TRIAL"]
    assert "other/plan.json: " in printed["status"].replace("\n", "")


def test_a_file_in_the_place_of_the_folder_of_a_sweep_is_named(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (store.root / "sweeps" / "other").touch()
    printed = endings(store, whole, capfd, ("status",))
    assert "skipped:" in printed["status"]
    assert "sweeps/other: is not a folder; remove it and run" in printed["status"].replace("\n", "")


ODD_RECORDS: dict[str, dict[str, Any]] = {
    "of a later version": {"schema_version": 9, "new": 1},
    "before the beginning": {"kimg": -1},
    "of text": {"kimg": "one"},
    "beyond all time": {"updated": 1e300},
    "of no process": {"pid": 10**30},
    "of an unknown state": {"state": "asleep"},
    "of a list": {"message": [1]},
}


@pytest.mark.parametrize("name", ODD_RECORDS)
def test_a_record_that_does_not_fit_is_skipped(store: Store, name: str) -> None:
    record = json.loads(first(store).record(1).read_text())
    first(store).record(1).write_text(json.dumps(record | ODD_RECORDS[name]))
    assert [one.path for one in invalid_files(store, first(store).path.name)] == [first(store).record(1)]
    assert observe_run(first(store), None, 4e9).state is State.LOST


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("folder", "attempts/00²"), ("file", "attempts/002"), ("file", "leases/00000²"), ("file", "snapshots"),
        ("folder", "metrics.jsonl"), ("pipe", "ticks.jsonl"), ("file", "attempts"), ("folder", "samples/x.png"),
        ("file", "stops"), ("file", "leases"), ("folder", "attempts/001/cancel"),
        ("file", "snapshots/snapshot-\u0661\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660.safetensors"),
        ("folder", "attempts/99999999999999999999"), ("pipe", "attempts/001/output.log"),
    ],
)  # fmt: skip
def test_names_that_are_not_ours_stop_no_command(
    store: Store, whole: Path, kind: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = first(store).path / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    make: dict[str, Callable[[], object]] = {"folder": path.mkdir, "file": path.touch, "pipe": lambda: os.mkfifo(path)}
    make[kind]()
    assert other_is_seen(store, endings(store, whole, capfd))


def test_text_of_others_is_shown_with_its_control_characters_written_out(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = first(store)
    record = json.loads(run.record(1).read_text())
    odd = {
        "state": "failed",
        "host": "\x1b[31mred\u202e",
        "message": "<b>\x1b]0;title\x07\rboo\nline [red]two[/red]\x9b",
    }
    run.record(1).write_text(json.dumps(record | odd))
    run.log(1).write_bytes(b"\x1b[2J\x07 \xff\x00 gone\r\n[bold]kept[/bold]")
    printed = endings(store, whole, capfd)
    assert "\\x1b[31mred\\u202e" in printed["why TRIAL"].replace("\n", "")
    assert "\\x1b[2J" in printed["logs TRIAL"]
    assert "[bold]kept[/bold]" in printed["logs TRIAL"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
LINES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(list(METRIC)), JSON, max_size=4).map(lambda odd: json.dumps(METRIC | odd).encode()),
    st.dictionaries(st.sampled_from(list(TICK)), JSON, max_size=4).map(lambda odd: json.dumps(TICK | odd).encode()),
)
FIELDS = st.dictionaries(st.sampled_from(list(RunRecord.model_fields)), JSON, max_size=4)


DAMAGE = st.tuples(st.lists(LINES, max_size=8), FIELDS | st.binary(max_size=40), st.sampled_from(DOCUMENTS))


@LASTING
def test_no_store_is_too_corrupt_for_a_command(
    store: Store, whole: Path, capfd: pytest.CaptureFixture[str], seconds: float
) -> None:
    def judge(damage: tuple[list[bytes], Any, str]) -> None:
        corrupt(store, whole, *damage)
        assert other_is_seen(store, endings(store, whole, capfd, SEEN_FIRST))

    fuzz_for(seconds, DAMAGE, judge)


def corrupt(store: Store, whole: Path, lines: list[bytes], record: Any, name: str) -> None:
    """Append lines to the rows of a trial made new, and replace one of its documents."""
    run = first(store)
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.copytree(whole / "store" / run.path.relative_to(store.root), run.path)
    for path in (run.metrics, run.ticks, run.events):
        with path.open("ab") as stream:
            stream.write(b"\n".join(lines))
    is_document = isinstance(record, dict) and name == RECORD
    content = json.dumps(json.loads(run.record(1).read_text()) | record).encode() if is_document else record
    place(store, name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
