"""Packs carry evidence from store to store: completely, once, and without overwriting anything newer."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.errors import StoreError
from orchestrator.evidence.archive import open_pack
from orchestrator.evidence.contents import Rule, kind_of
from orchestrator.evidence.manifest import Manifest
from orchestrator.evidence.merge import FileVersion, Merged, merge, merged
from orchestrator.evidence.pack import pack
from orchestrator.evidence.usage import by_kind
from orchestrator.store.layout import Store
from orchestrator.store.lease import acquire
from tests.orchestrator.attempts import new_attempt, new_trial
from trainer.files import append_lines, matching, replace_file
from trainer.record import RunDir, RunRecord, State
from trainer.recording.beyond import set_aside_beyond
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside

WEIGHTS = ("snapshots", "checkpoints")


def checkpoint(run: RunDir, images: int, content: bytes = b"weights") -> Path:
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = run.checkpoints / f"ckpt-{images:09d}-t0001-{digest}.safetensors"
    replace_file(path, content)
    return path


def train(run: RunDir, kimg: float, state: State = State.DONE) -> None:
    """Write the records of a trial up to `kimg`, with rows for every 0.5 kimg since its last state."""
    number = new_attempt(run).attempt
    record = RunRecord(
        attempt=number, state=state, kimg=kimg, horizon_kimg=1.0, started=1.0, updated=2.0, host="h", pid=1
    )
    replace_file(run.record(number), record.model_dump_json())
    for step in range(int(kimg * 2)):
        append_lines(run.ticks, [{"kimg": (step + 1) / 2, "p": 0.1, "attempt": number, "time": 100.0 + step}])
    replace_file(run.samples / "reals.png", b"the same reals")
    replace_file(run.path / "output.log", "not evidence")
    replace_file(run.snapshot(int(kimg * 1000)), b"a snapshot")
    checkpoint(run, int(kimg * 1000))


def plan(store: Store, sweep: str, *seeds: int) -> None:
    runs = [new_trial(store, seed).path.name for seed in seeds]
    cells = [
        {"cell": "c", "axes": [], "training_images": 1, "seed": seed, "trial": trial, "horizon_kimg": 1.0, "name": ""}
        for seed, trial in zip(seeds, runs, strict=True)
    ]
    replace_file(store.plan(sweep), json.dumps({"schema_version": 1, "sweep": sweep, "cells": cells}))


@pytest.fixture
def full(tmp_path: Path) -> Store:
    """A store with a sweep `test` of two trials that are done."""
    store = Store(tmp_path / "full")
    plan(store, "test", 0, 1)
    for seed in (0, 1):
        train(new_trial(store, seed), 1.0)
    return store


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store(tmp_path / "empty")


def files(store: Store) -> dict[str, bytes]:
    """All evidence in a store."""
    paths = (path for path in matching(store.root, "**/*") if os.path.isfile(path))
    named = {path.relative_to(store.root).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if (k := kind_of(name)) and k.name != "lease"}


def unpack(store: Store, path: Path) -> Merged:
    with open_pack(path) as opened:
        return merge(store, opened)


def rewritten(source: Path, target: Path, change: Callable[[dict[str, Any]], None], **entries: bytes) -> Path:
    """Write a pack with a changed manifest, and with changed or additional entries."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        manifest = json.loads(old.read("manifest.json"))
        change(manifest)
        kept = {name: old.read(name) for name in old.namelist() if name != "manifest.json"}
        for name, content in {**kept, **entries, "manifest.json": json.dumps(manifest).encode()}.items():
            new.writestr(name, content)
    return target


def unchanged(_manifest: dict[str, Any]) -> None:
    """Leave a manifest unchanged."""


def test_an_empty_store_gets_all_that_was_packed(full: Store, empty: Store, tmp_path: Path) -> None:
    manifest = pack(full, "test", tmp_path / "p.zip", WEIGHTS)
    done = unpack(empty, tmp_path / "p.zip")
    assert done == Merged(written=len(manifest.files), unchanged=0, in_use=[], blocked=[])
    assert files(empty) == files(full)


