"""The manifest of a pack: its files with their kinds and checksums."""

from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from orchestrator.evidence.contents import Kind, kind_of

NAME = "manifest.json"
LONGEST_PATH, LONGEST_NAME = 1000, 200
"""Characters of a path, and of each name in it: file systems take 255 bytes, and temporary files have longer names."""
LATEST = 2**63 - 1
"""Nanoseconds since 1970: a file system may give a file an earlier time than 1970, or a later one than this."""


class PackedFile(BaseModel):
    """One file: its path in the store, kind, checksum, size and modification time (Unix nanoseconds)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    kind: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    modified_ns: int = Field(ge=0, le=LATEST)

    @field_validator("path")
    @classmethod
    def is_evidence(cls, path: str) -> str:
        """Reject paths that no file of evidence has, including all that lead out of the store."""
        if kind_of(path) is None:
            raise ValueError(f"{path!r} is not the path of a file of evidence")
        if len(path) > LONGEST_PATH or max(map(len, path.split("/"))) > LONGEST_NAME:
            raise ValueError(f"{path[:LONGEST_NAME]}... is too long for the path of a file")
        return path

    @property
    def what(self) -> Kind:
        found = kind_of(self.path)
        assert found
        return found

    @property
    def folder(self) -> str:
        """The folder of the trial, sweep or figures that the file belongs to."""
        parts = PurePosixPath(self.path).parts
        return "/".join(parts[:3] if parts[0] == "trials" else parts[:-1])


class Manifest(BaseModel):
    """manifest.json of a pack. Later versions may only add fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    content: Literal["adasweep evidence"] = "adasweep evidence"
    sweep: str
    files: tuple[PackedFile, ...]

    @field_validator("files")
    @classmethod
    def are_distinct(cls, files: tuple[PackedFile, ...]) -> tuple[PackedFile, ...]:
        """Reject repeated paths."""
        if len({file.path for file in files}) < len(files):
            raise ValueError("a path is listed twice")
        return files

    @property
    def trials(self) -> list[str]:
        return sorted({PurePosixPath(file.folder).name for file in self.files if file.path.startswith("trials/")})
