"""User errors: each says in one line where the problem is, what it is, and how to fix it. Exit code 2.

AnalysisError
├── ResultStoreError    the store, a sweep or a file in it is missing or unreadable
├── ScoreError          no metric, or more than one, matches the score
├── ClaimError          a claim does not follow the grammar or names no cell
├── FigureError         no such figure, or a file without provenance
└── ReportError         a report cannot be written or printed
"""

import errno

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""The errno values of a write to a read-only location."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The errno values of a write to a full disk, or beyond a quota."""

UNWRITABLE = READ_ONLY | FULL
"""The errno values of a write to a location that can still be read."""


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
