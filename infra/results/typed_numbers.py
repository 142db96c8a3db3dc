"""Finds numbers typed into a template; all numbers should come from packs.

Reported are digits and number words in prose, and expressions that output a constant. Ignored are code spans with a
letter in them (names, commands), comments and link targets, which make no statement about a run.
"""

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

WORDS = "two three four five six seven eight nine ten eleven twelve dozen twenty fifty hundred thousand twice"
NUMBER = re.compile(rf"[^\s*|(\[]*\d[^\s*|)\]]*|\b(?:{'|'.join(WORDS.split())})\b", re.IGNORECASE)
LEFT_OUT = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"<!--.*?-->",
        r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}",
        r"```.*?```",
        r"`[^`\n]*[A-Za-z][^`\n]*`",
        r"(?<=\])\([^)\s]*\)",
    )
)


def typed_numbers(template: str) -> Iterator[tuple[int, str]]:
    """Yield the line (from 1) and the text of every number typed into a template."""
    yield from _in_prose(template)
    yield from _written_by_expressions(template)


def _in_prose(template: str) -> Iterator[tuple[int, str]]:
    prose = template
    for pattern in LEFT_OUT:
        prose = pattern.sub(lambda found: "\n" * found[0].count("\n"), prose)
    for line, text in enumerate(prose.splitlines(), 1):
        yield from ((line, found[0]) for found in NUMBER.finditer(text))


def _written_by_expressions(template: str) -> Iterator[tuple[int, str]]:
    try:
        tree = Environment().parse(template)
    except TemplateSyntaxError:
        return  # reported when the template is rendered
    written = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    kept = [assignment.node for assignment in tree.find_all(nodes.Assign)]
    for part in (*written, *kept):
        if isinstance(part, nodes.Const) and NUMBER.search(str(part.value)):
            yield part.lineno, str(part.value)
