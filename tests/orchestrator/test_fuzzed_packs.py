"""Fuzzed packs: `unpack` merges, skips or refuses them, and writes nothing outside the store."""

import copy
import hashlib
import json
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from orchestrator.cli import main
from orchestrator.evidence.contents import kind_of
from orchestrator.evidence.pack import pack
from orchestrator.store.layout import Store
from tests.orchestrator.test_evidence import WEIGHTS
from tests.orchestrator.test_evidence import full as full
from tests.orchestrator.test_fuzzed_sweeps import ANYTHING, changed
from tests.support.fuzzing import LASTING, fuzz_for

MANIFEST = "manifest.json"
OUTSIDE = ("../escaped", "/escaped", "trials/../../escaped", "sweeps/a/../../../escaped/plan.json")
INSIDE = ("trials/ab/abcdefabcdef/trial.json", "sweeps/a/plan.json", "figures/a.csv/b.csv", "figures/a.csv")
PATHS = st.sampled_from([*OUTSIDE, *INSIDE, "", ".", f"sweeps/{'a/' * 300}plan.json"])
LINK = 0o120777 << 16


class Entry:
    """A member of an archive: its name, content, method, and attributes."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.content, self.method, self.attributes = name, content, zipfile.ZIP_DEFLATED, 0o644 << 16


@st.composite
def changed_manifest(draw: st.DrawFn, content: bytes) -> bytes:
    """Return a manifest with up to three changes: of any value, of a path, or of the content that a path has."""
    tree = json.loads(content)
    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(["any", "path", "swap", "number"])):
            case "any":
                changed(draw, tree) if tree else None
            case kind if isinstance(tree.get("files"), list) and tree["files"]:
                file, other = (draw(st.sampled_from(tree["files"])) for _ in range(2))
                if isinstance(file, dict) and isinstance(other, dict):
                    file.update(_with(draw, kind, other))
    return draw(st.sampled_from([json.dumps(tree).encode()] * 9 + [content[: len(content) // 2], b"\xff" + content]))


def _with(draw: st.DrawFn, kind: str, other: dict[str, Any]) -> dict[str, Any]:
    if kind == "path":
        return {"path": draw(PATHS)}
    if kind == "swap":
        return {name: copy.deepcopy(other[name]) for name in ("sha256", "size") if name in other}
    return {draw(st.sampled_from(["size", "modified_ns"])): draw(ANYTHING | st.integers())}


@st.composite
def changed_object(draw: st.DrawFn, entries: list[Entry], manifest: dict[str, Any]) -> None:
    """Change a member in place; some changes are made in the manifest as well, as a careful attacker would."""
    entry = draw(st.sampled_from(entries))
    match draw(st.sampled_from(["cut", "honest", "name", "double", "link", "stored", "drop"])):
        case "cut":
            entry.content = entry.content[: draw(st.integers(0, len(entry.content)))]
        case "honest":
            entry.content = draw(st.sampled_from([b"", b"{}", b"null", b"[" * 9999, b"\xff", entry.content * 2]))
            name, digest = entry.name, hashlib.sha256(entry.content).hexdigest()
            entry.name = f"objects/{digest}"
            for file in manifest["files"]:
                if name.endswith(file["sha256"]):
                    file.update(sha256=digest, size=len(entry.content))
        case "name":
            entry.name = draw(PATHS)
        case "double":
            entries.append(entry)
        case "link":
            entry.attributes, entry.content = LINK, b"/escaped"
        case "stored":
            entry.method = zipfile.ZIP_STORED
        case _:
            entries.remove(entry)


@st.composite
def packs(draw: st.DrawFn, whole: bytes, path: Path) -> Path:
    """Write a changed pack and return its path."""
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as archive:
        entries = [Entry(name, archive.read(name)) for name in archive.namelist() if name != MANIFEST]
        manifest = json.loads(archive.read(MANIFEST))
    for _ in range(draw(st.integers(0, 2))):
        if entries:
            draw(changed_object(entries, manifest))
    content = json.dumps(manifest).encode()
    entries.append(Entry(MANIFEST, draw(st.just(content) | changed_manifest(content))))
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for entry in entries:
            info = zipfile.ZipInfo(entry.name)
            info.compress_type, info.external_attr = entry.method, entry.attributes
            archive.writestr(info, entry.content)
    if draw(st.integers(0, 4)) == 0:
        torn = bytearray(path.read_bytes())
        torn[draw(st.integers(0, len(torn) - 1))] ^= draw(st.integers(1, 255))
        path.write_bytes(bytes(torn))
    return path


@LASTING
def test_any_change_of_a_pack_is_merged_skipped_or_refused(
    full: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str], seconds: float
) -> None:
    pack(full, "test", tmp_path / "p.zip", WEIGHTS)
    whole, ground = (tmp_path / "p.zip").read_bytes(), tmp_path / "ground"
    root, folder = ground / "deep" / "store", full.run(next(full.ids())).path.relative_to(full.root)

    def judge(drawn: tuple[Path, str]) -> None:
        path, obstacle = drawn
        shutil.rmtree(ground, ignore_errors=True)
        (root / obstacle).mkdir(parents=True)
        code = main(["unpack", str(path), "--store", str(root)])
        _, err = capfd.readouterr()
        assert code in (0, 2, 3), err
        assert "Traceback" not in err
        assert (code == 2) == ("adasweep: error: " in err), err
        written = [file for file in ground.rglob("*") if not file.is_dir() or file.is_symlink()]
        strange = [file for file in written if not file.is_relative_to(root) or file.is_symlink()]
        assert not strange
        assert all(kind_of(file.relative_to(root).as_posix()) or file.name == "lease.json" for file in written), written
        assert not Path("/escaped").exists()

    obstacles = st.sampled_from(["", "sweeps/test/plan.json", f"{folder}/attempts/001/record.json"])
    fuzz_for(seconds, st.tuples(packs(whole, tmp_path / "changed.zip"), obstacles), judge)
