"""Optuna's ask-and-tell interface: reported results, and recovery of its journal after a crash."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest

from orchestrator.errors import StoreError
from orchestrator.search.engine import Result
from orchestrator.search.optuna import OptunaEngine, open_engine
from orchestrator.sweep.search_space import Search, every, is_countable

SPACE = {"x": {"uniform": [0, 1]}, "kind": {"choice": ["a", ["b", 2]]}, "y": {"log_uniform": [0.1, 10]}}


def engine(place: Path, name: str = "study", **more: object) -> OptunaEngine:
    search = Search.model_validate({"trials": 30, "space": SPACE, "sampler": "random", **more})
    return open_engine(place, name, search, lambda _condition, _point: True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "optuna.jsonl"


def test_requested_configurations_are_known_to_the_next_process(place: Path) -> None:
    first = engine(place)
    asked = [first.ask() for _ in range(3)]
    first.tell(1, Result(5.0, {4.0: 5.0}))
    again = engine(place).asked()
    assert [one.point for one in again] == [one.point for one in asked]
    assert [one.is_open for one in again] == [True, False, True]
    assert asked[0].point.keys() == SPACE.keys()
    assert {str(one.point["kind"]) for one in asked} <= {"a", "['b', 2]"}


def test_the_next_configuration_does_not_depend_on_the_process(place: Path, tmp_path: Path) -> None:
    once = engine(place)
    asked = [once.ask().point for _ in range(4)]
    restarted = [engine(tmp_path / "other.jsonl").ask().point for _ in range(4)]
    assert asked == restarted
    assert engine(tmp_path / "third.jsonl", seed=1).ask().point != asked[0]


def test_a_configuration_cut_short_is_run_to_its_end(place: Path) -> None:
    first = engine(place)
    trial = first.study.ask()
    chosen = trial.suggest_float("x", 0, 1)
    (asked,) = engine(place).asked()
    assert asked.point["x"] == pytest.approx(chosen, rel=1e-3)
    assert asked.point.keys() == SPACE.keys()
    assert engine(place).asked() == [asked]


def lines(place: Path) -> list[str]:
    return place.read_text().splitlines(keepends=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda journal: journal[:-4],
        lambda journal: journal[: len(journal) // 2],
        lambda journal: [line for line in journal for _ in range(2)],
        lambda journal: [line for line in journal if '"param_name":"kind"' not in line],
        lambda journal: [*journal[:5], *journal[6:]],
    ],
)
def test_a_journal_that_lost_parts_of_configurations_asks_for_those_of_the_plan(
    place: Path, damage: Callable[[list[str]], list[str]]
) -> None:
    first = engine(place, trials=3)
    asked = [first.ask() for _ in range(3)]
    for one in asked:
        first.tell(one.number, Result(1.0, {1.0: 1.0}))
    kept = [one.point for one in asked]
    place.write_text("".join(damage(lines(place))))
    again = engine(place, trials=3)
    found = [one.point for one in again.asked(kept)]
    again.expect([point for point in kept if point not in found])
    found += [again.ask().point for _ in range(3 - len(found))]
    assert sorted(map(str, found)) == sorted(map(str, kept))
    assert [one.point for one in engine(place, trials=3).asked(kept)] == found


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_in_the_place_of_a_journal_is_refused(place: Path, make: Callable[[Path], object]) -> None:
    make(place)
    with pytest.raises(StoreError, match=r"optuna.jsonl: is no file; move it away and run again"):
        engine(place)


def test_a_torn_line_is_skipped(place: Path) -> None:
    point = engine(place).ask().point
    with place.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    again = engine(place)
    assert [one.point for one in again.asked()] == [point]
    again.ask()
    assert len(engine(place).asked()) == 2


def test_a_lost_journal_is_rebuilt_from_earlier_requests(place: Path) -> None:
    points = [engine(place).ask().point for _ in range(2)]
    place.unlink()
    again = engine(place)
    again.expect(points)
    assert again.asked() == []
    assert [again.ask().point for _ in range(2)] == points
    assert again.ask().point not in points


def test_results_are_reported_with_their_curves(place: Path) -> None:
    driver = engine(place)
    numbers = [driver.ask().number for _ in range(3)]
    driver.tell(numbers[0], Result(3.0, {4.0: 5.0, 8.0: 3.0}))
    driver.tell(numbers[1], Result(6.0, {4.0: 6.0}, stopped=True))
    driver.tell(numbers[2], Result(None, {}))
    trials = driver.study.trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "PRUNED", "FAIL"]
    assert trials[0].intermediate_values == {4000: 5.0, 8000: 3.0}
    assert driver.study.best_value == 3.0


def test_reporting_resumes_where_a_crash_interrupted_it(place: Path) -> None:
    driver = engine(place)
    number = driver.ask().number
    driver._trial(number).report(5.0, 4000)
    engine(place).tell(number, Result(3.0, {4.0: 5.0, 8.0: 3.0}))
    assert engine(place).study.trials[0].intermediate_values == {4000: 5.0, 8000: 3.0}


def test_tpe_comes_nearer_than_chance(place: Path) -> None:
    found = engine(place, sampler="tpe", startup=8)
    for _ in range(30):
        asked = found.ask()
        found.tell(asked.number, Result((asked.point["x"] - 0.7) ** 2, {}))
    late = [abs(one.point["x"] - 0.7) for one in found.asked()[15:]]
    assert sorted(late)[len(late) // 2] < 0.15


def test_dropped_configurations_were_never_requested(place: Path) -> None:
    first = engine(place)
    kept, dropped = first.ask(), first.ask()
    first.drop(dropped.number)
    assert [one.point for one in engine(place).asked()] == [kept.point]
    assert engine(place).ask().number == 2


def test_a_corrupt_journal_is_set_aside_with_a_warning(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine(place).ask()
    corrupt = "[]\n{\n" + place.read_text()
    place.write_text(corrupt)
    assert engine(place).asked() == []
    (aside,) = place.parent.glob("optuna.jsonl.unreadable-*")
    assert aside.read_text() == corrupt
    assert f"set aside as {aside.name}" in caplog.text


def test_a_file_system_that_fails_costs_no_journal(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(place).ask()
    before = place.read_text()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(optuna, "create_study", full)
    with pytest.raises(OSError, match="No space left"):
        engine(place)
    assert [path.name for path in place.parent.glob("optuna.jsonl*")] == ["optuna.jsonl"]
    assert place.read_text() == before


def test_every_point_of_a_countable_space_is_counted_once() -> None:
    space = {"a": {"choice": ["x", "y"]}, "b": {"int": [1, 3], "when": {"a": "x"}}, "c": {"choice": [0.5]}}
    search = Search.model_validate({"trials": 1, "space": space})
    points = list(every(search.space, lambda condition, point: point["a"] == condition["a"]))
    assert points == [*({"a": "x", "b": b, "c": 0.5} for b in (1, 2, 3)), {"a": "y", "c": 0.5}]
    assert is_countable(search.space)
    assert not is_countable(Search.model_validate({"trials": 1, "space": SPACE}).space)
