"""The colour stage: all changes of colour as one affine map."""

from jaxtyping import Float
from torch import Tensor

from trainer.augment.matrices import Colour


def recolour(images: Float[Tensor, "n c h w"], matrix: Colour) -> Float[Tensor, "n c h w"]:
    """Return x -> A x + b at every pixel, for C = [A b; 0 1].

    A grey image stands for (x, x, x), and the three channels of the result are averaged.
    """
    linear, offset = matrix[:, :3, :3], matrix[:, :3, 3, None]
    if images.shape[1] == 1:
        linear, offset = linear.sum(dim=2, keepdim=True).mean(dim=1, keepdim=True), offset.mean(dim=1, keepdim=True)
    elif images.shape[1] != 3:
        raise ValueError(f"colour augmentation needs grey or RGB images; these have {images.shape[1]} channels")
    return (linear @ images.flatten(2) + offset).reshape(images.shape)
