"""While tests run, calls of the trainer's functions are checked against the shapes in their signatures."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from jaxtyping import Float
from torch import Tensor

from tests import typechecked
from tests.support.checked_shapes import checked_once
from trainer.ops.bias_act import bias_act

checked = checked_once(typechecker=typechecked)


@checked
def total(x: Float[Tensor, "n c"], y: Float[Tensor, "n"]) -> Float[Tensor, "n c"]:
    return x + y[:, None] if y.min() >= 0 else x.T


@checked
def zeros(count: int) -> Float[Tensor, "{count} z"]:
    return torch.zeros(abs(count), 2)


@checked
def rows(x: Float[Tensor, "n c"], y: Float[Tensor, "n"]) -> Iterator[Float[Tensor, "c"]]:
    yield from x + y[:, None]


def test_calls_that_fit_pass() -> None:
    assert total(torch.zeros(2, 3), torch.ones(2)).sum() == 6
    assert zeros(2).shape == (2, 2)
    assert len(list(rows(torch.zeros(2, 3), torch.ones(2)))) == 2
    assert total(torch.zeros(4, 1), torch.ones(4)).shape == (4, 1), "axes are those of one call"


@pytest.mark.parametrize(
    "call",
    [
        lambda: total(torch.zeros(2, 3), torch.ones(3)),
        lambda: total(torch.zeros(2, 3), torch.ones(2, 1)),
        lambda: total(torch.zeros(2, 3, dtype=torch.int64), torch.ones(2)),
        lambda: total(torch.zeros(2, 3), [0.0, 1.0]),
        lambda: total(torch.zeros(2, 3), -torch.ones(2)),
        lambda: zeros(-2),
        lambda: rows(torch.zeros(2, 3), torch.ones(3)),
    ],
    ids=["another axis", "another rank", "another type", "no array", "result", "computed axis", "generator"],
)
def test_a_call_that_does_not_fit_fails(call: Callable[[], Any]) -> None:
    with pytest.raises(Exception, match=r"[Tt]ype-check error|violates type hint"):
        call()


def test_functions_of_the_trainer_are_checked() -> None:
    with pytest.raises(Exception, match=r"[Tt]ype-check error|violates type hint"):
        bias_act(torch.zeros(2, 3), torch.zeros(2, 3), activation="linear")
