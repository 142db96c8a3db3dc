"""The digest of a sweep file and of the files that it includes: equal if and only if no byte of them has changed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from trainer.files import read_regular


def digest_of(file: Path) -> str:
    """Return the digest of the bytes of one file. Raises OSError if it cannot be read."""
    return hashlib.sha256(read_regular(file)).hexdigest()


def joined(digests: Iterable[str]) -> str:
    """Return the digest of several files, in whatever order."""
    return hashlib.sha256("".join(sorted(set(digests))).encode()).hexdigest()[:12]
