"""Fit tables to a width: drop columns by priority, shorten long cells but keep them distinct.

Widths are in terminal cells, of which some characters take two and some none.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

from trainer.errors import printable

ALWAYS = 100
"""The priority of a column that is never dropped."""

GAP = 2
SEPARATOR = ", "


class Column(NamedTuple):
    """A column: the lower its priority, the earlier it is dropped.

    `least` is the width down to which its cells may be shortened; None: they may not.
    """

    heading: str
    priority: int = ALWAYS
    right: bool = False
    least: int | None = None


class Fitted(NamedTuple):
    """Aligned lines. `dropped` lists headings left out; `legend` explains numbers and omitted parts of cells."""

    heading: str
    rows: list[str]
    dropped: list[str]
    legend: list[str]


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None, ellipsis: str = "…") -> Fitted:
    """Return a table at most `width` wide, if columns of priority ALWAYS allow that; None: no limit."""
    texts = [[printable(row[place]) for row in rows] for place in range(len(columns))]
    natural = [max(map(cell_len, (column.heading, *cells))) for column, cells in zip(columns, texts, strict=True)]
    kept, widths = list(range(len(columns))), dict(enumerate(natural))
    if width is not None and _total(natural) > width:
        least = [_least(*one) for one in zip(columns, texts, natural, strict=True)]
        kept = _kept(columns, texts, least, width)
        widths = _widths(natural, least, kept, width)
    legend: list[str] = []
    for place in kept:
        if natural[place] > widths[place]:
            texts[place], numbered = shortened(texts[place], widths[place], ellipsis)
            widths[place] = max(map(cell_len, (columns[place].heading, *texts[place])))
            legend += numbered
    lines = [
        _line([(columns[place], widths[place], text) for place, text in zip(kept, line, strict=True)])
        for line in zip(*([columns[place].heading, *texts[place]] for place in kept), strict=True)
    ]
    gone = [columns[place].heading for place in range(len(columns)) if place not in kept and any(texts[place])]
    return Fitted(lines[0], lines[1:], gone, legend)


def shortened(texts: Sequence[str], width: int, ellipsis: str = "…") -> tuple[list[str], list[str]]:
    """Return texts of at most `width`, kept distinct, and a legend of what they omit or of their numbers."""
    distinct = list(dict.fromkeys(texts))
    for candidates, legend in (*_shorter_forms(distinct, width), (distinct, [])):
        short = [middle(text, width, ellipsis) for text in candidates]
        if len(set(short)) == len(distinct):
            by_text = dict(zip(distinct, short, strict=True))
            return [by_text[text] for text in texts], legend
    return _numbered(texts, distinct, width, ellipsis)


def _shorter_forms(texts: Sequence[str], width: int) -> Iterator[tuple[list[str], list[str]]]:
    """Yield forms of the texts that fit this width without an ellipsis, each with a legend of what it leaves out.

    The first omits the comma-separated parts common to all texts; the second also omits the keys of `key=value`.
    """
    parts = [text.split(SEPARATOR) for text in texts]
    common = [part for part in dict.fromkeys(parts[0] if parts else ()) if all(part in own for own in parts)]
    own = [[part for part in of if part not in common] for of in parts]
    keys = {tuple(part.partition("=")[0] if "=" in part else "" for part in of) for of in own}
    left_out = [f"all: {SEPARATOR.join(common)}"] if common else []
    forms = [(own, left_out)]
    if len(keys) == 1 and any(*keys):
        values = [[part.partition("=")[2] or part for part in of] for of in own]
        forms.append((values, [f"values of: {SEPARATOR.join(filter(None, *keys))}", *left_out]))
    for form, legend in forms:
        joined = [SEPARATOR.join(of) for of in form]
        if all(0 < cell_len(text) <= width for text in joined):
            yield joined, legend


def _numbered(texts: Sequence[str], distinct: Sequence[str], width: int, ellipsis: str) -> tuple[list[str], list[str]]:
    """Return shortened texts with a number in front, and the full text of each number."""
    digits = len(str(len(distinct)))
    marks = {text: f"[{number:>{digits}}]" for number, text in enumerate(distinct, 1)}
    rest = width - digits - 3
    by_text = {text: f"{mark} {middle(text, rest, ellipsis)}" if rest > 3 else mark for text, mark in marks.items()}
    return [by_text[text] for text in texts], [f"{mark} {text}" for text, mark in marks.items()]


def middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a text of at most `width`: the beginning and the end of a longer one."""
    if cell_len(text) <= width:
        return text
    available = max(width - cell_len(ellipsis), 0)
    end = _beginning(text[::-1], available // 2)[::-1]
    return _beginning(text, available - cell_len(end)) + ellipsis + end


def _beginning(text: str, width: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += get_character_cell_size(character)
        if taken > width:
            return text[:place]
    return text


def _kept(columns: Sequence[Column], texts: Sequence[Sequence[str]], least: Sequence[int], width: int) -> list[int]:
    """Return the indices of the columns that fit: empty ones are dropped first, then by priority, from the right."""
    kept = list(range(len(columns)))

    def rank(place: int) -> tuple[bool, int, int]:
        return any(texts[place]), columns[place].priority, -place

    while _total([least[place] for place in kept]) > width:
        droppable = [place for place in kept if columns[place].priority < ALWAYS]
        if not droppable:
            break
        kept.remove(min(droppable, key=rank))
    return kept


def _widths(natural: Sequence[int], least: Sequence[int], kept: Sequence[int], width: int) -> dict[int, int]:
    """Return the width of each column: the widest that may be shortened shrinks first."""
    widths = {place: natural[place] for place in kept}
    while _total(list(widths.values())) > width:
        yielding = [place for place in kept if widths[place] > least[place]]
        if not yielding:
            break
        widths[max(yielding, key=lambda place: widths[place])] -= 1
    return widths


def _least(column: Column, texts: Sequence[str], natural: int) -> int:
    """Return the least width of a column, which is less if its cells have a shorter form without an ellipsis."""
    if column.least is None:
        return natural
    forms = _shorter_forms(list(dict.fromkeys(texts)), natural)
    whole = [max(map(cell_len, form)) for form, _ in forms if len(set(form)) == len(set(texts))]
    return min(natural, max(min([column.least, *whole]), cell_len(column.heading)))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(len(widths) - 1, 0)


def _line(cells: Sequence[tuple[Column, int, str]]) -> str:
    padded = []
    for column, width, text in cells:
        space = " " * (width - cell_len(text))
        padded.append(space + text if column.right else text + space)
    return (" " * GAP).join(padded).rstrip()
