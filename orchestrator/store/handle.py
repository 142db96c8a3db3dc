"""What a backend needs to recognise an attempt again: handle.json in the attempt's directory."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer.config.stored import Spoilt, read_document
from trainer.files import replace_file


class Handle(BaseModel):
    """What a backend needs to recognise an attempt later, from another process. `key` is private to the backend."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    backend: str
    key: str
    trial: str
    attempt: int


def write_handle(attempt: Path, handle: Handle) -> None:
    """Keep a handle in its attempt's directory."""
    replace_file(attempt / "handle.json", handle.model_dump_json())


def read_handle(attempt: Path, spoilt: list[Spoilt] | None = None) -> Handle | None:
    """Return the handle kept in an attempt's directory.

    None where there is none, or one that does not fit or belongs to another attempt, which is told in `spoilt`.
    """
    path = attempt / "handle.json"
    handle = read_document(path, Handle, spoilt)
    if handle is None or (handle.trial, f"{handle.attempt:03d}") == (attempt.parent.parent.name, attempt.name):
        return handle
    if spoilt is not None:
        spoilt.append(Spoilt(path, 0, f"is of attempt {handle.attempt} of trial {handle.trial}"))
    return None
