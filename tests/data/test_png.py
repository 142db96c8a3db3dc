"""PNG files have the same bytes everywhere and can be read by other programs."""

import hashlib
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import pixels
from trainer.data.decode import decode
from trainer.data.png import encode_png


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4))
def test_what_is_written_is_read_back(height: int, width: int, channels: int) -> None:
    image = np.random.RandomState(height * width).randint(0, 256, (height, width, channels), dtype=np.uint8)
    assert (decode(encode_png(image), "x") == image).all()


def test_images_of_many_blocks_are_whole() -> None:
    image = pixels(0, side=256)
    assert (np.array(Image.open(io.BytesIO(encode_png(image)))) == image).all()


def test_the_bytes_are_known_forever() -> None:
    digest = hashlib.sha256(encode_png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))).hexdigest()
    assert digest == "bc174d682fa5422e2d86e5538f5a8ad4edf2b3c247ca829f078e66981657ecd7"
