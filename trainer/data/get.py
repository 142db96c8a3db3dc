"""Create a named data set as DATA_DIR/<name>.zip. Nothing else downloads anything."""

import difflib
import tempfile
from pathlib import Path

from trainer.config.dataset.describe import describe
from trainer.data.cache import DecodeProgress
from trainer.data.convert import convert
from trainer.data.named_set import Log, NamedSet
from trainer.data.registry import REGISTRY
from trainer.errors import DataError, FetchError, OutputError


def get(name: str, data_dir: Path, log: Log, progress: DecodeProgress | None = None) -> Path:
    """Return the ZIP of the set `name` in `data_dir`, created unless it already exists; verify it."""
    wanted = REGISTRY.get(name)
    if wanted is None:
        raise DataError(name, "is not an available data set", _hint(name))
    target = data_dir / f"{name}.zip"
    if target.exists():
        _require(target, wanted)
        log(f"{target} exists already")
    else:
        _make(wanted, target, log, progress)
    log(f"licence of {name}: {wanted.licence}")
    return target


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, REGISTRY, n=1)
    return f"did you mean {close[0]}?" if close else f"available: {', '.join(REGISTRY)}"


def _make(wanted: NamedSet, target: Path, log: Log, progress: DecodeProgress | None) -> None:
    with _workplace(target.parent) as workplace:
        folder = Path(workplace)
        reader = wanted.source(folder, log)
        fresh = folder / target.name
        convert(reader, fresh, wanted.shape, progress=progress)
        _require(fresh, wanted)
        fresh.replace(target)
    log(f"wrote {target}: {wanted.images} images")


def _workplace(data_dir: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".get-", dir=data_dir)
    except OSError as error:
        raise OutputError(data_dir, f"cannot be written ({error.strerror})") from None


def _require(path: Path, wanted: NamedSet) -> None:
    """Raise FetchError unless the ZIP at `path` is the set `wanted`."""
    present = describe(path, path.parent)
    if present.images != wanted.images:
        raise FetchError(path, f"has {present.images} images, not {wanted.images}", "remove it and get it again")
    if wanted.fingerprint not in (None, present.fingerprint):
        problem = f"has fingerprint {present.fingerprint}, not {wanted.fingerprint}"
        raise FetchError(path, problem, "remove it and get it again")
