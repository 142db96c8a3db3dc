"""A self-contained HTML page: its look, and its parts with every text escaped. Nothing is loaded from anywhere."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

CSS = """
:root { --ink: #1b1f24; --soft: #5b6470; --line: #dfe3e8; --panel: #f6f8fa; --pass: #0a7d4f; --fail: #b3261e;
  --under: #8a5a00; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.5rem 5rem; color: var(--ink); background: white;
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 .2rem; padding-top: 1.2rem; border-top: 3px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
p { margin: .4rem 0; max-width: 48rem; }
.question { font-size: 1.1rem; }
.soft, figcaption, .note { color: var(--soft); font-size: .85rem; }
.note { margin: .25rem 0; }
nav ul { columns: 2; padding-left: 1.1rem; }
a { color: #0b57d0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; margin: .4rem 0; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--ink); vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); vertical-align: top; }
th, td { padding: .3rem .9rem .3rem 0; }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
figure { margin: 1.4rem 0 2rem; }
figure img { max-width: min(100%, 50rem); height: auto; display: block; }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
pre { background: var(--panel); padding: .8rem; overflow-x: auto; font-size: .78rem; max-height: 24rem; }
.verdict { font-weight: 700; white-space: nowrap; }
.PASS { color: var(--pass); } .FAIL { color: var(--fail); } .UNDERPOWERED { color: var(--under); }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2 { break-before: page; } h2:first-of-type { break-before: auto; }
  figure, tr { break-inside: avoid; } details { display: none; } table { font-size: 7.5pt; }
  th, td { padding-right: .5rem; } td.number { white-space: normal; }
}
"""


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole document."""
    parts = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n{parts}\n</body>\n</html>\n"
    )


def heading(level: int, text: str, name: str = "") -> str:
    """Return a heading, which a link can name."""
    anchor = f' id="{escape(name, quote=True)}"' if name else ""
    return f"<h{level}{anchor}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of a CSS class."""
    return f'<p class="{escape(kind, quote=True)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str] = ()) -> str:
    """Return a table; the columns named in `words` are text, all others numbers at the right."""
    kinds = ["text" if name in words else "number" for name in headings]
    head = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in zip(headings, kinds, strict=True))
    lines = [
        "".join(f'<td class="{kind}">{_cell(text)}</td>' for text, kind in zip(row, kinds, strict=True)) for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _cell(text: str) -> str:
    words = ("PASS", "FAIL", "UNDERPOWERED")
    return f'<span class="verdict {text}">{text}</span>' if text in words else escape(text)


def picture(png: Path, caption: str, alternative: str) -> str:
    """Return a figure with the picture inside the page."""
    content = base64.b64encode(png.read_bytes()).decode()
    image = f'<img alt="{escape(alternative, quote=True)}" src="data:image/png;base64,{content}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def folded(title: str, text: str) -> str:
    """Return text that unfolds when its title is clicked."""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def contents(titles: Sequence[tuple[str, str]]) -> str:
    """Return links to headings, given as (name, text)."""
    links = "".join(f'<li><a href="#{escape(name, quote=True)}">{escape(text)}</a></li>' for name, text in titles)
    return f"<nav><ul>{links}</ul></nav>"
