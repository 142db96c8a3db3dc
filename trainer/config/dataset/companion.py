"""The test images of a data set: a set of their own beside it, `cifar10-test.zip` of `cifar10.zip`.

They are no part of the set's fingerprint: nothing is trained on them. Metrics such as fid10k_test compare with them.
"""

from pathlib import Path

from trainer.config.dataset.describe import ZIP_SUFFIX, is_zip
from trainer.errors import DataError

SUFFIX = "-test"


def beside(path: Path) -> Path:
    """Return where the test images of the set at `path` are written."""
    return path.with_name(f"{path.stem if is_zip(path) else path.name}{SUFFIX}{ZIP_SUFFIX}")


def locate_test_images(path: Path) -> Path:
    """Return the ZIP or folder of the test images of the set at `path`. Raises DataError if there is none."""
    wanted = beside(path)
    for candidate in (wanted, wanted.with_suffix("")):
        if candidate.exists():
            return candidate
    way_out = "prepare the archive that has both, or put the test images there; or compare with fid10k_full"
    raise DataError(path, f"has no test images: there is no {wanted.name} beside it", way_out)
