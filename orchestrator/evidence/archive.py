"""Reads packs. Incomplete or malicious packs are rejected before any of their content is used."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from orchestrator.errors import StoreError
from orchestrator.evidence.manifest import LONGEST_NAME, NAME, Manifest, PackedFile
from trainer.files import parsed_json

MANIFEST_BYTES = 64 << 20
EXPANSION = 200
"""Maximum ratio of unpacked to packed size, beyond SLACK_BYTES: real packs have about a tenth of this."""

SLACK_BYTES = 16 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)


class Pack:
    """An open pack, whose manifest and contents have been checked."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._archive = path, archive
        self.manifest = self._read_manifest()
        self._require_honest_sizes()
        for file in self.manifest.files:
            self._require_own_trial(file, self.read(file))

    @property
    def files(self) -> tuple[PackedFile, ...]:
        return self.manifest.files

    def read(self, file: PackedFile) -> bytes:
        """Return the content of a file. Raises StoreError if it does not match the manifest."""
        content = self._bytes(f"objects/{file.sha256}", file.size)
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise _refused(self._path, f"the checksum of {file.path} does not match the manifest")
        return content

    def _read_manifest(self) -> Manifest:
        content = self._bytes(NAME, MANIFEST_BYTES)
        try:
            return Manifest.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise _refused(self._path, f"its manifest is invalid ({place}: {first['msg']})") from None

    def _require_honest_sizes(self) -> None:
        known = {NAME, *(f"objects/{file.sha256}" for file in self.files)}
        names = [info.filename for info in self._archive.infolist()]
        if strange := sorted(set(names) - known):
            raise _refused(self._path, f"{strange[0][:LONGEST_NAME]!r} is not in its manifest")
        if len(names) > len(known):
            raise _refused(self._path, "a name appears twice")
        if sum(file.size for file in self.files) > EXPANSION * self._path.stat().st_size + SLACK_BYTES:
            raise _refused(self._path, f"it would expand to more than {EXPANSION} times its size")

    def _require_own_trial(self, file: PackedFile, content: bytes) -> None:
        """Raise StoreError if a configuration is that of another trial than the one whose folder it is in."""
        if file.what.name != "configuration":
            return
        with suppress(ValueError, KeyError, TypeError):
            if (trial := parsed_json(content)["id"]) != PurePosixPath(file.folder).name:
                raise _refused(self._path, f"{file.path} is the configuration of another trial, {str(trial)[:12]!r}")

    def _bytes(self, name: str, limit: int) -> bytes:
        """Return an entry of at most `limit` bytes."""
        try:
            info = self._archive.getinfo(name)
            if info.compress_type not in METHODS:
                raise _refused(self._path, f"{name} uses an unsupported compression method")
            with self._archive.open(info) as file:
                content = file.read(limit + 1)
        except KeyError:
            raise _refused(self._path, f"{name} is missing") from None
        except BROKEN as error:
            raise _refused(self._path, f"{name} is damaged ({error})") from None
        if len(content) > limit:
            raise _refused(self._path, f"{name} is larger than it should be")
        return content


@contextmanager
def open_pack(path: Path) -> Iterator[Pack]:
    """Open the pack at `path` and verify all of it. Raises StoreError if it is missing, incomplete or malicious."""
    if path.exists() and not path.is_file():
        raise StoreError(path, "is not a file", "name a file that `adasweep pack` wrote")
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise StoreError(path, "no such pack") from None
    except BROKEN as error:
        raise _refused(path, f"it is not a complete ZIP file ({error})") from None
    with archive:
        yield Pack(path, archive)


def require_replaceable(path: Path) -> None:
    """Raise StoreError if a file at `path` is something else than a pack: a new pack would replace it."""
    if not path.is_file() or not path.stat().st_size:
        return
    with suppress(*BROKEN), zipfile.ZipFile(path) as archive:
        if NAME in archive.namelist():
            return
    raise StoreError(path, "exists already, and is no pack", "choose another --out")


def _refused(path: Path, reason: str) -> StoreError:
    return StoreError(path, f"refused: {reason}", "download it again from a trusted source")
