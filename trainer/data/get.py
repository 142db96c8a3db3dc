"""Bringing a named data set to DATA_DIR/<name>.zip. Nothing is ever fetched unless this is asked for."""

import difflib
import tempfile
from pathlib import Path

from trainer.config.dataset.describe import describe
from trainer.data.cache import DecodeProgress
from trainer.data.convert import convert
from trainer.data.named_set import NamedSet, Say
from trainer.data.registry import REGISTRY
from trainer.errors import DataError, FetchError, OutputError


def get(name: str, data_dir: Path, say: Say, progress: DecodeProgress | None = None) -> Path:
    """Return the ZIP of the set `name` in `data_dir`, made now unless it is there and is what it should be."""
    wanted = REGISTRY.get(name)
    if wanted is None:
        raise DataError(name, "is not a set that can be got", _hint(name))
    target = data_dir / f"{name}.zip"
    if target.exists():
        _require(target, wanted)
        say(f"{target} is there already")
    else:
        _make(wanted, target, say, progress)
    say(f"licence of {name}: {wanted.licence}")
    return target


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, REGISTRY, n=1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(REGISTRY)}"


def _make(wanted: NamedSet, target: Path, say: Say, progress: DecodeProgress | None) -> None:
    with _workplace(target.parent) as workplace:
        folder = Path(workplace)
        reader = wanted.source(folder, say)
        fresh = folder / target.name
        convert(reader, fresh, wanted.shape, progress=progress)
        _require(fresh, wanted)
        fresh.replace(target)
    say(f"wrote {target}: {wanted.images} images")


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