def test_a_place_that_a_pack_cannot_take_is_named_with_the_option(full: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be written \(is a directory\); choose another --out"):
        pack(full, "test", tmp_path)


def test_a_pack_replaces_a_pack_and_nothing_else(full: Store, tmp_path: Path) -> None:
    out, other = tmp_path / "p.zip", tmp_path / "sweep.yaml"
    pack(full, "test", out)
    pack(full, "test", out)
    other.write_text("sweep: test")
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as images:
        images.writestr("1.png", "pixels")
    for path in (other, tmp_path / "images.zip"):
        before = path.read_bytes()
        with pytest.raises(StoreError, match="exists already, and is no pack; choose another --out"):
            pack(full, "test", path)
        assert path.read_bytes() == before


def test_weights_and_logs_stay_behind_unless_weights_are_asked_for(full: Store, tmp_path: Path) -> None:
    kinds = {file.kind for file in pack(full, "test", tmp_path / "p.zip").files}
    assert kinds == {"plan", "configuration", "job", "record", "rows", "sample"}
    assert {file.kind for file in pack(full, "test", tmp_path / "p.zip", WEIGHTS).files} - kinds == {
        "snapshot",
        "checkpoint",
    }


def test_of_generated_images_the_last_sheet_alone_can_be_packed(full: Store, tmp_path: Path) -> None:
    folder = next(full.trials.glob("*/*")) / "samples"
    for images in (999_000, 1_000_000_000):
        (folder / f"fakes-{images:09d}.png").write_bytes(b"generated")
    whole = {file.path for file in pack(full, "test", tmp_path / "whole.zip").files}
    small = {file.path for file in pack(full, "test", tmp_path / "small.zip", last_samples=True).files}
    left_out = {Path(path).name for path in whole - small}
    assert "fakes-000999000.png" in left_out
    assert all(name.startswith("fakes-") for name in left_out)
    assert {Path(path).name for path in small if "fakes-" in path} == {"fakes-1000000000.png"}


def test_equal_evidence_makes_equal_packs_and_equal_files_are_kept_once(
    full: Store, empty: Store, tmp_path: Path
) -> None:
    pack(full, "test", tmp_path / "a.zip")
    unpack(empty, tmp_path / "a.zip")
    pack(empty, "test", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert sum(archive.read(name) == b"the same reals" for name in archive.namelist()) == 1


def test_a_file_of_before_1970_is_packed_and_merged(full: Store, empty: Store, tmp_path: Path) -> None:
    old = next(full.root.glob("trials/*/*/trial.json"))
    os.utime(old, ns=(0, -(10**18)))
    pack(full, "test", tmp_path / "pack.zip")
    unpack(empty, tmp_path / "pack.zip")
    assert (empty.root / old.relative_to(full.root)).stat().st_mtime_ns == 0


def test_unpacking_again_changes_nothing(full: Store, empty: Store, tmp_path: Path) -> None:
    pack(full, "test", tmp_path / "p.zip")
    unpack(empty, tmp_path / "p.zip")
    before = {path: path.stat().st_mtime_ns for path in empty.root.rglob("*")}
    assert unpack(empty, tmp_path / "p.zip").written == 0
    assert {path: path.stat().st_mtime_ns for path in empty.root.rglob("*")} == before


def test_a_pack_contains_no_path_of_the_machine(full: Store, tmp_path: Path) -> None:
    run = new_trial(full, 0)
    job = json.loads(run.job(1).read_text())
    job["options"] |= {"data_path": str(full.data / "x.zip"), "cache_dir": "/elsewhere/cache"}
    replace_file(run.job(1), json.dumps(job))
    append_lines(run.events, [{"event": "start", "transfer": str(path)} for path in (run.start, "/elsewhere/my.pkl")])
    pack(full, "test", tmp_path / "p.zip")
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert str(tmp_path).encode() not in content
    assert b"/elsewhere" not in content
    assert b'"data/x.zip"' in content
    assert f'"{run.start.relative_to(full.root)}"'.encode() in content
    assert b'"my.pkl"' in content
    assert unpack(full, tmp_path / "p.zip").written == 0


def test_what_went_further_since_is_not_overwritten(full: Store, empty: Store, tmp_path: Path) -> None:
    run = new_trial(full, 0)
    pack(full, "test", tmp_path / "early.zip")
    append_lines(run.ticks, [{"kimg": 1.5, "p": 0.2, "attempt": 1, "time": 200.0}])
    later = json.loads(run.record(1).read_text()) | {"kimg": 1.5}
    replace_file(run.record(1), json.dumps(later))
    pack(full, "test", tmp_path / "late.zip")
    newest = files(full)
    assert unpack(full, tmp_path / "early.zip").written == 0
    assert files(full) == newest
    for name in ("early", "late", "early"):
        unpack(empty, tmp_path / f"{name}.zip")
    pack(full, "test", tmp_path / "full.zip")
    pack(empty, "test", tmp_path / "empty.zip")
    assert (tmp_path / "full.zip").read_bytes() == (tmp_path / "empty.zip").read_bytes()


def test_packs_of_sweeps_that_share_trials_merge_in_any_order(full: Store, tmp_path: Path) -> None:
    plan(full, "other", 1, 2)
    train(new_trial(full, 2), 0.5)
    for sweep in ("test", "other"):
        pack(full, sweep, tmp_path / f"{sweep}.zip", WEIGHTS)
    for name, order in (("one", ("test", "other")), ("two", ("other", "test"))):
        for sweep in order:
            unpack(Store(tmp_path / name), tmp_path / f"{sweep}.zip")
        assert files(Store(tmp_path / name)) == files(full)


def test_a_trial_that_was_trained_in_both_stores_is_left_as_it_is_and_told(
    full: Store, empty: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack(full, "test", tmp_path / "p.zip")
    run = new_trial(empty, 0)
    train(run, 1.0)
    run.ticks.write_text(run.ticks.read_text().replace("0.1", "0.3"))
    append_lines(run.metrics, [{"kimg": 1.0, "metric": "fid50-lite0", "value": 3.0, "attempt": 1, "time": 90.0}])
    folder = run.path.relative_to(empty.root).as_posix()
    before = files(empty)
    assert unpack(empty, tmp_path / "p.zip").apart == (folder,)
    assert {name: content for name, content in files(empty).items() if name.startswith(folder)} == before
    assert new_trial(empty, 1).ticks.exists()
    assert main(["unpack", str(tmp_path / "p.zip"), "--store", str(empty.root)]) == 3
    assert f"{folder} was trained here and there" in " ".join(capsys.readouterr().err.split())


def test_a_trial_that_was_evaluated_in_both_stores_has_the_numbers_of_both(
    full: Store, empty: Store, tmp_path: Path
) -> None:
    runs = [new_trial(store, 0) for store in (full, empty)]
    train(runs[1], 1.0)
    for number, run in enumerate(runs):
        append_lines(run.metrics, [{"kimg": 1.0, "metric": f"fid{number}", "value": 3.0, "attempt": 2, "time": 90.0}])
    pack(full, "test", tmp_path / "p.zip")
    assert unpack(empty, tmp_path / "p.zip").apart == ()
    assert runs[1].metrics.read_text().count("fid") == 2


def test_rows_of_two_histories_are_kept_in_the_order_of_their_times() -> None:
    rows = [json.dumps({"kimg": kimg, "time": time}).encode() for kimg, time in ((1, 1.0), (2, 5.0), (2, 3.0))]
    here = FileVersion(b"\n".join([rows[0], rows[1], b'{"torn']) + b"\n", 1)
    there = FileVersion(b"\n".join([rows[0], rows[2]]) + b"\n", 2)
    both = b"\n".join([rows[0], rows[2], rows[1]]) + b"\n"
    assert merged(Rule.ROWS, here, there) == merged(Rule.ROWS, there, here) == FileVersion(both, 2)


@pytest.mark.parametrize("time", ["NaN", "1" + "0" * 400, "1e300", "-1", "true", '"x"', "9" * 5000])
def test_rows_with_a_time_that_is_none_are_merged_alike_from_both_sides(time: str) -> None:
    rows = [json.dumps({"kimg": kimg, "time": float(kimg)}).encode() for kimg in (1, 2, 3)]
    odd = b'{"kimg": 4, "time": ' + time.encode() + b"}"
    here, there = (FileVersion(b"\n".join([*some, odd]) + b"\n", 1) for some in ([rows[0], rows[2]], rows[:2]))
    found = merged(Rule.ROWS, here, there)
    assert found == merged(Rule.ROWS, there, here)
    assert found
    assert [line for line in found.content.splitlines() if line != odd] == rows


def test_a_trial_at_work_is_left_alone(full: Store, empty: Store, tmp_path: Path) -> None:
    pack(full, "test", tmp_path / "p.zip")
    run = new_trial(empty, 0)
    lease = acquire(run.path)
    assert unpack(empty, tmp_path / "p.zip").in_use == [run.path.relative_to(empty.root).as_posix()]
    assert not run.ticks.exists()
    assert new_trial(empty, 1).ticks.exists()
    lease.release()
    assert unpack(empty, tmp_path / "p.zip").in_use == []
    assert run.ticks.exists()


def test_a_trial_of_several_attempts_is_merged_with_its_tokens_and_the_next_is_above(
    full: Store, empty: Store, tmp_path: Path
) -> None:
    run = new_trial(full, 0)
    for _ in range(3):
        acquire(run.path).release()
    pack(full, "test", tmp_path / "p.zip", WEIGHTS)
    assert unpack(empty, tmp_path / "p.zip").in_use == []
    assert files(empty) == files(full)
    there = new_trial(empty, 0).path
    assert {path.name for path in (run.path / "leases").iterdir()} <= {p.name for p in (there / "leases").iterdir()}
    assert acquire(there).token == 5


def test_a_token_that_no_store_issues_is_no_evidence() -> None:
    folder = "trials/ab/ab0000000000/leases"
    assert kind_of(f"{folder}/000007.ended")
    assert [kind_of(f"{folder}/{name}") for name in ("999999999999999", "00000\u0667")] == [None, None]


def link_to_too_long_a_name(path: Path) -> None:
    path.symlink_to("x" * 300)


IN_THE_WAY = (
    ("", link_to_too_long_a_name),
    ("", lambda path: path.symlink_to(path)),
    ("trial.json", link_to_too_long_a_name),
    ("metrics.jsonl", link_to_too_long_a_name),
    ("attempts", link_to_too_long_a_name),
    ("trial.json", Path.mkdir),
    ("ticks.jsonl", Path.mkdir),
    ("metrics.jsonl", os.mkfifo),
    ("samples/reals.png", lambda path: path.symlink_to(path)),
    ("attempts", Path.touch),
    ("leases", Path.touch),
)


@pytest.mark.parametrize(("name", "obstruct"), IN_THE_WAY, ids=[name for name, _ in IN_THE_WAY])
def test_a_trial_with_something_in_the_way_is_named_and_all_others_are_merged(
    full: Store,
    empty: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    obstruct: Callable[[Path], object],
) -> None:
    first, other = full.ids()
    append_lines(full.run(first).metrics, [{"kimg": 1.0, "metric": "fid2k", "time": 1.0}])
    pack(full, "test", tmp_path / "p.zip")
    obstacle = empty.run(first).path / name
    obstacle.parent.mkdir(parents=True)
    obstruct(obstacle)
    for command in (["unpack", str(tmp_path / "p.zip")], ["store", "merge", str(full.root), "--yes"]):
        assert main([*command, "--store", str(empty.root)]) == 3
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"skipped {obstacle}")
        assert files(empty)[f"trials/{other[:2]}/{other}/ticks.jsonl"]
    assert {path for path in files(full) if first not in path} <= set(files(empty))


DIES = """
import os, signal, sys
from pathlib import Path
from orchestrator.evidence import archive, merge, pack
from orchestrator.store.layout import Store
import trainer.files
real, left = Path.replace, [int(sys.argv[1])]
def replace(self, target):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, target)
Path.replace = replace
if sys.argv[2] == "pack":
    pack.pack(Store(Path(sys.argv[3])), "test", Path(sys.argv[4]))
else:
    with archive.open_pack(Path(sys.argv[4])) as opened:
        merge.merge(Store(Path(sys.argv[3])), opened)
"""


def killed(*words: str) -> None:
    assert subprocess.run([sys.executable, "-c", DIES, *words], check=False).returncode == -signal.SIGKILL


@pytest.mark.parametrize("writes", ["0", "3", "8"])
def test_killed_and_repeated_unpacking_gives_the_same_store(
    full: Store, empty: Store, tmp_path: Path, writes: str
) -> None:
    pack(full, "test", tmp_path / "p.zip")
    killed(writes, "unpack", str(empty.root), str(tmp_path / "p.zip"))
    unpack(empty, tmp_path / "p.zip")
    whole = Store(tmp_path / "whole")
    unpack(whole, tmp_path / "p.zip")
    assert files(empty) == files(whole)
    assert list(empty.root.rglob("*.tmp")) == []


def test_packing_killed_leaves_the_pack_before_and_again_makes_it_whole(full: Store, tmp_path: Path) -> None:
    out = tmp_path / "p.zip"
    pack(full, "test", out, WEIGHTS)
    before = out.read_bytes()
    killed("0", "pack", str(full.root), str(out))
    assert out.read_bytes() == before
    pack(full, "test", out)
    pack(full, "test", tmp_path / "q.zip")
    assert out.read_bytes() == (tmp_path / "q.zip").read_bytes()
    assert list(tmp_path.glob(".*.tmp")) == []


PATHS = (
    "../outside",
    "/etc/passwd",
    "trials/ab/../../x",
    "code/x.py",
    "trials/ab/ab0000000000/lease.json",
    "trials/cd/ab0000000000/trial.json",
    "sweeps/../../plan.json",
    "figures/.hidden.csv",
    "figures/a\\..\\b.csv",
    "trials/ab/ab0000000000/trial.json\n",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_no_evidence_has_is_refused(full: Store, empty: Store, tmp_path: Path, path: str) -> None:
    pack(full, "test", tmp_path / "p.zip")
    bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", lambda m: m["files"][0].update(path=path))
    with pytest.raises(StoreError, match="not the path of a file of evidence"):
        unpack(empty, bad)
    assert not empty.root.exists()


LONG = (
    f"sweeps/{'a' * 201}/plan.json",
    f"sweeps/{'a/' * 500}plan.json",
    f"trials/ab/ab0000000000/samples/{'x' * 201}.png",
    f"trials/ab/ab0000000000/attempts/{'9' * 201}/record.json",
)


@pytest.mark.parametrize("path", LONG)
def test_a_path_that_no_file_system_takes_is_refused(full: Store, empty: Store, tmp_path: Path, path: str) -> None:
    pack(full, "test", tmp_path / "p.zip")
    bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", lambda m: m["files"][0].update(path=path))
    with pytest.raises(StoreError, match="too long for the path of a file"):
        unpack(empty, bad)
    assert not empty.root.exists()


def test_a_configuration_of_another_trial_is_refused(full: Store, empty: Store, tmp_path: Path) -> None:
    pack(full, "test", tmp_path / "p.zip")

    def moved(manifest: dict[str, Any]) -> None:
        found = next(file for file in manifest["files"] if file["kind"] == "configuration")
        found["path"] = "trials/ab/ab0000000000/trial.json"

    bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", moved)
    with pytest.raises(StoreError, match=r"trials/ab/ab0000000000/trial.json is the configuration of another trial"):
        unpack(empty, bad)
    assert not empty.root.exists()


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_a_pack_that_is_no_file_is_refused_at_once(empty: Store, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "p.zip"
    if kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    with pytest.raises(StoreError, match="is not a file"):
        unpack(empty, place)


def test_a_pack_that_is_cut_off_is_refused(full: Store, empty: Store, tmp_path: Path) -> None:
    whole = tmp_path / "p.zip"
    pack(full, "test", whole)
    content = whole.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        whole.write_bytes(content[:length])
        with pytest.raises(StoreError, match="refused"):
            unpack(empty, whole)
    assert not empty.root.exists()


def test_a_pack_with_another_content_than_its_checksums_is_refused(full: Store, empty: Store, tmp_path: Path) -> None:
    file = pack(full, "test", tmp_path / "p.zip").files[-1]
    entries = {f"objects/{file.sha256}": b"x" * file.size}
    bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", unchanged, **entries)
    with pytest.raises(StoreError, match="does not match the manifest"):
        unpack(empty, bad)
    assert not empty.root.exists()


def test_a_pack_that_would_fill_the_disk_is_refused(full: Store, empty: Store, tmp_path: Path) -> None:
    pack(full, "test", tmp_path / "p.zip")
    zeros = bytes(40 << 20)
    digest = hashlib.sha256(zeros).hexdigest()
    bomb = {"path": "figures/test/x.csv", "kind": "figure", "sha256": digest, "modified_ns": 0}

    def grown(manifest: dict[str, Any]) -> None:
        manifest["files"].append(bomb | {"size": len(zeros)})

    def hidden(manifest: dict[str, Any]) -> None:
        manifest["files"].append(bomb | {"size": 10})

    for change, reason in ((grown, "times its size"), (hidden, "larger than it should be")):
        bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", change, **{f"objects/{digest}": zeros})
        with pytest.raises(StoreError, match=reason):
            unpack(empty, bad)
    assert not empty.root.exists()


def test_links_and_other_entries_beside_the_manifest_are_refused(full: Store, empty: Store, tmp_path: Path) -> None:
    pack(full, "test", tmp_path / "p.zip")
    bad = rewritten(tmp_path / "p.zip", tmp_path / "bad.zip", unchanged, **{"../../link": b"/etc/passwd"})
    with pytest.raises(StoreError, match="not in its manifest"):
        unpack(empty, bad)


def test_a_file_that_is_not_a_pack_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").write_text("no pack")
    for name, problem in (("text", "not a complete ZIP file"), ("missing", "no such pack")):
        assert main(["unpack", str(tmp_path / name), "--store", str(tmp_path / "s")]) == 2
        assert problem in capsys.readouterr().err


def test_the_commands_pack_and_unpack(
    full: Store, empty: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.zip"
    assert main(["pack", "test", "--store", str(full.root), "--out", str(out), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (reported["trials"], reported["bytes"]) == (2, out.stat().st_size)
    assert main(["unpack", str(out), "--store", str(empty.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == reported["files"]
    with zipfile.ZipFile(out) as archive:
        assert Manifest.model_validate_json(archive.read("manifest.json")).sweep == "test"


def test_pruning_lists_what_can_go_and_removes_it_on_request(full: Store, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_trial(full, 0)
    older = checkpoint(run, 500, b"older")
    damaged = run.checkpoints / f"ckpt-000002000-t0001-{'0' * 16}.safetensors"
    replace_file(damaged, b"damaged")
    words = ["store", "prune", "--store", str(full.root), "--json"]
    assert main(words) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file["path"] for file in files] == [older.relative_to(full.root).as_posix()]
    assert older.exists()
    assert main([*words, "--yes"]) == 0
    assert not older.exists()
    assert len(list(run.checkpoints.iterdir())) == 2


@pytest.mark.parametrize("spoil", [Path.mkdir, lambda path: path.symlink_to("nowhere"), os.mkfifo])
def test_pruning_skips_what_is_no_file(
    full: Store, spoil: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    run, other = new_trial(full, 0), new_trial(full, 1)
    for path in (*run.path.glob("snapshots/snapshot-*"), *run.checkpoints.glob("ckpt-*")):
        path.unlink()
        spoil(path)
    assert main(["store", "prune", "--checkpoints", "--snapshots", "--yes", "--json", "--store", str(full.root)]) == 0
    printed = capsys.readouterr().out
    assert other.path.name in printed
    assert run.path.name not in printed


def test_pruning_leaves_unfinished_and_running_trials_what_they_need(
    full: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting, running = new_trial(full, 2), new_trial(full, 3)
    train(waiting, 0.5, State.PREEMPTED)
    train(running, 0.5, State.RUNNING)
    checkpoint(running, 100, b"older")
    lease = acquire(running.path)
    words = ["store", "prune", "--checkpoints", "--snapshots", "--yes", "--store", str(full.root)]
    assert main(words) == 0
    lease.release()
    for run, checkpoints in ((waiting, 1), (running, 2)):
        assert len(list(run.checkpoints.iterdir())) == checkpoints
        assert len(run.kept_snapshots()) == 1
    done = new_trial(full, 0)
    assert list(done.checkpoints.iterdir()) == []
    assert done.kept_snapshots() == []
    assert done.ticks.exists()
    capsys.readouterr()


def test_pruning_keeps_the_snapshots_that_planned_trials_start_from(
    full: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    source = new_trial(full, 0)
    kept = source.snapshot(source.kept_snapshots()[0])
    document = json.loads(full.plan("test").read_text())
    start = {"trial": source.path.name, "kimg": source.kept_snapshots()[0] / 1000}
    document["cells"].append({**document["cells"][0], "cell": "d", "trial": "0123456789ab", "start": start})
    replace_file(full.plan("test"), json.dumps(document))
    words = ["store", "prune", "--snapshots", "--yes", "--store", str(full.root)]
    assert main(words) == 0
    assert kept.exists()
    replace_file(full.run("0123456789ab").start, "weights")
    assert main(words) == 0
    assert not kept.exists()
    capsys.readouterr()


def test_merging_stores_lists_changes_before_it_merges(
    full: Store, empty: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["store", "merge", str(full.root), "--store", str(empty.root), "--json"]
    assert main(words) == 0
    promised = json.loads(capsys.readouterr().out)
    assert not empty.root.exists()
    assert main([*words, "--yes"]) == 0
    assert json.loads(capsys.readouterr().out) == promised
    assert files(empty) == files(full)


def test_listing_and_disk_count_what_is_there(full: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "list", "--store", str(full.root), "--json"]) == 0
    (sweep,) = json.loads(capsys.readouterr().out)["sweeps"]
    assert (sweep["sweep"], sweep["trials"]) == ("test", 2)
    assert main(["store", "disk", "--store", str(full.root), "--json"]) == 0
    sizes = json.loads(capsys.readouterr().out)["bytes"]
    assert sum(sizes.values()) == sum(path.stat().st_size for path in full.root.rglob("*") if path.is_file())
    assert sizes["sample"] == 2 * len(b"the same reals")


def test_a_link_to_a_name_that_no_file_can_have_uses_no_disk(full: Store) -> None:
    before = by_kind(full)
    (full.root / "link").symlink_to("x" * 300)
    assert by_kind(full) == before


def test_a_plan_that_cannot_be_read_hides_no_other_sweep_and_nothing_is_removed(
    full: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = full.plan("other")
    replace_file(spoilt, "{")
    assert main(["store", "list", "--store", str(full.root), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [sweep["sweep"] for sweep in listed["sweeps"]] == ["test"]
    assert f"{spoilt}: not readable as a plan" in listed["unreadable"][0]
    assert main(["store", "prune", "--yes", "--snapshots", "--store", str(full.root)]) == 2
    assert f"{spoilt}: not readable as a plan" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["plan.json", "/gone/plan.json"])
def test_a_plan_that_is_a_link_leading_nowhere_stops_the_removal_of_snapshots(
    full: Store, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    spoilt = full.plan("other")
    spoilt.parent.mkdir()
    spoilt.symlink_to(target)
    assert main(["store", "prune", "--yes", "--snapshots", "--store", str(full.root)]) == 2
    assert f"{spoilt}: not readable as a plan" in capsys.readouterr().err


def start_over(store: Store, kimg: float) -> RunDir:
    """Let trial 0 of a store start over and train to `kimg`."""
    run = new_trial(store, 0)
    set_aside(run, 2, Fence(run.lease, 2))
    train(run, kimg, State.PREEMPTED)
    return run


@pytest.mark.parametrize("kimg", [0.0, 0.5])
@pytest.mark.parametrize("way", ["old into new", "new into old"])
def test_of_a_trial_that_started_over_no_two_trainings_are_merged(
    full: Store, empty: Store, tmp_path: Path, kimg: float, way: str
) -> None:
    train(new_trial(empty, 0), 1.0)
    anew = start_over(full, kimg)
    source, target = (empty, full) if way == "old into new" else (full, empty)
    plan(source, "test", 0)
    pack(source, "test", tmp_path / "p.zip")
    before = files(target)
    folder = anew.path.relative_to(full.root).as_posix()
    assert unpack(target, tmp_path / "p.zip").apart == (folder,)
    assert {name: content for name, content in files(target).items() if name.startswith(folder)} == {
        name: content for name, content in before.items() if name.startswith(folder)
    }


def test_a_pack_has_the_rows_of_abandoned_trainings_apart(full: Store, empty: Store, tmp_path: Path) -> None:
    run = start_over(full, 0.5)
    pack(full, "test", tmp_path / "p.zip")
    unpack(empty, tmp_path / "p.zip")
    there = new_trial(empty, 0)
    (abandoned,) = there.abandoned()
    assert there.ticks.read_bytes() == run.ticks.read_bytes()
    assert abandoned.ticks.read_bytes() == run.abandoned()[0].ticks.read_bytes()
    assert unpack(empty, tmp_path / "p.zip").written == 0


def test_a_pack_has_the_rows_beyond_a_checkpoint_apart(full: Store, empty: Store, tmp_path: Path) -> None:
    run = new_trial(full, 0)
    place = set_aside_beyond(run, 500, 2, Fence(run.lease, 2))
    assert place is not None
    pack(full, "test", tmp_path / "p.zip")
    unpack(empty, tmp_path / "p.zip")
    (beyond,) = new_trial(empty, 0).abandoned()
    assert beyond.path.name == "002.beyond"
    assert beyond.ticks.read_bytes() == (place / "ticks.jsonl").read_bytes()


def test_a_pack_says_what_it_leaves_out_of_abandoned_trainings(
    full: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["pack", "test", "--out", str(tmp_path / "p.zip"), "--store", str(full.root)]
    assert main(command) == 0
    assert "no longer count" not in capsys.readouterr().out
    run = start_over(full, 0.5)
    (run.abandoned()[0].path / "snapshots").mkdir(exist_ok=True)
    kept = run.abandoned()[0].snapshot(1000)
    kept.write_bytes(b"weights")
    assert main([*command, "--json"]) == 0
    assert str(kept) in json.loads(capsys.readouterr().out)["left_out"]
    assert main(command) == 0
    assert "left out of trainings that no longer count: " in capsys.readouterr().out


def test_disk_usage_shows_abandoned_trainings(full: Store) -> None:
    start_over(full, 0.5)
    assert by_kind(full)["files of abandoned trainings"] > 0
