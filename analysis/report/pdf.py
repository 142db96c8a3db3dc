"""Print a page to PDF with a browser installed on this machine."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from analysis.errors import ReportError
from trainer.files import replace_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PRINT_SECONDS = 120


def print_pdf(html: Path, pdf: Path) -> None:
    """Print the page `html` to `pdf`. Raises ReportError if there is no browser, or it fails."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise ReportError(f"{pdf}: not printed, no {', '.join(BROWSERS[:3])} installed; open {html} and print it")
    with tempfile.TemporaryDirectory(prefix="adasweep-print-") as profile:
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
        ]
        printed = Path(profile) / "printed.pdf"
        command = [browser, *options, f"--print-to-pdf={printed}", html.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise ReportError(f"{pdf}: {browser} did not print it within {PRINT_SECONDS} s") from error
        if done.returncode or not printed.exists():
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise ReportError(f"{pdf}: {browser} did not print it: {lines[-1]}")
        replace_file(pdf, printed.read_bytes())
