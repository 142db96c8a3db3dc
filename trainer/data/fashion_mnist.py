"""Sources of Fashion-MNIST: this package (10,000 images), this machine, a Debian package, the authors' repository."""

import gzip
from importlib.resources import files
from pathlib import Path

from trainer.data.fetch import debian_package, download, require_sha256
from trainer.data.named_set import Log
from trainer.data.readers.idx import IdxReader, image_files
from trainer.data.readers.reader import Reader
from trainer.errors import FetchError

INSTALLED = Path("usr/share/datasets/fashion-mnist")
PACKAGE = "dataset-fashion-mnist"
ADDRESS = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
MOST_BYTES = 64 << 20

UNPACKED_SHA256 = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
"""Checksums of the unpacked bytes, since Debian and the authors compress the same data differently."""


def embedded(_: Path, log: Log) -> Reader:
    """Return the test part, which is included in this package."""
    log("using the 10,000 images included in adasweep")
    return IdxReader([Path(str(files("trainer.data") / "embedded" / "t10k-images-idx3-ubyte.gz"))])


def complete(folder: Path, log: Log) -> Reader:
    """Return all 70,000 images from the first source that has them."""
    failures: list[str] = []
    for place in (_installed, _from_debian, _from_address):
        try:
            return IdxReader(image_files(_checked(place(folder, log))))
        except FetchError as error:
            log(str(error))
            failures.append(error.problem)
    raise FetchError("fashion-mnist", "; ".join(failures), f"install the Debian package {PACKAGE}, or go online")


def _installed(_: Path, log: Log, root: Path = Path("/")) -> Path:
    folder = root / INSTALLED
    if not folder.is_dir():
        raise FetchError(folder, f"{PACKAGE} is not installed")
    log(f"using the files in {folder}")
    return folder


def _from_debian(folder: Path, log: Log) -> Path:
    log(f"downloading and unpacking the Debian package {PACKAGE} (31 MB), without installing it")
    return _installed(folder, log, debian_package(PACKAGE, folder))


def _from_address(folder: Path, log: Log) -> Path:
    target = folder / "downloaded"
    target.mkdir()
    for name in UNPACKED_SHA256:
        log(f"downloading {ADDRESS}/{name}")
        download(f"{ADDRESS}/{name}", target / name, MOST_BYTES)
    return target


def _checked(folder: Path) -> Path:
    for name, wanted in UNPACKED_SHA256.items():
        try:
            with gzip.open(folder / name) as file:
                require_sha256(folder / name, file.read(MOST_BYTES), wanted)
        except (OSError, EOFError) as error:
            raise FetchError(folder / name, f"cannot be read ({error})") from None
    return folder
