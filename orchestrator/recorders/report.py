"""The report of a recorder's last pass, for other processes: STORE/mlflow/report.json."""

import re
from pathlib import Path

from pydantic import field_validator

from orchestrator.store.layout import Store
from trainer.config.spec import Settings
from trainer.config.stored import read_document
from trainer.files import replace_file

_PASSWORD = re.compile(r"(://[^\s:/@]*):(?:[^\s/]*|[^\s@]*)@")


def without_password(text: str) -> str:
    """Return a text with `***` in place of the passwords of its URLs: others may read terminals, logs and the store."""
    return _PASSWORD.sub(r"\1:***@", text)


class Report(Settings):
    """One pass: its target, and when it began (Unix seconds).

    `trouble` is why MLflow could not be reached, and `persists` until somebody acts; `failed` has the errors of single
    trials and figures.
    """

    uri: str
    began: float
    trouble: str = ""
    persists: bool = False
    failed: dict[str, str] = {}

    @field_validator("uri", "trouble")
    @classmethod
    def _hide_password(cls, text: str) -> str:
        return without_password(text)

    def is_of(self, uri: str) -> bool:
        """Return whether the pass recorded to this place."""
        return self.uri == without_password(uri)

    @property
    def problem(self) -> str:
        """The problem in one line, or ""."""
        if self.trouble or not self.failed:
            return self.trouble
        (name, reason), others = next(iter(self.failed.items())), len(self.failed) - 1
        return f"{name}: {reason}" + (f" (and {others} more)" if others else "")


def report_path(store: Store) -> Path:
    """Return the file of the report."""
    return store.root / "mlflow" / "report.json"


def write_report(store: Store, report: Report) -> None:
    """Write the report of a pass."""
    replace_file(report_path(store), report.model_dump_json())


def read_report(store: Store) -> Report | None:
    """Return the report of the last pass, or None if there is none or it cannot be read."""
    return read_document(report_path(store), Report)


def place_of_another(store: Store, uri: str) -> str:
    """Return where the last pass recorded to, if that is another place than `uri`, else ""."""
    report = read_report(store)
    return report.uri if report and not report.is_of(uri) else ""


def error_line(error: Exception) -> str:
    """Return an error as one line, shortened in the middle: the reason of a failed connection stands last."""
    text = without_password(" ".join(f"{type(error).__name__}: {error}".split()))
    return text if len(text) <= 300 else f"{text[:195]} ... {text[-100:]}"
