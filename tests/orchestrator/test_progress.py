import io
from dataclasses import replace

import pytest
from rich.console import Console

from orchestrator.display.progress import Bars, Lines, Silence, in_a_line, view_for
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
)


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, force_terminal=terminal, width=200, color_system=None), output


def test_a_line_says_where_a_trial_is_and_how_long_it_takes() -> None:
    assert in_a_line(STATUS) == (
        "  running  0123456789ab  augment=ada, data.subset=[5] #3  2/8 kimg  "
        "fid2k-lite0 51.23 (best 50)  p 0.12  50 img/s  training  2 min left"
    )


def test_lines_are_printed_when_something_changes() -> None:
    target, output = console(terminal=False)
    view = Lines(target)
    for status in (STATUS, STATUS, replace(STATUS, kimg=2.1), replace(STATUS, kimg=4.0), replace(STATUS, state="done")):
        view.show([status])
    assert [line.split()[0] for line in output.getvalue().splitlines()] == ["running", "running", "done"]


def test_bars_show_labels_as_they_are() -> None:
    target, output = console(terminal=True)
    with Bars(target) as view:
        view.show([STATUS])
        view.show([replace(STATUS, state="done", kimg=9.0)])
    assert "augment=ada, data.subset=[5] #3" in output.getvalue()
    assert "8.0/8 kimg" in output.getvalue()


@pytest.mark.parametrize(
    ("terminal", "quiet", "kind"), [(True, False, Bars), (False, False, Lines), (True, True, Silence)]
)
def test_the_view_suits_the_output(terminal: bool, quiet: bool, kind: type) -> None:
    assert isinstance(view_for(console(terminal)[0], quiet), kind)
