"""Another store as a source of evidence."""

import hashlib
import os
from functools import cached_property
from pathlib import Path

from orchestrator.errors import StoreError
from orchestrator.evidence.contents import Rule, evidence_in, kind_of
from orchestrator.evidence.manifest import PackedFile
from orchestrator.evidence.pack import read_evidence


class OtherStore:
    """All evidence in the store at `root`, including weights. Raises StoreError if it cannot be read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        if not os.path.isdir(root / "trials"):
            raise StoreError(root, "is not a store with trials", "name another")

    @cached_property
    def files(self) -> tuple[PackedFile, ...]:
        folders = [self._root / name for name in ("trials", "sweeps", "figures")]
        return tuple(self._file(path)[0] for path, _ in evidence_in(self._root, folders))

    def read(self, file: PackedFile) -> bytes:
        """Return the current content of a file: a running trial may have changed it since it was listed."""
        content = self._file(file.path)[1]
        if file.what.rule is Rule.KEEP and hashlib.sha256(content).hexdigest() != file.sha256:
            raise StoreError(self._root / file.path, "changed while it was being read", "merge again")
        return content

    def _file(self, path: str) -> tuple[PackedFile, bytes]:
        kind = kind_of(path)
        assert kind
        try:
            return read_evidence(self._root, path, kind)
        except OSError as error:
            raise StoreError(self._root / path, f"cannot be read ({error.strerror})", "merge again") from None
