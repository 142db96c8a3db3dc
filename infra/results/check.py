"""Write generated files, or compare them with those of the repository."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from analysis.figures.provenance import SUFFIX
from infra.results.pictures import KINDS, different_provenance
from trainer.files import remove_abandoned, replace_file

EXCERPT_CHARACTERS = 60
"""Length of the excerpt shown of a line that differs."""


def write(files: Mapping[Path, bytes]) -> None:
    """Write every file atomically, and remove files of figures that no page has any more.

    A figure that agrees with its packs is kept, whichever code drew it: remove it to have it redrawn.
    """
    agreeing = {part for path in files if path.name.endswith(SUFFIX) for part in _parts_if_agreeing(path, files)}
    for path, content in files.items():
        if path not in agreeing:
            replace_file(path, content)
    for folder in {path.parent for path in files}:
        remove_abandoned(folder)
    for path in orphaned_files(files):
        path.unlink()


def differences(files: Mapping[Path, bytes]) -> Iterator[str]:
    """Yield one line for each difference between the repository and the generated files.

    Pages and numbers are compared byte for byte; pictures by their provenance, because pixels depend on fonts.
    """
    for path, content in sorted(files.items()):
        yield from _differences_of(path, content)
    yield from (f"{path}: no page has this figure" for path in orphaned_files(files))


def _differences_of(path: Path, made: bytes) -> list[str]:
    if not path.exists():
        return [f"{path}: missing"]
    if path.name.endswith(SUFFIX):
        return list(different_provenance(path, made))
    return [] if path.suffix == ".png" else list(_different_text(path, made))


def orphaned_files(files: Mapping[Path, bytes]) -> list[Path]:
    """Return the figure files in folders of pages that no page has."""
    folders = {path.parent for path in files if path.name.endswith(SUFFIX)}
    return sorted(
        path for folder in folders for path in folder.iterdir() if path.name.endswith(KINDS) and path not in files
    )


def _parts_if_agreeing(provenance: Path, files: Mapping[Path, bytes]) -> list[Path]:
    """Return the files of a figure if all of them agree with the generated ones, otherwise none."""
    name = provenance.name.removesuffix(SUFFIX)
    parts = {provenance.with_name(f"{name}{kind}") for kind in KINDS} & files.keys()
    agrees = not any(_differences_of(path, files[path]) for path in parts)
    return sorted(parts) if agrees else []


def _different_text(path: Path, made: bytes) -> Iterator[str]:
    """Yield where a text first differs: its line, with excerpts of both."""
    if path.read_bytes() == made:
        return
    present, generated = path.read_bytes().decode(errors="replace").splitlines(), made.decode().splitlines()
    pairs = enumerate(zip_longest(present, generated, fillvalue=""), 1)
    line, actual, expected = next(((line, a, b) for line, (a, b) in pairs if a != b), (len(generated), "", ""))
    differs = next((place for place, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b), 0)
    begin = max(differs - EXCERPT_CHARACTERS // 2, 0)
    shown, wanted = (text[begin:][:EXCERPT_CHARACTERS] for text in (actual, expected))
    yield f"{path}:{line}: has {shown!r}, its packs give {wanted!r}"
