"""Published values in a sweep file are checked when it is read and planned."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import PointOfCells, expand
from orchestrator.sweep.published_values import misplaced_values
from orchestrator.sweep.reader import examined, read_sweep
from tests.support.tiny_sweep import find

SWEEP = (
    "sweep: s\nbase: {preset: tiny32, data: tiny}\ncells: {plain: {augment: none}, ada: {augment: ada}}\n"
    "horizon_kimg: 1\nmetrics: [fid2k]\npublished:\n"
    "- {of: ada, metric: fid2k, value: 3.1, spread: 0.2, source: Fig. 1}\n"
)
Write = Callable[[str], Path]


def test_a_published_value_is_part_of_the_sweep(sweep_file: Write) -> None:
    (value,) = read_sweep(sweep_file(SWEEP)).spec.published
    assert (value.value, value.spread, value.tolerance) == (3.1, 0.2, 0.05)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("of: ada", "of: ada < plain", "7: published[0].of: "),
        ("metric: fid2k", "metric: fid5k", "7: published[0].metric: fid5k is not measured; metrics: fid2k"),
        ("spread", "spraed", "7: published[0].spraed: is not a key; did you mean 'spread'?"),
        (", source: Fig. 1", "", "7: published[0].source: is missing"),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_with_its_line(sweep_file: Write, old: str, new: str, expected: str) -> None:
    with pytest.raises(SweepError) as error:
        read_sweep(sweep_file(SWEEP.replace(old, new, 1)))
    assert expected in str(error.value)


def test_one_that_names_no_cell_says_which_one_was_meant(sweep_file: Write) -> None:
    sweep = read_sweep(sweep_file(SWEEP.replace("of: ada", "of: adda")))
    ((path, text),) = misplaced_values(sweep.spec.published, {trial.cell: trial for trial in expand(sweep, find)})
    assert path == ("published", 0, "of")
    assert "did you mean 'ada'?" in text


@pytest.mark.parametrize("word", ["unreadable", "UnreadValue", "prose: unreadable, 1"])
def test_a_source_of_any_words_hides_no_mistake_of_its_value(sweep_file: Write, word: str) -> None:
    wrong = f"- {{of: adda, metric: fid5k, value: 1, source: '{word}'}}\n- {{of: ada}}\n"
    sweep = examined(sweep_file(SWEEP + wrong))
    keys = {problem.key for problem in sweep.problems}
    assert keys == {"published[1].metric", "published[2].metric", "published[2].value", "published[2].source"}
    assert sweep.sweep
    cells = {name: PointOfCells(name, {}) for name in ("plain", "ada")}
    assert [path for path, _ in misplaced_values(sweep.sweep.spec.published, cells)] == [("published", 1, "of")]
