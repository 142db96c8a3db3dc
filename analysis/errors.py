"""User errors: each says in one line where the problem is, what it is, and how to fix it. Exit code 2.

AnalysisError
├── StoreError          the store, a sweep or a file in it is not there or not readable
├── ScoreError          no metric, or more than one, matches the score
├── ClaimError          a claim does not follow the grammar or names no cell
├── FigureError         no such figure, or a file without provenance
└── ReportError         a report cannot be written or printed
"""

import errno

READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""Numbers of the errors of a place that may only be read."""


class AnalysisError(Exception):
    """The root of this package's user errors."""


class ResultStoreError(AnalysisError):
    """The store, a sweep or a file in it is not there or not readable."""


class ScoreError(AnalysisError):
    """No metric, or more than one, matches the score."""


class ClaimError(AnalysisError):
    """A claim does not follow the grammar or names no cell."""


class FigureError(AnalysisError):
    """There is no such figure, or a file has no provenance."""


class ReportError(AnalysisError):
    """A report cannot be written or printed."""
