"""User errors: each says in one line where the problem is, what it is, and how to fix it. Exit code 2.

AnalysisError
├── ResultStoreError    the store, a sweep or a file in it is missing or unreadable
├── ScoreError          no metric, or more than one, matches the score
├── ClaimError          a claim does not follow the grammar or names no cell
├── FigureError         no such figure, or a file without provenance
└── ReportError         a report cannot be written or printed
"""

import traceback

from trainer.errors import NO_PLACE, NO_ROOM, READ_ONLY, UserError

UNWRITABLE = READ_ONLY | NO_ROOM.keys()
"""The errno values of a write to a location that can still be read."""


SHOWN = 100
"""How many characters of another package's message are shown."""


class AnalysisError(Exception):
    """Base class of this package's user errors."""


class ResultStoreError(AnalysisError):
    """The store, a sweep or a file in it is missing or unreadable."""


class ScoreError(AnalysisError):
    """No metric, or more than one, matches the score."""


class ClaimError(AnalysisError):
    """A claim does not follow the grammar or names no cell."""


class FigureError(AnalysisError):
    """A figure does not exist, or a file has no provenance."""


class ReportError(AnalysisError):
    """A report cannot be written or printed."""


def explained(error: Exception) -> str | None:
    """Return the line for users about a user error, or about a place or setting that cannot be used; None for a bug."""
    if isinstance(error, AnalysisError | UserError):
        return str(error)
    if isinstance(error, ValueError) and _is_of_matplotlibs_start(error):
        why = " ".join(str(error).split())[:SHOWN]
        return f"matplotlib cannot read your settings ({why}); correct MPLBACKEND or the file matplotlibrc"
    return _about_place(error) if isinstance(error, OSError) else None


def _is_of_matplotlibs_start(error: ValueError) -> bool:
    """Return whether matplotlib raised an error while it was imported: it then reads the user's settings."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(
        frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "matplotlib" for frame in frames
    )


def _about_place(error: OSError) -> str | None:
    place = error.filename2 or error.filename
    if error.errno in NO_PLACE:
        return f"{place}: {NO_PLACE[error.errno or 0]}; move it away, or choose another place"
    if error.errno in UNWRITABLE:
        reason = (error.strerror or str(error)).lower()
        way_out = NO_ROOM.get(error.errno or 0, "check its permissions")
        return f"{place}: {reason}; {way_out}" if place else f"{reason}; {way_out}"
    return None
