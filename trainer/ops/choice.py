"""Select the implementation of the operations that a run uses; falling back to the reference is always logged."""

from trainer.config.options import OpsChoice
from trainer.errors import UserError
from trainer.ops.build import place
from trainer.ops.build.status import status
from trainer.ops.kernels import Kernels
from trainer.ops.reference import ReferenceKernels
from trainer.runtime.console import log


def choose(wanted: OpsChoice, device: str) -> Kernels:
    """Return the operations for a type of device. `auto` uses its build, or logs that there is none.

    Raises UserError if `native` is requested and there is no build.
    """
    if wanted == "reference":
        return ReferenceKernels()
    kind: place.BuildKind = "cuda" if device == "cuda" else "cpu"
    if place.library(kind) is not None:
        return native(kind)
    missing = next(one.detail for one in status() if one.kind == kind)
    if wanted == "native":
        raise UserError("ops: native", missing)
    log(f"adasweep: using the slower reference operations: native ones for {kind} are {missing}")
    return ReferenceKernels()


def native(kind: place.BuildKind, smallest: int | None = None) -> Kernels:
    """Load and return the compiled operations of `kind`, and those of the CPU if they are built.

    `smallest` is the number of elements below which element-wise operations are left to torch.
    """
    from trainer.ops.native.kernels import WORTH_A_CALL, Native
    from trainer.ops.native.library import Library, serve

    kinds: set[place.BuildKind] = {kind, "cpu"}
    serve({one: Library(path, one) for one in kinds if (path := place.library(one)) is not None})
    return Native(place.name(kind), WORTH_A_CALL if smallest is None else smallest)
