"""The transforms of the pipe in their fixed order (Karras et al. 2020, App. B), and the groups that form the pipes.

The paper counts 18; here rotation has two rows, before and after the anisotropic scale. To add a transform, write its
class in the file of its kind and add a row.
"""

from collections.abc import Mapping

from trainer.augment.transforms.base import Transform
from trainer.augment.transforms.colour import Brightness, Contrast, Hue, LumaFlip, Saturation
from trainer.augment.transforms.corruption import Cutout, Noise
from trainer.augment.transforms.filtering import FilterBand
from trainer.augment.transforms.geometric import (
    AnisotropicScale,
    FractionalTranslation,
    IntegerTranslation,
    IsotropicScale,
    Rotate90,
    Rotation,
    XFlip,
)
from trainer.config.augment import Group

TRANSFORMS: Mapping[str, Transform] = {
    "xflip": XFlip(),
    "rotate90": Rotate90(),
    "xint": IntegerTranslation(),
    "scale": IsotropicScale(),
    "rotate_pre": Rotation(),
    "aniso": AnisotropicScale(),
    "rotate_post": Rotation(),
    "xfrac": FractionalTranslation(),
    "brightness": Brightness(),
    "contrast": Contrast(),
    "lumaflip": LumaFlip(),
    "hue": Hue(),
    "saturation": Saturation(),
    "filter0": FilterBand(0),
    "filter1": FilterBand(1),
    "filter2": FilterBand(2),
    "filter3": FilterBand(3),
    "noise": Noise(),
    "cutout": Cutout(),
}

GROUPS: Mapping[Group, tuple[str, ...]] = {
    "blit": ("xflip", "rotate90", "xint"),
    "geom": ("scale", "rotate_pre", "aniso", "rotate_post", "xfrac"),
    "color": ("brightness", "contrast", "lumaflip", "hue", "saturation"),
    "filter": ("filter0", "filter1", "filter2", "filter3"),
    "noise": ("noise",),
    "cutout": ("cutout",),
}
