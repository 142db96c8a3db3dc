"""Merging stores: of two versions of a file, one of them damaged, the other is kept, whichever is newer."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from orchestrator.cli import main
from orchestrator.evidence.contents import Rule, kind_of
from orchestrator.evidence.intact import is_intact
from orchestrator.evidence.merge import merge
from orchestrator.evidence.other_store import OtherStore
from orchestrator.store.layout import Store
from orchestrator.store.requests import cancel, retry, stop
from orchestrator.store.sweep_runs import invalid_runs
from tests.orchestrator.attempts import new_trial
from tests.orchestrator.test_evidence import checkpoint, plan, train
from trainer.files import replace_file

Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "cut off": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "emptied": lambda _: b"",
    "other text": lambda content: b"<<<<<<< mine\n" + content,
}
RUN = {"ended": 1, "backend": "local", "attempts": 1, "seconds": 1, "around": 0}
ESTIMATE = {"seconds": 1, "low": 1, "high": 1, "plain": 1, "kind": "k", "made": 1}


def picture(path: Path, suffix: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (64, 64), 7).save(path.with_suffix(suffix))


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Store, Store]:
    """Two equal stores with every kind of file."""
    made = []
    for name in ("ours", "theirs"):
        store = Store(tmp_path / name)
        plan(store, "test", 0)
        run = new_trial(store, 0)
        train(run, 1.0)
        stop(run, "test", "worse")
        cancel(run, "other")
        retry(run)
        checkpoint(run, 500).unlink()
        for path in (run.snapshot(1000), checkpoint(run, 1000), run.start):
            save_file({"w": torch.arange(9.0)}, path)
        picture(run.samples / "reals", ".png")
        run.probe("jacobian", 1000).parent.mkdir()
        np.savez(run.probe("jacobian", 1000), x=np.arange(9))
        figures = store.root / "figures" / "test"
        for suffix in (".png", ".pdf"):
            picture(figures / "fid_curves", suffix)
        replace_file(figures / "fid_curves.csv", "kimg,fid\n1,2\n3,4\n")
        replace_file(figures / "fid_curves.provenance.json", json.dumps({"id": "0" * 16, "figure": "fid_curves"}))
        for stream, row in (("runs", RUN | {"estimate": ESTIMATE}), ("optuna", {"op_code": 0})):
            replace_file(store.plan("test").with_name(f"{stream}.jsonl"), f"{json.dumps(row)}\n" * 3)
        for path in store.root.rglob("*"):
            os.utime(path, (1000, 1000))
        made.append(store)
    return made[0], made[1]


def checked(store: Store) -> list[str]:
    """Return the paths of all evidence that has a form, relative to the store."""
    paths = (path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())
    with_rule = {path: kind.rule for path in paths if (kind := kind_of(path))}
    return sorted(path for path, rule in with_rule.items() if rule is not Rule.ROWS and not path.endswith("/cancel"))


def test_what_was_written_is_intact(stores: tuple[Store, Store]) -> None:
    paths = checked(stores[0])
    assert len(paths) == 18
    assert [path for path in paths if not is_intact(stores[0].root / path)] == []


def test_a_damaged_file_is_packed_as_it_is_and_named(
    stores: tuple[Store, Store], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, _ = stores
    spoilt = store.root / "figures" / "test" / "fid_curves.png"
    spoilt.write_bytes(spoilt.read_bytes()[:20])
    words = [
        "pack",
        "test",
        "--snapshots",
        "--checkpoints",
        "--out",
        str(tmp_path / "p.zip"),
        "--store",
        str(store.root),
    ]
    assert main(words) == 0
    assert capsys.readouterr().err == f"warning: {spoilt} is damaged, and packed as it is\n"
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["damaged"] == [str(spoilt)]


def test_a_table_with_a_stray_quote_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "curves.csv"
    assert is_intact(path, b'kimg,name\n1,"two\nlines"\n')
    assert is_intact(path, "kimg,name\n1,a\u2028b\n".encode())
    assert not is_intact(path, b'kimg,name\n1,"' + b"x" * 200_000 + b"\n")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_the_undamaged_version_is_kept_whichever_is_newer(stores: tuple[Store, Store], damage: str, side: str) -> None:
    ours, theirs = stores
    whole = {path: (ours.root / path).read_bytes() for path in checked(ours)}
    for newer in (500, 2000):
        for path, content in whole.items():
            for store in stores:
                replace_file(store.root / path, content)
                os.utime(store.root / path, (1000, 1000))
            spoilt = (ours if side == "ours" else theirs).root / path
            replace_file(spoilt, DAMAGES[damage](content))
            os.utime(spoilt, (newer, newer))
        merge(ours, OtherStore(theirs.root))
        assert [path for path, content in whole.items() if (ours.root / path).read_bytes() != content] == []
    assert invalid_runs(ours, "test") == []
