"""Writes packs: ZIP files with a manifest and objects named by their SHA-256. Equal evidence gives equal bytes."""

import hashlib
import json
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

from orchestrator.errors import StoreError
from orchestrator.evidence.archive import require_replaceable
from orchestrator.evidence.contents import Kind, evidence_in, without_earlier_sheets
from orchestrator.evidence.intact import is_intact
from orchestrator.evidence.manifest import LATEST, NAME, Manifest, PackedFile
from orchestrator.plan.plan_file import read_plan
from orchestrator.store.layout import Store, require_readable, require_readable_folders, writing
from trainer.files import parsed_json, remove_abandoned, replacing

EPOCH = (1980, 1, 1, 0, 0, 0)
PATHS_IN_JOB, PATH_IN_ROW = ("data_path", "cache_dir", "transfer_path"), "transfer"


def pack(
    store: Store,
    sweep: str,
    out: Path,
    weights: Collection[str] = (),
    *,
    last_samples: bool = False,
    damaged: list[Path] | None = None,
) -> Manifest:
    """Write the evidence of a sweep to `out`, atomically, and return its manifest.

    `weights` are the kinds of weights to include: "snapshots", "checkpoints". With `last_samples`, only the last
    sheet of generated images of each trial is included. Files that are not as they were written are included, too, and
    added to `damaged`. Raises StoreError, also where `out` is a file that is no pack.
    """
    require_replaceable(out)
    files = evidence_in(store.root, folders_of(store, sweep))
    chosen = without_earlier_sheets(files) if last_samples else files
    with writing(out, "choose another --out"), replacing(out) as temporary:
        remove_abandoned(out.parent)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            spoilt = [] if damaged is None else damaged
            manifest = Manifest(sweep=sweep, files=tuple(_written(archive, store, chosen, weights, spoilt)))
            _add(archive, NAME, manifest.model_dump_json(indent=1).encode())
    return manifest


def read_evidence(root: Path, path: str, kind: Kind) -> tuple[PackedFile, bytes]:
    """Return a file of the store at `root` as it goes into a pack. Raises OSError."""
    content, modified = (root / path).read_bytes(), min(max((root / path).stat().st_mtime_ns, 0), LATEST)
    if kind.name == "rows":
        content = content[: content.rfind(b"\n") + 1]
    content = without_root(kind, content, root)
    digest = hashlib.sha256(content).hexdigest()
    return PackedFile(path=path, kind=kind.name, sha256=digest, size=len(content), modified_ns=modified), content


def without_root(kind: Kind, content: bytes, root: Path) -> bytes:
    """Return a file's content with paths relative to the store, so that a pack reveals nothing about the machine."""
    edit = WITHOUT_ROOT.get(kind.name)
    return edit(content, root.resolve()) if edit else content


def folders_of(store: Store, sweep: str) -> list[Path]:
    """Return the folders with the evidence of a sweep. Raises UserError if it was not run here or may not be read."""
    trials = [store.run(trial) for trial in read_plan(store, sweep).trials]
    beside = [store.plan(sweep).parent, store.root / "figures" / sweep]
    require_readable_folders(beside)
    for run in trials:
        require_readable(run)
    return [*beside, *(run.path for run in trials)]


def _written(
    archive: zipfile.ZipFile,
    store: Store,
    files: Iterable[tuple[str, Kind]],
    weights: Collection[str],
    damaged: list[Path],
) -> Iterator[PackedFile]:
    seen: set[str] = set()
    for path, kind in files:
        if kind.option and kind.option not in weights:
            continue
        try:
            file, content = read_evidence(store.root, path, kind)
        except FileNotFoundError:
            continue  # a running trial has just replaced it with a newer one
        except OSError as error:
            raise StoreError(store.root / path, f"cannot be read ({error.strerror})") from None
        if not is_intact(store.root / path, content):
            damaged.append(store.root / path)
        if file.sha256 not in seen:
            _add(archive, f"objects/{file.sha256}", content)
        seen.add(file.sha256)
        yield file


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(info, content, compresslevel=9)


def _job_without_root(content: bytes, root: Path) -> bytes:
    try:
        job = parsed_json(content)
        options = dict(job["options"])
    except (ValueError, KeyError, TypeError):
        return content
    absolute = {key: Path(value) for key in PATHS_IN_JOB if _is_absolute(value := options.get(key))}
    if not absolute:
        return content
    options |= {key: _relative(root, path) for key, path in absolute.items()}
    return json.dumps({**job, "options": options}, indent=1).encode()


def _plan_without_root(content: bytes, _root: Path) -> bytes:
    """Return a plan without the path of its file from this store."""
    try:
        plan = parsed_json(content)
        del plan["file_from_store"]
    except (ValueError, KeyError, TypeError):
        return content
    return json.dumps(plan, indent=1, ensure_ascii=False).encode()


def _rows_without_root(content: bytes, root: Path) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join(_row_without_root(line, root) if PATH_IN_ROW.encode() in line else line for line in lines)


def _row_without_root(line: bytes, root: Path) -> bytes:
    try:
        row = parsed_json(line)
    except ValueError:
        return line
    if not isinstance(row, dict) or not _is_absolute(path := row.get(PATH_IN_ROW)):
        return line
    return json.dumps({**row, PATH_IN_ROW: _relative(root, Path(path))}, sort_keys=True).encode()


def _is_absolute(path: Any) -> TypeGuard[str]:
    return isinstance(path, str) and Path(path).is_absolute()


def _relative(root: Path, path: Path) -> str:
    """Return a path in the store relative to it, and of any other path only its name."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


WITHOUT_ROOT = {"job": _job_without_root, "plan": _plan_without_root, "rows": _rows_without_root}
