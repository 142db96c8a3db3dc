"""Damage that Pillow's decoders cover up: a picture with flat, black or moved pixels is refused, a sound one never."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from trainer.config.dataset.jpeg_layout import read_scans
from trainer.data.decode import decode, decode_any
from trainer.data.jpeg_scan import jpeg_fault
from trainer.data.png_data import png_fault
from trainer.errors import DataError

END = b"\xff\xd9"


def jpeg(side: int = 64, mode: str = "RGB", **options: object) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def png(rows: int, colour_type: int = 2, side: int = 16, palette: bytes = b"") -> bytes:
    """Return a PNG of `side` rows by its header, with data of `rows`."""
    row = b"\0" + bytes([200]) * side * (3 if colour_type == 2 else 1)
    header = struct.pack(">IIBBBBB", side, side, 8, colour_type, 0, 0, 0)
    parts = [(b"IHDR", header), *([(b"PLTE", palette)] if palette else []), (b"IDAT", zlib.compress(row * rows))]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return (
        b"\x89PNG\r\n\x1a\n"
        + b"".join(chunks)
        + struct.pack(">I", 0)
        + b"IEND"
        + struct.pack(">I", zlib.crc32(b"IEND"))
    )


def cut_and_closed(content: bytes) -> bytes:
    return content[: len(content) * 3 // 4] + END


def taller(content: bytes) -> bytes:
    frame = content.find(b"\xff\xc0")
    return content[: frame + 5] + struct.pack(">H", 128) + content[frame + 7 :]


def without_a_restart(content: bytes) -> bytes:
    return content.replace(b"\xff\xd3", b"", 1)


def with_restarts_renumbered(content: bytes) -> bytes:
    return content.replace(b"\xff\xd3", b"\xff\xd6", 1)


def without_an_interval(content: bytes) -> bytes:
    return content[: content.find(b"\xff\xd2")] + content[content.find(b"\xff\xd3") :]


@pytest.mark.parametrize("spoil", [cut_and_closed, taller])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_whose_data_ends_early_is_refused(spoil: Callable[[bytes], bytes], mode: str) -> None:
    for read in (decode, decode_any):
        with pytest.raises(DataError, match="data ends before the last pixel"):
            read(spoil(jpeg(mode=mode)), "a.jpg")


@pytest.mark.parametrize("spoil", [without_a_restart, with_restarts_renumbered, without_an_interval])
def test_a_jpeg_without_some_of_its_restart_markers_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    for read in (decode, decode_any):
        with pytest.raises(DataError, match="restart markers"):
            read(spoil(jpeg(restart_marker_blocks=2)), "a.jpg")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("interval", [0, 1, 3])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("side", [1, 7, 17, 64])
def test_a_sound_jpeg_is_accepted(progressive: bool, interval: int, subsampling: int, side: int) -> None:
    for mode in ("RGB", "L"):
        content = jpeg(side, mode, progressive=progressive, restart_marker_blocks=interval, subsampling=subsampling)
        assert decode(content + b"more", "a.jpg").shape[:2] == (side, side)


@pytest.mark.parametrize("progressive", [False, True])
def test_every_jpeg_is_compared_with_what_it_is_before_other_data(progressive: bool) -> None:
    for side in range(58, 66):
        other = Image.new("RGB", (side, side), "red")
        assert jpeg_fault(jpeg(side, progressive=progressive), other) == "its data ends before the last pixel"


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("side", [17, 20, 31, 40, 63])
def test_a_jpeg_that_lacks_bytes_of_its_last_unit_is_refused_if_pixels_change(side: int, subsampling: int) -> None:
    content = jpeg(side, subsampling=subsampling)
    end, whole = read_scans(content)[0].end, decode(content, "a.jpg")
    for lost in range(1, 13):
        cut = content[: end - lost] + END
        with Image.open(io.BytesIO(cut)) as image:
            is_changed = not np.array_equal(np.asarray(image), whole)
        if is_changed:
            with pytest.raises(DataError, match="data ends before the last pixel"):
                decode(cut, "a.jpg")


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("side", [33, 40, 48])
def test_a_jpeg_that_lacks_whole_units_is_refused(side: int, subsampling: int) -> None:
    content = jpeg(side, subsampling=subsampling)
    scan = read_scans(content)[0]
    with pytest.raises(DataError, match="data ends before the last pixel"):
        decode(content[: scan.start + (scan.end - scan.start) * 3 // 5] + END, "a.jpg")


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_jpeg_of_one_colour_is_accepted(level: int) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (33, 33), (level, level, level)).save(buffer, "JPEG")
    assert (decode(buffer.getvalue(), "a.jpg") == level).all()


def test_a_png_of_fewer_rows_than_its_header_says_is_refused() -> None:
    assert (decode(png(16), "a.png") == 200).all()
    for read in (decode, decode_any):
        with pytest.raises(DataError, match="data ends before the last row"):
            read(png(9), "a.png")


def test_a_png_whose_data_cannot_be_unpacked_is_damaged() -> None:
    before, name, data = png(16).partition(b"IDAT")
    content = before + name + b"\0\0" + data[2:]
    assert png_fault(content, Image.new("RGB", (16, 16))) == "its data cannot be unpacked"


def test_a_black_png_is_accepted() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (5, 5)).save(buffer, "PNG")
    assert not decode(buffer.getvalue(), "a.png").any()


def test_a_palette_png_without_palette_is_refused() -> None:
    assert decode(png(16, 3, palette=bytes(768)), "a.png").shape == (16, 16, 3)
    with pytest.raises(DataError, match="no palette"):
        decode(png(16, 3), "a.png")


def test_a_palette_png_with_a_pixel_beyond_its_palette_is_refused() -> None:
    assert decode(png(16, 3, palette=bytes(3 * 201)), "a.png").shape == (16, 16, 3)
    for read in (decode, decode_any):
        with pytest.raises(DataError, match="its palette lacks colour 200"):
            read(png(16, 3, palette=bytes(3 * 200)), "a.png")


@pytest.mark.parametrize("transparency", [None, 0])
def test_a_gif_whose_frame_is_smaller_than_its_canvas_is_refused_unless_the_rest_is_transparent(
    transparency: int | None,
) -> None:
    buffer = io.BytesIO()
    keyed = {} if transparency is None else {"transparency": transparency}
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.putpixel((0, 0), 0)
    image.save(buffer, "GIF", optimize=False, **keyed)
    whole = buffer.getvalue()
    part = whole[:6] + struct.pack("<HH", 8, 8) + whole[10:]
    assert decode_any(whole, "a.gif").pixels.shape[:2] == (4, 4)
    if transparency is None:
        for read in (decode, decode_any):
            with pytest.raises(DataError, match="first frame that leaves pixels of its canvas undefined; save it as"):
                read(part, "a.gif")
    else:
        assert (decode_any(part, "a.gif").pixels[4:, 4:, 3] == 0).all()


def deep_tiff(planes: int) -> bytes:
    """Return an uncompressed TIFF of 16-bit samples, each colour in a plane of its own."""
    side, plane = 8, bytes(8 * 8 * 2)
    entries: dict[int, list[int]] = {
        256: [side],
        257: [side],
        258: [16] * planes,
        259: [1],
        262: [2 if planes == 3 else 1],
    }
    start = 8 + 2 + 12 * 10 + 4
    extra = 6 if planes == 3 else 0
    offsets = [start + extra + 8 * planes * (planes > 1) + place * len(plane) for place in range(planes)]
    entries |= {273: offsets, 277: [planes], 278: [side], 279: [len(plane)] * planes, 284: [2]}
    fields, after = b"", b""
    for tag, values in sorted(entries.items()):
        kind, code = (4, "I") if tag in (273, 279) else (3, "H")
        packed = struct.pack(f"<{len(values)}{code}", *values)
        place = struct.pack("<I", start + len(after)) if len(packed) > 4 else packed.ljust(4, b"\0")
        after += packed if len(packed) > 4 else b""
        fields += struct.pack("<HHI", tag, kind, len(values)) + place
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(4) + after + plane * planes


def test_deep_samples_in_planes_that_pillow_misreads_are_refused() -> None:
    for read in (decode, decode_any):
        for planes in (1, 3):
            with pytest.raises(DataError, match=r"16 bits in planes .* interleaved"):
                read(deep_tiff(planes), "a.tif")


def test_a_bmp_of_16_bits_a_pixel_is_not_called_deep() -> None:
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    header = struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 16, 3, 32, 0, 0, 0, 0)
    content = b"BM" + struct.pack("<IHHI", 66 + 32, 0, 0, 66) + header + masks + b"\xff\xff" * 16
    assert decode_any(content, "a.bmp").facts.bits == 8
