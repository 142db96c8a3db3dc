"""Sample grids: rows of one class, every class in turn, any number of images."""

from hypothesis import given
from hypothesis import strategies as st

from trainer.data.grid import GridSize, grid_indices


@given(st.integers(1, 50), st.integers(1, 9), st.integers(1, 9))
def test_a_grid_is_full_however_few_images_there_are(images: int, columns: int, rows: int) -> None:
    indices = grid_indices(GridSize(columns, rows), images)
    assert len(indices) == columns * rows
    assert len(set(indices)) == min(images, columns * rows)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 12))
def test_a_row_shows_one_class_and_rows_go_round_the_classes(labels: list[int], columns: int, rows: int) -> None:
    indices = grid_indices(GridSize(columns, rows), len(labels), labels)
    classes = sorted(set(labels))
    for row in range(rows):
        shown = {labels[index] for index in indices[row * columns : (row + 1) * columns]}
        assert shown == {classes[row % len(classes)]}
