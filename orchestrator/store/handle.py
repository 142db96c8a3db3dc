"""handle.json in an attempt's directory, by which its backend identifies it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer.config.stored import Malformed, read_document
from trainer.files import replace_file


class Handle(BaseModel):
    """Identifies a submitted attempt to its backend, also from another process. `key` is private to the backend."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    backend: str
    key: str
    trial: str
    attempt: int


def write_handle(attempt: Path, handle: Handle) -> None:
    """Write a handle to its attempt's directory."""
    replace_file(attempt / "handle.json", handle.model_dump_json())


def read_handle(attempt: Path, malformed: list[Malformed] | None = None) -> Handle | None:
    """Return the handle in an attempt's directory.

    Returns None if it is missing, or invalid or of another attempt, which is reported in `malformed`.
    """
    path = attempt / "handle.json"
    handle = read_document(path, Handle, malformed)
    if handle is None or (handle.trial, f"{handle.attempt:03d}") == (attempt.parent.parent.name, attempt.name):
        return handle
    if malformed is not None:
        malformed.append(Malformed(path, 0, f"belongs to attempt {handle.attempt} of trial {handle.trial}"))
    return None
