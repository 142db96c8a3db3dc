import io
import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from orchestrator.display.progress import Bars, Lines, Screen, Silence, status_line, view_for
from orchestrator.display.trial_table import status_table
from orchestrator.plan.status import TrialStatus

STATUS = TrialStatus(
    trial="0123456789ab",
    cell="augment=ada, data.subset=[5]",
    seed=3,
    state="running",
    kimg=2.0,
    horizon_kimg=8.0,
    score="fid2k-lite0",
    score_last=51.234,
    score_best=50.0,
    p=0.125,
    r_t=0.6,
    images_per_second=50.0,
    attempts=1,
    hours=0.1,
    joules=None,
    host="h",
    doing="training",
    wrong="",
    ops="native x86-64-v4 bc2c767d",
    left_seconds=120.0,
)


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=terminal, width=200, color_system=None), output


def test_a_line_says_where_a_trial_is_and_how_long_it_takes() -> None:
    assert status_line(STATUS) == (
        "  running  0123456789ab  augment=ada, data.subset=[5] #3  2/8 kimg  "
        "fid2k-lite0 51.23 (best 50)  p 0.12  50 img/s  training  about 2 min left"
    )


def test_the_status_of_a_trial_names_its_operations() -> None:
    target, output = console(terminal=True)
    target.print(status_table("s", [STATUS, replace(STATUS, ops="reference")], most=9))
    heading, native, reference = output.getvalue().splitlines()[1:4]
    assert [line.split()[-2] for line in (heading, native, reference)] == ["ops", "native", "reference"]


def test_lines_are_printed_when_something_changes() -> None:
    target, output = console(terminal=False)
    view = Lines(target)
    for status in (STATUS, STATUS, replace(STATUS, kimg=2.1), replace(STATUS, kimg=4.0), replace(STATUS, state="done")):
        view.show([status])
    assert [line.split()[0] for line in output.getvalue().splitlines()] == ["running", "running", "done"]


def screen(statuses: Sequence[TrialStatus], width: int = 80, height: int = 24, encoding: str = "utf-8") -> list[str]:
    """Return the lines that a terminal of this size shows of a running sweep."""
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    target = Console(file=output, force_terminal=True, width=width, height=height, color_system=None)
    target.print(Screen(2, statuses, (60.0,)))
    output.seek(0)
    return output.read().splitlines()


def test_bars_show_labels_as_they_are() -> None:
    target, output = console(terminal=True)
    with Bars(target) as view:
        view.show([STATUS])
        view.show([replace(STATUS, state="done", kimg=9.0)])
    assert "augment=ada, data.subset=[5]" in output.getvalue()
    assert "8/8" in output.getvalue()


CELLS = [
    f"generator.channel_base={base}, data.subset={subset}, augment={augment}"
    for base, subset, augment in itertools.product((1024, 2048), (500, 5000), ("none", "ada"))
]
MANY = [replace(STATUS, trial=f"{n:012x}", cell=cell, kimg=n, horizon_kimg=25000.0) for n, cell in enumerate(CELLS)]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_ids_states_bar_and_kimg_are_whole_and_cells_differ_at_any_width(width: int) -> None:
    lines = screen(MANY, width)
    rows = lines[1 : 1 + len(MANY)]
    assert all(len(line) <= width for line in lines)
    assert len({row[23:].partition("  ")[0] for row in rows}) == len(MANY)
    for row, status in zip(rows, MANY, strict=True):
        words = row.split()
        assert {"running", status.trial, f"{status.kimg:g}/25000"} <= set(words)
        assert any(len(word) == 12 and set(word) <= {"━", "─"} for word in words)


def test_the_sweep_has_one_bar_and_one_time_that_is_left() -> None:
    over = replace(STATUS, trial="0" * 12, state="done", kimg=8.0, left_seconds=0.0)
    lines = screen([over, STATUS, replace(STATUS, trial="ba9876543210")])
    assert lines[-1].split("  ")[-1] == "1 of 4 finished, about 2.5 min left"
    assert "38%" in lines[-1]
    assert sum("finished" in line for line in lines) == 1


def test_what_runs_comes_first_and_the_sweep_stays_in_sight_where_not_all_fit() -> None:
    waiting = [replace(status, state="new", left_seconds=None) for status in MANY]
    lines = screen([*waiting, STATUS], height=8)
    assert len(lines) <= 7
    assert lines[1].startswith("running  0123456789ab")
    assert lines[-2] == "… and 6 more (all of them: adasweep status)"
    assert lines[-1].startswith("sweep")


def test_a_terminal_without_unicode_gets_plain_characters() -> None:
    lines = screen(MANY, encoding="ascii")
    assert "############------------" in screen([replace(STATUS, kimg=8.0)], encoding="ascii")[-1]
    assert all(line.isascii() for line in lines)


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(view_for(console(True)[0]), Lines)


def test_lines_report_finished_runs_and_the_remaining_time() -> None:
    target, output = console(terminal=False)
    over = replace(STATUS, trial="ba9876543210", seed=4, state="done", left_seconds=0.0)
    Lines(target, parallel=2).show([over, STATUS], [60.0])
    assert output.getvalue().splitlines()[-1] == "    sweep  1 of 3 finished, about 2 min left"


@pytest.mark.parametrize(
    ("terminal", "quiet", "kind"), [(True, False, Bars), (False, False, Lines), (True, True, Silence)]
)
def test_the_view_suits_the_output(terminal: bool, quiet: bool, kind: type) -> None:
    assert isinstance(view_for(console(terminal)[0], quiet), kind)
