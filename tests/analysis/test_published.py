"""Published values beside ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.claims.published import Outcome, PublishedComparison, compare_published, comparison_lines
from analysis.results.load import loader
from analysis.synthetic_store import FakeRun, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import loaded

RUNS = [FakeRun(augment, 500, seed) for augment in ("none", "ada") for seed in range(3)]
SOURCE = "Karras et al. 2020, Fig. 7c"


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", RUNS, step_kimg=20.0, files=False)


def compared(store: ResultStore, plan: dict[str, Any] | None = None, **value: Any) -> PublishedComparison:
    path = store.plan("synthetic")
    document = json.loads(path.read_text())
    metric = document["metrics"][0] if document.get("metrics") else "fid2k"
    given = {"of": "ada", "metric": metric, "value": 1.0, "source": SOURCE, "detector": "lite0"} | value
    path.write_text(json.dumps(document | {"tier": "", "metrics": [metric], "published": [given]} | (plan or {})))
    (found,) = compare_published(loader(store, "synthetic", loaded(store)))
    return found


def test_a_number_within_the_tolerance_is_reproduced_and_another_is_off(store: ResultStore) -> None:
    ours = compared(store).ours
    assert compared(store, value=ours * 1.04).outcome is Outcome.REPRODUCED
    assert compared(store, value=ours * 1.04, tolerance=0.01).outcome is Outcome.OFF
    assert compared(store, value=ours * 1.04, tolerance=0.01, spread=ours).outcome is Outcome.REPRODUCED
    off = compared(store, value=ours / 2)
    assert off.off == pytest.approx(1)
    (line,) = comparison_lines([off])
    assert line.startswith("OFF BY +100.0 %  ada, ")
    assert SOURCE in line


@pytest.mark.parametrize(
    ("plan", "value", "reason"),
    [
        ({"tier": "smoke"}, {}, "tier smoke"),
        ({}, {"detector": "inception"}, "features of lite0, published: inception"),
        ({}, {"not_comparable": "against the test split"}, "against the test split"),
        ({}, {"metric": "kid50k_full"}, "metrics here are"),
        ({}, {"of": "adaa"}, "not in this plan"),
    ],
)
def test_what_cannot_be_compared_says_why(
    store: ResultStore, plan: dict[str, Any], value: dict[str, Any], reason: str
) -> None:
    found = compared(store, plan, **value)
    assert found.outcome is Outcome.NOT_COMPARABLE
    assert reason in found.reason
    assert json.dumps(found.as_json())
