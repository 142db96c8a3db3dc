"""Tables on narrow terminals: essential columns are complete, and different cells stay distinguishable."""

import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from trainer.command_line.fitting import Column, fitted, middle, shortened
from trainer.command_line.table import FittedTable, show
from trainer.errors import HIDDEN

COLUMNS = (
    Column("state"),
    Column("trial"),
    Column("cell", least=8),
    Column("kimg", right=True),
    Column("score", 5, right=True),
    Column("host", 1),
)
CELLS = ["data.subset=500, augment=none", "data.subset=5000, augment=none", "data.subset=500, augment=ada"]
ROWS = [
    ("running", "0123456789ab", cell, "16/16", "fid2k 51.23 (best 50.1)", "a-node-of-the-cluster") for cell in CELLS
]
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40)


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 200, None])
def test_a_table_fits_and_ids_states_and_kimg_are_whole(width: int | None) -> None:
    table = fitted(COLUMNS, ROWS, width)
    assert all(cell_len(line) <= (width or 1000) for line in (table.heading, *table.rows))
    assert all({"running", "0123456789ab", "16/16"} <= set(line.split()) for line in table.rows)
    assert len(set(table.rows)) == len(ROWS)
    assert table.dropped == {50: ["score", "host"], 60: ["score", "host"], 80: ["host"]}.get(width or 0, [])


@settings(max_examples=100)
@given(st.lists(PRINTABLE, min_size=1, max_size=8), st.integers(8, 40))
def test_different_texts_are_different_when_shortened_and_fit(texts: list[str], width: int) -> None:
    short, legend = shortened(texts, width)
    assert len(set(short)) == len(set(texts))
    assert all(cell_len(text) <= width for text in short)
    assert not legend or legend[0].startswith(("all: ", "values of: ")) or len(legend) == len(set(texts))


@settings(max_examples=100)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6), st.integers(20, 100))
def test_no_line_is_wider_than_asked_where_columns_may_be_dropped_and_none_steers_the_terminal(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    columns = (Column("cell", least=6), Column("b", 2), Column("c", 1, right=True))
    table = fitted(columns, rows, width)
    assert all(cell_len(line) <= width for line in (table.heading, *table.rows))
    assert not any(unicodedata.category(letter) in HIDDEN for line in table.rows for letter in line)
    assert len(table.rows) == len(rows)


def test_a_text_is_shortened_in_the_middle_by_what_a_terminal_shows() -> None:
    assert middle("abcdefghij", 10) == "abcdefghij"
    assert middle("abcdefghij", 6) == "abc…ij"
    assert middle("漢字漢字漢字", 7) == "漢字…字"
    assert cell_len(middle("漢字漢字漢字", 7)) <= 7


def test_what_all_cells_share_is_left_out_before_they_are_numbered() -> None:
    cells = [f"generator.channel_base=1024, discriminator.channel_base={n}024, augment=ada" for n in (1, 2, 3)]
    assert shortened(cells, 36) == (
        [f"discriminator.channel_base={n}024" for n in (1, 2, 3)],
        ["all: generator.channel_base=1024, augment=ada"],
    )
    assert shortened(cells, 14) == (
        ["1024", "2024", "3024"],
        ["values of: discriminator.channel_base", "all: generator.channel_base=1024, augment=ada"],
    )


def test_values_alone_tell_cells_apart_that_have_the_same_keys() -> None:
    cells = [f"plain, data.subset={subset}, augment={augment}" for subset in (500, 5000) for augment in ("none", "ada")]
    assert shortened([*cells, "flipped, data.subset=500, augment=ada"], 20) == (
        ["plain, 500, none", "plain, 500, ada", "plain, 5000, none", "plain, 5000, ada", "flipped, 500, ada"],
        ["values of: data.subset, augment"],
    )


def test_what_differs_only_in_the_middle_is_numbered_and_explained() -> None:
    cells = [f"{'a' * 20}{n}{'b' * 20}" for n in (1, 2)]
    short, legend = shortened(cells, 14)
    assert short == ["[1] aaaaa…bbbb", "[2] aaaaa…bbbb"]
    assert legend == [f"[{n}] {cell}" for n, cell in enumerate(cells, 1)]


def test_empty_columns_go_first_and_are_not_missed() -> None:
    columns = (Column("trial"), Column("p", 9), Column("score", 1))
    assert fitted(columns, [("0123456789ab", "", "1.5")], 20).dropped == []
    assert fitted(columns, [("0123456789ab", "", "1.5")], 20).rows == ["0123456789ab  1.5"]


def shown(width: int, *, terminal: bool = False) -> str:
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    show(console, FittedTable(COLUMNS, ROWS, styles=["red"] * 3))
    return output.getvalue()


def test_a_pipe_gets_every_column_and_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    text = shown(40)
    assert "\x1b" not in text
    assert all(CELLS[n] in line and line.endswith("cluster") for n, line in enumerate(text.splitlines()[1:]))


def test_no_color_is_obeyed_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = shown(80, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown(80, terminal=True)
    assert "\x1b[31m" in coloured
    assert "\x1b[31m" not in plain
    assert "too narrow for: host" in plain
