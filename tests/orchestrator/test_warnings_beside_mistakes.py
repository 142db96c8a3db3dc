"""A sweep with mistakes is told its warnings as well, as far as they do not depend on what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.store.layout import Store

Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
HEAD = "sweep: s\nbase: {preset: tiny32, data: tiny, batch: 20, micro_batch: 20}\n"
SEARCH = "search: {trials: 4, space: {augment: {choice: [ada, none]}, batch: {choice: [20, 40]}}}\n"
LONG = "horizon_kimg: 100\nresources: {minutes: 10}\n"
LIMIT, AMBIGUOUS = "resources.minutes ends a job after 10 min", 'claim "ada < none" is not tested if'
UNRELIABLE = "fid50 is unreliable"


@pytest.fixture
def told(store: Store, sweep_file: Write, capsys: Capture) -> Callable[..., tuple[list[str], str]]:
    """A function from a sweep and options to the mistakes, a line each, and what was printed before them."""

    def told_of(text: str, *options: str) -> tuple[list[str], str]:
        store.root.joinpath("slurm.yaml").write_text("minutes: 240", encoding="utf-8")
        words = ["plan", str(sweep_file(HEAD + text)), "--backend", "slurm", *options, "--store", str(store.root)]
        assert main(words) == 2
        shown = capsys.readouterr()
        return shown.err.splitlines(), shown.out

    return told_of


MISTAKES = {
    "in the sweep": ("figures: [fid_curvs]\n", (), {LIMIT, AMBIGUOUS, UNRELIABLE}),
    "in another claim": ("claims: [ada < none, ada < < none]\n", (), {LIMIT, AMBIGUOUS, UNRELIABLE}),
    "on the command line": ("", ("--watts", "-1"), {LIMIT, AMBIGUOUS, UNRELIABLE}),
    "in the length": ("", ("--horizon-kimg", "-1"), {AMBIGUOUS, UNRELIABLE}),
    "in the watch": ("watch: {tick_kimg: -1}\n", (), {AMBIGUOUS, UNRELIABLE}),
    "in the metrics": ("metrics: [fid50, fdi50]\n", (), {AMBIGUOUS}),
}


@pytest.mark.parametrize("where", MISTAKES)
def test_a_search_with_a_mistake_has_the_warnings_that_do_not_depend_on_it(
    told: Callable[..., tuple[list[str], str]], where: str
) -> None:
    more, options, expected = MISTAKES[where]
    usual = {"claims": "claims: [ada < none]\n", "metrics": "metrics: [fid50]\n"}
    text = SEARCH + LONG + more + "".join(line for key, line in usual.items() if key not in more)
    lines, shown = told(text, *options)
    assert len(lines) == 1
    assert {one for one in (LIMIT, AMBIGUOUS, UNRELIABLE) if one in shown} == expected


def test_a_budget_is_checked_beside_a_wrong_price(told: Callable[..., tuple[list[str], str]]) -> None:
    lines, _ = told("horizon_kimg: 100\nmetrics: []\nbudget: {cpu_hours: 1.0e-9, kwh: 1.0e-9}\n", "--per-kwh", "-1")
    assert [line.split(": ")[3] for line in lines] == ["--per-kwh", "budget.cpu_hours"]
