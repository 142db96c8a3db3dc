"""A number that a paper prints for a cell of a sweep, as the sweep's file states it under `published`."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.config.claims.grammar import Side, parse_side
from trainer.config.spec import NonNegative, Positive, Settings

OverRuns = Literal["median", "mean", "best"]


class PublishedValue(Settings):
    """`value` is what `source` prints of the cell `of`, for a metric or one of its values (`is50k_mean`).

    `of` is a side in the grammar of claims: `ada & subset=1000`. `spread` is printed behind "±", `tolerance` a share of
    the value within which ours counts as the same. `aggregate` says what of several runs is compared, each at its best
    snapshot. `not_comparable` says what is known to differ: another reference set, another number of images.
    """

    of: str
    metric: str
    value: Annotated[float, Field(allow_inf_nan=False)]
    spread: NonNegative | None = None
    unit: str = ""
    source: Annotated[str, Field(min_length=1)]
    aggregate: OverRuns = "median"
    tolerance: Positive = 0.05
    detector: str = "inception"
    not_comparable: str = ""

    @property
    def side(self) -> Side:
        """Return the cell that is meant. Raises ClaimProblem."""
        return parse_side(self.of)
