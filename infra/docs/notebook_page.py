"""The example notebook: executed, and rendered as a page."""

import base64
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "docs" / "notebooks"
SECONDS = 600
STYLE = re.compile(r"<style scoped>.*?</style>\s*", re.DOTALL)
"""The style sheet that pandas puts before every table."""


class NotebookPage(NamedTuple):
    """The text of a page, and its pictures by file name."""

    text: str
    pictures: dict[str, bytes]


@cache
def notebook_page(path: Path) -> NotebookPage:
    """Execute a notebook in the folder it is in, and return it as Markdown. Raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    return rendered(notebook, path.stem)


def rendered(notebook: Any, name: str) -> NotebookPage:
    """Return the cells of an executed notebook, with their outputs, as Markdown."""
    pictures: dict[str, bytes] = {}
    parts = [part for cell in notebook.cells for part in _cell(cell, name, pictures)]
    return NotebookPage("\n\n".join(parts) + "\n", pictures)


def _cell(cell: Any, name: str, pictures: dict[str, bytes]) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    yield f"```python\n{cell.source}\n```"
    for output in cell.outputs:
        if output.output_type == "stream":
            yield f"```text\n{output.text.rstrip()}\n```"
        else:
            yield _shown(output.data, name, pictures)


def _shown(data: dict[str, str], name: str, pictures: dict[str, bytes]) -> str:
    """Return what an output looks like: a picture, a table or text."""
    if "image/png" in data:
        file = f"{name}-{len(pictures)}.png"
        pictures[file] = base64.b64decode(data["image/png"])
        return f"![{data.get('text/plain', 'Figure')}]({file})"
    if "text/html" in data:
        return STYLE.sub("", data["text/html"])
    return f"```text\n{data['text/plain']}\n```"
