"""Where Fashion-MNIST comes from: this project (10,000 images), this machine, a Debian package, its repository."""

import gzip
from importlib.resources import files
from pathlib import Path

from trainer.data.fetch import debian_package, download, require_sha256
from trainer.data.named_set import Say
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
"""Of the unpacked bytes: Debian and the authors pack the same data differently."""


def embedded(_: Path, say: Say) -> Reader:
    """Return the test part that travels inside the project."""
    say("taking the 10,000 images that travel inside the project")
    return IdxReader([Path(str(files("trainer.data") / "embedded" / "t10k-images-idx3-ubyte.gz"))])


def complete(folder: Path, say: Say) -> Reader:
    """Return all 70,000 images from the first place that has them."""
    failures: list[str] = []
    for place in (_installed, _from_debian, _from_address):
        try:
            return IdxReader(image_files(_checked(place(folder, say))))
        except FetchError as error:
            say(str(error))
            failures.append(error.problem)
    raise FetchError("fashion-mnist", "; ".join(failures), f"install the Debian package {PACKAGE}, or connect")


def _installed(_: Path, say: Say, root: Path = Path("/")) -> Path:
    folder = root / INSTALLED
    if not folder.is_dir():
        raise FetchError(folder, f"{PACKAGE} is not installed")
    say(f"taking the files in {folder}")
    return folder


def _from_debian(folder: Path, say: Say) -> Path:
    say(f"getting the Debian package {PACKAGE} (31 MB) and unpacking it, without installing it")
    return _installed(folder, say, debian_package(PACKAGE, folder))


def _from_address(folder: Path, say: Say) -> Path:
    target = folder / "downloaded"
    target.mkdir()
    for name in UNPACKED_SHA256:
        say(f"downloading {ADDRESS}/{name}")
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
