"""The reasons of a tier (`because`) are about something that the sweep has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.reader import read_sweep
from tests.support.tiny_sweep import SWEEP

Write = Callable[[str], Path]
TEXT = SWEEP + "cells: {plain: {}, wide: {generator.z_dim: 64}}\nfigures: [fid_curves]\nclaims: [plain < wide]\n"


def tier(reasons: str) -> str:
    return f"{TEXT}tiers: {{small: {{cells: {{wide: null}}, grid: {{augment: [none]}}, because: {{{reasons}}}}}}}\n"


UNKNOWN = [
    ("cells.wied: slow", "tiers.small.because.cells.wied", "did you mean 'cells.wide'?"),
    ("figurs: none", "tiers.small.because.figurs", "did you mean 'figures'?"),
    ("augment=adaa: slow", "tiers.small.because.augment=adaa", "did you mean 'augment=ada'?"),
    ("zzzzzzzz: slow", "tiers.small.because.zzzzzzzz", "it takes cells, figures, claims, cells.NAME"),
]


@pytest.mark.parametrize(("reasons", "key", "told"), UNKNOWN)
def test_a_reason_about_nothing_is_refused(sweep_file: Write, reasons: str, key: str, told: str) -> None:
    with pytest.raises(SweepError) as error:
        read_sweep(sweep_file(tier(reasons)), "small")
    assert told in error.value.problems[0].text
    assert error.value.problems[0].key == key


@pytest.mark.parametrize("name", ["cells", "cells.wide", "augment", "augment=ada", "figures", "claims", "data.subset"])
def test_a_reason_about_what_the_sweep_has_is_accepted(sweep_file: Write, name: str) -> None:
    assert read_sweep(sweep_file(tier(f"{name}: it takes too long")), "small").spec.because
