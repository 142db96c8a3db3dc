"""Changes of images in 0..255 that mimic augmentations that may leak, with typical strengths of the pipe."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

Uint8Images = UInt8[Tensor, "n c h w"]
ImageChange = Callable[[Uint8Images], Uint8Images]


def _shifted(images: Uint8Images) -> Uint8Images:
    """Return images moved by an eighth of their side along both axes, cycling through four directions, reflected."""
    reach = images.shape[-1] // 8
    padded = F.pad(images.float(), (reach,) * 4, mode="reflect").to(torch.uint8)
    size, result = images.shape[-1], images.clone()
    for corner in range(4):
        top, left = 2 * reach * (corner // 2), 2 * reach * (corner % 2)
        result[corner::4] = padded[corner::4, :, top : top + size, left : left + size]
    return result


def _brightened(images: Uint8Images) -> Uint8Images:
    """Return images alternately lighter and darker, by two standard deviations of the pipe: 0.4 of [-1, 1]."""
    signs = torch.ones(len(images), 1, 1, 1)
    signs[1::2] = -1
    return (images + 0.4 * 127.5 * signs).clamp(0, 255).to(torch.uint8)


def _inverted(images: Uint8Images) -> Uint8Images:
    """Return images with lightness inverted and hues preserved."""
    centred = images.float() - 127.5
    return _pixels(centred - 2 * centred.mean(1, keepdim=True))


def _recoloured(images: Uint8Images) -> Uint8Images:
    """Return images with hues rotated by 180 degrees; grey images are unchanged."""
    centred = images.float() - 127.5
    return _pixels(2 * centred.mean(1, keepdim=True) - centred) if images.shape[1] > 1 else images


def _pixels(centred: Tensor) -> Uint8Images:
    return (centred + 127.5).round().clamp(0, 255).to(torch.uint8)


CHANGES: dict[str, ImageChange] = {
    "quarter turn": lambda images: images.rot90(1, (2, 3)),
    "half turn": lambda images: images.rot90(2, (2, 3)),
    "mirror": lambda images: images.flip(3),
    "shift": _shifted,
    "brightness": _brightened,
    "inverted light": _inverted,
    "hue": _recoloured,
}
