"""Writes what was made, or says in what the repository differs from it."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from analysis.figures.provenance import SUFFIX
from infra.results.pictures import KINDS, different_provenance
from trainer.files import remove_abandoned, replace_file

SHOWN = 60
"""How many characters of a line are shown where it differs."""


def write(files: Mapping[Path, bytes]) -> None:
    """Write every file, each as a whole, and remove pictures of theirs that no page has any more.

    A figure that agrees with its packs stays as it is, whichever code drew it: remove it to have it drawn anew.
    """
    agreeing = {part for path in files if path.name.endswith(SUFFIX) for part in _parts_if_agreeing(path, files)}
    for path, content in files.items():
        if path not in agreeing:
            replace_file(path, content)
    for folder in {path.parent for path in files}:
        remove_abandoned(folder)
    for path in left_over(files):
        path.unlink()


def differences(files: Mapping[Path, bytes]) -> Iterator[str]:
    """Yield one line for each thing that is not in the repository as it was made now.

    Pages and numbers are compared byte for byte; pictures by their provenance, as pixels depend on fonts.
    """
    for path, content in sorted(files.items()):
        yield from _differences_of(path, content)
    yield from (f"{path}: no page has this figure" for path in left_over(files))


def _differences_of(path: Path, made: bytes) -> list[str]:
    if not path.exists():
        return [f"{path}: is missing"]
    if path.name.endswith(SUFFIX):
        return list(different_provenance(path, made))
    return [] if path.suffix == ".png" else list(_different_text(path, made))


def left_over(files: Mapping[Path, bytes]) -> list[Path]:
    """Return the files of figures that lie beside pages and do not belong to them."""
    folders = {path.parent for path in files if path.name.endswith(SUFFIX)}
    return sorted(
        path for folder in folders for path in folder.iterdir() if path.name.endswith(KINDS) and path not in files
    )


def _parts_if_agreeing(provenance: Path, files: Mapping[Path, bytes]) -> list[Path]:
    """Return the files of a figure if they all agree with those made now, otherwise none."""
    name = provenance.name.removesuffix(SUFFIX)
    parts = {provenance.with_name(f"{name}{kind}") for kind in KINDS}
    agrees = not any(_differences_of(path, files[path]) for path in parts)
    return sorted(parts) if agrees else []


def _different_text(path: Path, made: bytes) -> Iterator[str]:
    """Say where a text first differs: its line, and the words there."""
    if path.read_bytes() == made:
        return
    there, today = path.read_bytes().decode(errors="replace").splitlines(), made.decode().splitlines()
    pairs = enumerate(zip_longest(there, today, fillvalue=""), 1)
    line, says, should = next(((line, a, b) for line, (a, b) in pairs if a != b), (len(today), "", ""))
    differs = next((place for place, (a, b) in enumerate(zip(says, should, strict=False)) if a != b), 0)
    begin = max(differs - SHOWN // 2, 0)
    yield f"{path}:{line}: says {says[begin:][:SHOWN]!r} where its packs say {should[begin:][:SHOWN]!r}"
