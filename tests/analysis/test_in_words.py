import math

import pandas as pd
import pytest

from analysis.results.in_words import in_words
from analysis.results.score import Score
from analysis.results.summary import Summary, summarize
from analysis.tables.store import ResultStore
from tests.analysis.stores import loaded

FID = Score("fid2k-lite0", "17ee7997")
INCEPTION = Score("is2k-lite0", "17ee7997")
OF_ONE_RUN = {"cell": "none", "best_kimg": 12.0, "p": 0.0, "r_t": 0.5, "scored_runs": 1}


def sentence(best: float, last: float, score: Score = FID, **more: object) -> str:
    table = pd.DataFrame([OF_ONE_RUN | {"best": best, "last": last} | more])
    (line,) = in_words(Summary("s", None, score, table, ""))
    return line


def test_a_score_that_ends_a_tenth_above_its_best_turned_up() -> None:
    assert sentence(200, 260) == (
        "none: FID was best, 200, at 12 kimg, and ended 30% worse, at 260: it turned up; r_t ended at 0.50."
    )
    assert "it turned up" in sentence(200, 220)
    assert "it did not turn" in sentence(200, 219.9)


def test_a_score_that_should_be_high_turns_down() -> None:
    assert "ended 50% worse, at 2: it turned down" in sentence(4, 2, INCEPTION)
    assert "it did not turn" in sentence(4, 3.9, INCEPTION)


def test_the_sentence_tells_overfitting_and_augmentation() -> None:
    line = sentence(200, 200, r_t=0.94, p=0.12, scored_runs=5)
    assert line.endswith(
        "p ended at 0.12; r_t ended at 0.94: the discriminator takes held-out images for generated ones."
    )
    assert "(medians of 5 runs)" in line
    assert "p ended" not in sentence(200, 200, p=0.004)


@pytest.mark.parametrize(
    ("best", "last", "told"),
    [(math.nan, math.nan, "not evaluated yet"), (200, math.inf, "diverged"), (-0.5, 0.1, "and ended at 0.1;")],
)
def test_what_has_no_course_is_not_said_to_turn(best: float, last: float, told: str) -> None:
    assert told in sentence(best, last)
    assert "turn" not in sentence(best, last)


def test_a_sweep_has_a_sentence_for_each_cell(store: ResultStore) -> None:
    summary = summarize(*loaded(store))
    assert [line.partition(":")[0] for line in in_words(summary)] == list(summary.table["cell"])
