"""What the last pass of a store's recorder came to, for whoever waits for it: STORE/mlflow/report.json."""

from pathlib import Path

from orchestrator.store.layout import Store
from trainer.config.spec import Settings
from trainer.config.stored import read_document
from trainer.files import replace_file


class Report(Settings):
    """One pass: where it recorded, and when it began (Unix seconds).

    `trouble` says why MLflow could not be reached, `failed` what went wrong with single trials and figures.
    """

    uri: str
    began: float
    trouble: str = ""
    failed: dict[str, str] = {}

    @property
    def problem(self) -> str:
        """What is the matter, in a line; empty when all is well."""
        if self.trouble or not self.failed:
            return self.trouble
        (name, reason), others = next(iter(self.failed.items())), len(self.failed) - 1
        return f"{name}: {reason}" + (f" (and {others} more)" if others else "")


def report_path(store: Store) -> Path:
    """Return where the last pass of the recorder left its report."""
    return store.root / "mlflow" / "report.json"


def write_report(store: Store, report: Report) -> None:
    """Keep the report of a pass for those that ask without recording."""
    replace_file(report_path(store), report.model_dump_json())


def read_report(store: Store) -> Report | None:
    """Return what the last pass came to, or None where there was none, or it is not readable."""
    return read_document(report_path(store), Report)


def error_line(error: Exception) -> str:
    """Return an error as the beginning of what it says, in one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= 300 else f"{text[:297]}..."
