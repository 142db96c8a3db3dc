"""The parameters of a convolution, without its tensors."""

from typing import NamedTuple

from torch import Tensor

Axes = tuple[int, int]


class Geometry(NamedTuple):
    """The parameters of a convolution. `extra` is the output padding of a transposed one."""

    stride: int
    padding: int
    groups: int
    transposed: bool
    extra: Axes = (0, 0)

    def adjoint(self, x: Tensor, y: Tensor, weight: Tensor) -> "Geometry":
        """Return the geometry of C^T: from the shape of y to the shape of x."""
        if self.transposed:
            return self._replace(transposed=False, extra=(0, 0))
        height, width = (
            x.shape[axis] - ((y.shape[axis] - 1) * self.stride - 2 * self.padding + weight.shape[axis])
            for axis in (2, 3)
        )
        return self._replace(transposed=True, extra=(height, width))

    def arguments(self) -> tuple[list[int], list[int], list[int], bool, list[int], int]:
        """Return stride, padding, dilation, transposed, output padding and groups as torch's arguments."""
        return [self.stride] * 2, [self.padding] * 2, [1, 1], self.transposed, list(self.extra), self.groups


NeededGradients = tuple[bool, bool, bool]
"""Whether gradients of the image, the weight and the bias are wanted."""
