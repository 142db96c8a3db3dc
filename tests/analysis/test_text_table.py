import pandas as pd
import pytest

from analysis.figures.shapes.score_table import best_places
from analysis.figures.shapes.text_table import PAGE_INCHES, TextTable, blocks, table_size


def test_a_narrow_table_is_one_block() -> None:
    (block,) = blocks(TextTable(["method", "2k images"], [["ADA", "7.01"]]))
    assert (block.columns, block.headings) == ([0, 1], ["method", "2k images"])


def test_long_headings_are_broken_where_words_end() -> None:
    (block,) = blocks(TextTable(["", "diffaugment\nfid5k_full-inception"], [["cifar10", "7.01"]]))
    assert block.headings[1] == "diffaugment\nfid5k_full-\ninception"


def test_a_wide_table_is_split_into_blocks_that_start_with_the_first_column() -> None:
    wide = TextTable(
        ["set", *(f"method {number}" for number in range(30))], [["cifar10 · 10k images", *["12.34"] * 30]]
    )
    found = blocks(wide)
    assert len(found) > 2
    assert {block.columns[0] for block in found} == {0}
    assert [column for block in found for column in block.columns[1:]] == list(range(1, 31))
    width, height = table_size(wide)
    assert width <= PAGE_INCHES + 0.3
    assert height > len(found) * found[0].height


@pytest.mark.parametrize(
    ("values", "bold"), [([1.0, 0.9, 1.0], [(0, 1), (2, 1)]), ([0.0, 0.0, 0.0], []), ([1.0, 0.5, 0.2], [(0, 1)])]
)
def test_equal_best_entries_are_all_bold_and_none_is_where_all_are_equal(
    values: list[float], bold: list[tuple[int, int]]
) -> None:
    rows = ["a", "b", "c"]
    table = pd.DataFrame({"row": rows, "column": "x", "metric": "pr", "higher_is_better": True, "value": values})
    assert best_places(table, rows, [("x", "pr")], "column") == bold
