"""TransferSource: what a sweep writes under `transfer` where it names a trial instead of a file."""

from typing import Literal, NamedTuple

from orchestrator.sweep.yaml_source import KeyPath
from trainer.config.spec import Positive, Seed, Settings


class TransferSource(Settings):
    """The trial that a run starts from: a cell of this sweep, or of another.

    `sweep` is the name of a sweep that comes with the package, or the path of a file that ends in .yaml. Of several
    cells called `cell`, it is the one that has the same values on the axes that both have. `tier` is that of the sweep
    that starts from it, unless it says otherwise; "" is the file as it stands. `at` is a moment: the end, the best
    snapshot by the score, or thousands of images. All seeds start from the source's first, unless `seed` names another
    one, or `same`: each its own.
    """

    cell: str = ""
    sweep: str = ""
    tier: str | None = None
    at: Literal["last", "best"] | Positive = "last"
    seed: Literal["same"] | Seed | None = None


class SourceReference(NamedTuple):
    """A source as a cell of a sweep names it, and where it does."""

    source: TransferSource
    path: KeyPath
