from typing import Any, NamedTuple

import pytest

from trainer.config.claims.cells import cell_of, pair_of
from trainer.config.claims.grammar import Claim, ClaimProblem, Reading, Side, parse_claim

ADA, BASELINE = Side("ada", {}), Side("baseline", {})


def at(side: Side, **settings: str) -> Side:
    return Side(side.name, settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada < baseline", (ADA, BASELINE)),
        ("baseline > ada", (ADA, BASELINE)),
        ("ada<baseline", (ADA, BASELINE)),
        (
            "ada < baseline at subset=2000, p<0.01, n>=5",
            (at(ADA, subset="2000"), at(BASELINE, subset="2000"), 0.01, 5),
        ),
        ("ada < baseline @ subset=2000, p < 0.01", (at(ADA, subset="2000"), at(BASELINE, subset="2000"), 0.01)),
        (
            "baseline & subset=500 > baseline & subset=5000, by rise",
            (at(BASELINE, subset="5000"), at(BASELINE, subset="500"), 0.05, 3, None, Reading.RISE),
        ),
        ("gamma=0.1 < gamma=1, p<0.1", (Side(None, {"gamma": "0.1"}), Side(None, {"gamma": "1"}), 0.1)),
        ("ada < baseline by last kid2k", (ADA, BASELINE, 0.05, 3, "kid2k", Reading.LAST)),
        ("ada < baseline, by fid50k_full at 200 kimg", (ADA, BASELINE, 0.05, 3, "fid50k_full", Reading.AT_KIMG, 200)),
        ("ada < baseline at 0.5 kimg", (ADA, BASELINE, 0.05, 3, None, Reading.AT_KIMG, 0.5)),
        ("ada > baseline by pr2k_recall", (BASELINE, ADA, 0.05, 3, "pr2k_recall")),
        ("no augmentation > ADA", (Side("ADA", {}), Side("no augmentation", {}))),
    ],
)
def test_claims_are_read(text: str, expected: tuple[Any, ...]) -> None:
    assert parse_claim(text) == Claim(text, *expected)


def test_a_control_is_a_claim_that_says_so() -> None:
    assert parse_claim("control: ada < baseline") == Claim("control: ada < baseline", ADA, BASELINE, is_control=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada baseline", 'is not a claim; write it like "ada < baseline'),
        ("ada < ", "is not a claim"),
        ("ada <= baseline", "is not a claim"),
        ("ada < baseline < lecam", '"baseline < lecam" is not one side'),
        ("ada < baseline p<0.01", '"baseline p<0.01" is not one side'),
        ("Karras et al. 2020 - ADA helps", "is not a claim"),
        ("ada < baseline, p<2", '"p<2": p is a number between 0 and 1'),
        ("ada < baseline, p<x", '"p<x": "x" is not a number above 0'),
        ("ada < baseline, p<nan", "is not a number above 0"),
        ("ada < baseline, n>=x", '"n>=x": n is a number of seeds'),
        ("ada < baseline, n>=0", '"n>=0": n is a number of seeds'),
        ("ada < baseline, p<0.1, p<0.2", '"p<0.2" gives p a second time'),
        ("ada < baseline at subset=1, subset=2", '"subset=2" gives subset a second time'),
        ("ada < baseline by last, at 5 kimg", "gives what is compared a second time"),
        ("ada < baseline, maybe", '"maybe" is neither axis=value'),
        ("ada < baseline by middle", '"middle" is neither a metric, such as kid2k, nor one of best, last, rise'),
        ("ada < baseline at -5 kimg", "is not a number above 0"),
        ("ada & & < baseline", '"ada & &" is not one side'),
        ("ada & bcr < baseline", '"ada & bcr" is not one side'),
        ("ada at subset=5 < baseline", '"ada at subset=5" is not one side; a setting of one side goes with "&"'),
        ("ada < ada", "compares a cell with itself"),
    ],
)
def test_what_is_not_understood_is_reported(text: str, message: str) -> None:
    with pytest.raises(ClaimProblem) as problem:
        parse_claim(text)
    assert message in str(problem.value)


class Cell(NamedTuple):
    name: str
    settings: dict[str, Any]


CELLS = {
    "baseline, data.subset=500": Cell("baseline", {"augment": "none", "data.subset": 500}),
    "ada, data.subset=500": Cell("ada", {"augment": {"type": "ada", "target": 0.5}, "data.subset": 500}),
    "bcr, data.subset=500": Cell("bcr", {"augment": "none", "methods": [{"type": "bcr"}], "data.subset": 500}),
    "baseline, data.subset=5000": Cell("baseline", {"augment": "none", "data.subset": 5000}),
    "gamma=0.5": Cell("", {"objective.r1_gamma": 0.5, "generator.gamma": 2, "mirror": True}),
}


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("baseline", {"subset": "500"}, "baseline, data.subset=500"),
        ("baseline", {"data.subset": "5e3"}, "baseline, data.subset=5000"),
        ("ADA", {}, "ada, data.subset=500"),
        ("bcr", {}, "bcr, data.subset=500"),
        ("ada, data.subset=500", {}, "ada, data.subset=500"),
        ("gamma=0.5", {}, "gamma=0.5"),
        (None, {"r1_gamma": ".5"}, "gamma=0.5"),
        (None, {"mirror": "true"}, "gamma=0.5"),
        (None, {"augment": "ada"}, "ada, data.subset=500"),
        (None, {"methods": "bcr"}, "bcr, data.subset=500"),
    ],
)
def test_a_side_finds_its_cell(name: str | None, settings: dict[str, str], expected: str) -> None:
    assert cell_of(Side(name, settings), CELLS) == expected


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("baseline", {}, "matches baseline, data.subset=500 | baseline, data.subset=5000; add a condition"),
        ("noaug", {"subset": "500"}, "matches baseline, data.subset=500 | bcr, data.subset=500"),
        ("lecam", {}, '"lecam" matches none of baseline, data.subset=500 | '),
        ("baseline", {"subset": "7"}, '"baseline & subset=7" matches none of'),
        (
            "baseline",
            {"batch": "7"},
            '"batch" is not an axis of the sweep; axes: augment, data.subset, generator.gamma',
        ),
        (None, {"gamma": "2", "subset": "5"}, "matches none of"),
    ],
)
def test_a_side_must_mean_one_cell(name: str | None, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ClaimProblem) as problem:
        cell_of(Side(name, settings), CELLS)
    assert message in str(problem.value)


def test_two_axes_with_one_short_name_are_distinguished() -> None:
    cells = {"a": Cell("a", {"generator.depth": 1}), "b": Cell("b", {"discriminator.depth": 1})}
    with pytest.raises(ClaimProblem, match=r"discriminator\.depth or generator\.depth; write the whole key"):
        cell_of(Side(None, {"depth": "1"}), cells)


def test_two_names_of_one_cell_are_not_a_comparison() -> None:
    with pytest.raises(ClaimProblem, match=r"compares ada, data\.subset=500 with itself"):
        pair_of(parse_claim("ada < augment=ada"), CELLS)
