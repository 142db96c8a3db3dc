"""Hooks of MkDocs: add the pages that are made from code, and those that lie outside docs."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from mkdocs.structure.files import File, Files

from infra.docs.command_pages import commands_page
from infra.docs.frame_pages import python_page
from infra.docs.http_page import http_page
from infra.docs.key_pages import keys_page
from infra.docs.notebook_page import NOTEBOOKS, ROOT, notebook_page

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "keys.md": keys_page,
    "python.md": python_page,
    "http.md": http_page,
}
OUTSIDE = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
TO_FOLDER = re.compile(r"\[([^]]+)\]\(([^):]+)/\)")


def on_config(config: Any) -> Any:
    """List every decision in the navigation."""
    decisions = [f"decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    config.nav.append({"Decisions": decisions})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages to those of docs."""
    for name, content in _generated():
        files.append(File.generated(config, name, content=content))
    return files


def _generated() -> Iterator[tuple[str, str | bytes]]:
    for name, page in PAGES.items():
        yield name, page()
    for source, name in OUTSIDE.items():
        yield name, moved_links((ROOT / source).read_text(encoding="utf-8"))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text, pictures = notebook_page(path)
        yield f"notebooks/{path.stem}.md", text
        yield from ((f"notebooks/{name}", content) for name, content in pictures.items())


def moved_links(text: str) -> str:
    """Return the text of a page beside docs, with its links as they are in the site."""
    return LINK.sub(lambda link: f"]({_target(link[1])}{link[2] or ''})", text)


def _target(link: str) -> str:
    place = link.rstrip("/") + "/" * (ROOT / link).is_dir()
    return OUTSIDE.get(link, place.removeprefix("docs/"))


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links to a folder lead to its page; one to a folder without a page, or to the licence, becomes text."""
    folder = (ROOT / "docs" / page.file.src_uri).parent

    def linked(link: re.Match[str]) -> str:
        has_page = (folder / link[2] / "README.md").is_file()
        return f"[{link[1]}]({link[2]}/README.md)" if has_page else link[1]

    return TO_FOLDER.sub(linked, markdown.replace("](LICENSE)", "](LICENSE/)"))
