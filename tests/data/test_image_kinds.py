"""Every kind of picture from cameras, scanners and drawing programs becomes the pixels that a viewer shows."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.data.pictures import pixels
from trainer.commands.project import read_image
from trainer.config.dataset.describe import examine
from trainer.config.dataset.jpeg_layout import read_scans
from trainer.config.dataset.preparation import read_settings
from trainer.config.dataset.survey import survey
from trainer.data.dataset import full_set
from trainer.data.decode import decode, decode_any
from trainer.data.prepare import prepare
from trainer.data.resize import with_channels
from trainer.data.verify import verify
from trainer.errors import DataError
from trainer.images.grids import to_uint8

ORIENTATION = 0x0112
LOSSY = 24
"""How far a pixel may be off after JPEG, in levels of 256."""


class Saved(NamedTuple):
    """A format, the modes that it preserves exactly, and the options for saving without loss."""

    format: str
    modes: tuple[str, ...]
    options: dict[str, object]


EXACT = (
    Saved("PNG", ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), {}),
    Saved("WEBP", ("RGB", "RGBA"), {"lossless": True, "exact": True}),
    Saved("GIF", ("1", "L", "P"), {}),
    Saved("TIFF", ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "I;16", "I;16B"), {}),
    Saved("BMP", ("1", "L", "P", "RGB"), {}),
    Saved("PPM", ("1", "L", "RGB", "I;16"), {}),
)
CASES = [(saved.format, mode, saved.options) for saved in EXACT for mode in saved.modes]


def in_mode(mode: str, number: int = 0) -> Image.Image:
    """Return a picture of 8 x 8 pixels in a mode of Pillow."""
    if mode.startswith("I;16"):
        deep = np.random.RandomState(number).randint(0, 1 << 16, (8, 8), dtype=np.uint16)
        big = mode == "I;16B"
        return Image.frombytes(mode, (8, 8), deep.astype(">u2" if big else "<u2").tobytes())
    picture = Image.fromarray(pixels(number, channels=4))
    if mode == "PA":
        flat = picture.convert("RGB").convert("P").convert("PA")
        flat.putalpha(picture.getchannel("A"))
        return flat
    if mode == "RGBX":
        return Image.frombytes("RGBX", (8, 8), picture.tobytes())
    return (
        picture if mode == "RGBA" else picture.convert("RGB").convert(mode) if mode != "LA" else picture.convert("LA")
    )


def seen(image: Image.Image) -> np.ndarray:
    """Return a picture in memory as it is shown: grey, grey with alpha, RGB or RGBA [h w c]."""
    if image.mode.startswith("I;16"):
        kind = ">u2" if image.mode == "I;16B" else "<u2"
        return (np.frombuffer(image.tobytes(), kind).reshape(8, 8, 1) >> 8).astype(np.uint8)
    target = {"1": "L", "P": "RGB", "PA": "RGBA", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}.get(
        image.mode, image.mode
    )
    return np.array(image.convert(target)).reshape(8, 8, -1)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def folder_of(path: Path, files: list[bytes], suffix: str) -> Path:
    path.mkdir()
    for number, content in enumerate(files):
        (path / f"{number}.{suffix}").write_bytes(content)
    return path


def prepared(path: Path, **settings: object) -> np.ndarray:
    """Return the images [n h w c] of the set that is prepared from the folder `path`."""
    target = path.with_suffix(".zip")
    prepare(path, target, replace=True, **settings)  # type: ignore[arg-type]
    images = full_set(target, path.parent / "cache")
    return images.images(range(len(images))).permute(0, 2, 3, 1).numpy()


def reported(path: Path) -> str:
    """Return what the set prepared from `path` records about its preparation."""
    return " | ".join(map(str, read_settings(path.with_suffix(".zip")).get("remarks", [])))  # type: ignore[call-overload]


@pytest.mark.parametrize(("format", "mode", "options"), CASES)
def test_pixels_are_those_that_were_saved(format: str, mode: str, options: dict[str, object]) -> None:
    image = in_mode(mode)
    found = decode_any(encoded(image, format, **options), "x").pixels
    expected = seen(image)
    if expected.shape[2] == 1 and found.shape[2] == 3:
        expected = expected.repeat(3, axis=2)
    if found.shape[2] == 1 and expected.shape[2] == 3:
        expected = expected[:, :, :1]
    assert (found == expected).all()


@pytest.mark.parametrize(("format", "mode", "options"), CASES)
def test_pictures_for_training_and_for_preparing_are_decoded_alike(
    format: str, mode: str, options: dict[str, object]
) -> None:
    content = encoded(in_mode(mode), format, **options)
    assert (decode(content, "x") == decode_any(content, "x").pixels).all()


@pytest.mark.parametrize(("format", "mode", "options"), CASES)
def test_a_survey_takes_as_grey_what_is_decoded_as_grey(
    tmp_path: Path, format: str, mode: str, options: dict[str, object]
) -> None:
    content = encoded(in_mode(mode), format, **options)
    found = survey(folder_of(tmp_path / "in", [content, content], {"TIFF": "tif"}.get(format, format.lower())))
    assert found.channels == (1 if decode_any(content, "x").channels < 3 else 3)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "1"])
def test_jpeg_comes_close_in_every_mode_it_has(mode: str) -> None:
    smooth = Image.fromarray(np.full((8, 8, 3), (200, 60, 90), np.uint8)).convert(mode)
    found = decode_any(encoded(smooth, "JPEG", quality=95), "x").pixels
    expected = seen(smooth)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < LOSSY


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("format", "mode", "options"), CASES)
def test_every_kind_can_be_prepared_as_grey_and_as_colour(
    tmp_path: Path, format: str, mode: str, options: dict[str, object], channels: int
) -> None:
    suffix = {"JPEG": "jpg", "TIFF": "tif"}.get(format, format.lower())
    source = folder_of(tmp_path / "in", [encoded(in_mode(mode, k), format, **options) for k in range(2)], suffix)
    assert prepared(source, channels=channels).shape == (2, 8, 8, channels)
    assert verify(source.with_suffix(".zip")).sound


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_every_orientation_is_turned_upright_and_reported(tmp_path: Path, format: str, turned: int) -> None:
    lying = Image.fromarray(np.kron(np.arange(4, dtype=np.uint8).reshape(2, 2) * 60 + 30, np.ones((8, 8), np.uint8)))
    exif = Image.Exif()
    exif[ORIENTATION] = turned
    options: dict[str, object] = (
        {"lossless": True} if format == "WEBP" else {"quality": 100} if format == "JPEG" else {}
    )
    content = encoded(lying.convert("RGB"), format, exif=exif, **options)
    in_memory = lying.convert("RGB")
    in_memory.getexif()[ORIENTATION] = turned
    upright = np.array(ImageOps.exif_transpose(in_memory))
    source = folder_of(tmp_path / "in", [content, content], {"JPEG": "jpg", "TIFF": "tif"}.get(format, format.lower()))
    assert np.abs(prepared(source)[0].astype(int) - upright).max() <= (8 if format == "JPEG" else 0)
    assert ("2 images rotated upright" in reported(source)) == (turned > 1)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.sampled_from(["LA", "RGBA"]), st.integers(1, 3)
)
def test_what_is_transparent_shows_the_background_and_never_the_hidden_colour(
    alpha: int, hidden: int, behind: int, mode: str, channels: int
) -> None:
    here = np.full((4, 4, len(mode)), hidden, np.uint8)
    here[:, :, -1] = alpha
    if channels == 2:
        assert with_channels(here, 2, "black")[0, 0, -1] == alpha
        return
    shown = with_channels(here, channels, f"#{behind:02x}{behind:02x}{behind:02x}")
    assert np.abs(shown.astype(float) - (hidden * alpha + behind * (255 - alpha)) / 255).max() <= 1


def transparent(kind: str) -> bytes:
    """Return a file whose left half is transparent, over red, and whose right half is blue (or white, where grey)."""
    if kind in ("RGBA", "LA"):
        return encoded(half(kind), "PNG")
    if kind in ("P", "GIF"):
        palette = Image.new("P", (8, 8), 1)
        palette.putpalette([255, 0, 0, 0, 0, 255])
        palette.paste(0, (0, 0, 4, 8))
        return encoded(palette, "GIF" if kind == "GIF" else "PNG", transparency=0)
    if kind == "bytes":
        palette = Image.open(io.BytesIO(transparent("P")))
        return encoded(palette, "PNG", transparency=bytes([0, 255]))
    if kind == "I;16":
        deep = np.full((8, 8), 65_535, np.uint16)
        deep[:, :4] = 19_000
        return encoded(Image.fromarray(deep), "PNG", transparency=19_000)
    red: Any = {"RGB": (255, 0, 0), "L": 76, "1": 0}[kind]
    full: Any = {"RGB": (0, 0, 255), "L": 255, "1": 255}[kind]
    image = Image.new(kind, (8, 8), full)
    image.paste(red, (0, 0, 4, 8))
    return encoded(image, "PNG", transparency=red)


def half(mode: str) -> Image.Image:
    image = Image.new("RGBA", (8, 8), (0, 0, 255, 255))
    image.paste((255, 0, 0, 0), (0, 0, 4, 8))
    return image.convert(mode)


@pytest.mark.parametrize("background", ["white", "black", "#00ff00"])
@pytest.mark.parametrize("kind", ["RGBA", "LA", "P", "bytes", "GIF", "RGB", "L", "1", "I;16"])
def test_transparency_of_every_kind_is_composited_on_the_stated_background(
    tmp_path: Path, kind: str, background: str
) -> None:
    source = folder_of(tmp_path / "in", [transparent(kind)] * 2, "gif" if kind == "GIF" else "png")
    found = prepared(source, channels=3, background=background)[0]
    colours = {"white": (255, 255, 255), "black": (0, 0, 0), "#00ff00": (0, 255, 0)}
    assert (found[:, :4] == colours[background]).all()
    opaque = {"LA": 29, "L": 255, "1": 255, "I;16": 255}.get(kind, (0, 0, 255))
    assert (found[:, 4:] == opaque).all()
    assert f"2 images with transparent pixels composited on {background}" in reported(source)


@pytest.mark.parametrize(("kind", "channels"), [("RGBA", 4), ("LA", 2)])
def test_transparency_that_is_kept_is_reported_with_how_to_composite_it(
    tmp_path: Path, kind: str, channels: int
) -> None:
    source = folder_of(tmp_path / "in", [transparent(kind)] * 2, "png")
    assert prepared(source, background="#00ff00").shape[3] == channels
    assert "2 images with transparency, which is kept as a channel; to composite it" in reported(source)


@pytest.mark.parametrize("kind", ["P", "bytes", "GIF", "RGB", "L", "1", "I;16"])
def test_a_transparent_colour_is_not_trained_from_but_needs_preparing(tmp_path: Path, kind: str) -> None:
    source = folder_of(tmp_path / "in", [transparent(kind)] * 2, "gif" if kind == "GIF" else "png")
    with pytest.raises(DataError, match=r"transparent colour.*adasweep data prepare"):
        decode(transparent(kind), "x")
    assert all("transparent colour" in problem for problem in verify(source).problems)
    natural = 3 if kind in ("P", "bytes", "GIF", "RGB") else 1
    assert prepared(source).shape[3] == natural


def test_a_transparent_colour_that_no_pixel_has_is_ignored() -> None:
    image = Image.fromarray(np.full((8, 8, 3), 7, np.uint8))
    assert (decode(encoded(image, "PNG", transparency=(1, 2, 3)), "x") == 7).all()


def test_alpha_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", [transparent("P")] * 2, "png")
    found = prepared(source, channels=4)
    assert (found[0, :, :4, 3] == 0).all()
    assert (found[0, :, 4:, 3] == 255).all()
    assert reported(source) == ""


@pytest.mark.parametrize("levels", [2, 4])
def test_a_transparent_grey_of_few_bits_is_found(levels: int) -> None:
    """Pillow scales such greys to 8 bits, but not the transparent one."""
    key = 2
    row = b"\0" + bytes([sum(key << shift for shift in range(0, 8, levels))]) * levels
    content = png(bits=levels, colour_type=0, rows=row * 8, before=chunk(b"tRNS", struct.pack(">H", key)))
    assert (decode_any(content, "x").pixels[:, :, 1] == 0).all()


def test_sixteen_bits_of_grey_with_alpha_stay_grey_with_alpha() -> None:
    """Pillow opens them as RGBA."""
    deep = np.random.RandomState(0).randint(0, 1 << 16, (8, 8, 2))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    found = decode_any(png(bits=16, colour_type=4, rows=rows), "x")
    assert (found.pixels == deep >> 8).all()
    assert (found.channels, found.facts.bits) == (2, 16)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(bits: int, colour_type: int, rows: bytes, before: bytes = b"") -> bytes:
    """Return a PNG of 8 x 8 pixels, written by hand: Pillow does not write all kinds."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 65_535), min_size=16, max_size=16))
def test_sixteen_bits_keep_their_high_byte(samples: list[int]) -> None:
    deep = np.array(samples, np.uint16).reshape(4, 4)
    for format in ("PNG", "TIFF", "PPM"):
        found = decode(encoded(Image.fromarray(deep), format), "x")
        assert (found[:, :, 0] == deep >> 8).all()


def test_sixteen_bits_are_reported_with_the_brightest_grey(tmp_path: Path) -> None:
    dark = encoded(Image.fromarray(np.full((8, 8), 4_095, np.uint16)), "PNG")
    source = folder_of(tmp_path / "in", [dark, dark], "png")
    assert prepared(source)[0].max() == 15
    assert "2 images of more than 8 bits reduced to 8, the high byte (brightest grey 4095 of 65535)" in reported(source)


@pytest.mark.parametrize("format", ["TIFF", "PPM"])
def test_real_numbers_are_refused_and_the_way_out_named(format: str) -> None:
    with pytest.raises(DataError, match=r"kind F, of unknown range.*save it as"):
        decode_any(encoded(Image.new("F", (8, 8), 0.5), format), "x")


def test_integers_of_32_bits_are_refused() -> None:
    with pytest.raises(DataError, match="unknown range"):
        decode_any(encoded(Image.new("I", (8, 8), 70_000), "TIFF"), "x")


def test_signed_samples_are_refused() -> None:
    """Their bytes, read as unsigned, would show -1 as white and 0 as black."""
    file = io.BytesIO(encoded(Image.fromarray(pixels(0, channels=1)[:, :, 0]), "TIFF", tiffinfo={339: 2}))
    with pytest.raises(DataError, match=r"signed samples.*save it as grey or RGB"):
        decode_any(file.getvalue(), "x")


@pytest.mark.parametrize("profile", [b"\0Display P3", b"", b"\0sRGB IEC61966-2.1", "\0sRGB".encode("utf-16-be")])
@pytest.mark.parametrize(("format", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tif")])
def test_colour_profiles_other_than_srgb_are_reported(tmp_path: Path, format: str, suffix: str, profile: bytes) -> None:
    content = encoded(Image.fromarray(pixels(0)), format, icc_profile=profile)
    source = folder_of(tmp_path / "in", [encoded(Image.fromarray(pixels(1)), format), content], suffix)
    prepared(source)
    is_told = b"P3" in profile
    assert ("1 image with a colour profile other than sRGB, which was not applied" in reported(source)) == is_told
    told = "colour profiles other than sRGB are not applied: their colours are off"
    assert (told in examine(source, tmp_path).remarks) == (told in verify(source).remarks) == is_told


@pytest.mark.parametrize("kept", [1, 3, -2])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_progressive_jpegs_that_lack_scans_are_reported(tmp_path: Path, mode: str, kept: int) -> None:
    whole = encoded(Image.fromarray(pixels(0)).convert(mode), "JPEG", progressive=True)
    lacking = whole[: read_scans(whole)[kept].end] + b"\xff\xd9"
    told = "some images are incomplete progressive JPEGs, which lack scans: they are blurred or blocky"
    for name, last, is_told in (("whole", whole, False), ("lacking", lacking, True)):
        source = folder_of(tmp_path / name, [whole, last], "jpg")
        prepared(source)
        assert ("1 image from incomplete progressive JPEGs, which lack scans" in reported(source)) == is_told
        assert (told in examine(source, tmp_path).remarks) == (told in verify(source).remarks) == is_told


@pytest.mark.parametrize(("format", "suffix"), [("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")])
def test_of_an_animation_the_first_frame_is_taken_and_reported(tmp_path: Path, format: str, suffix: str) -> None:
    frames = [Image.fromarray(pixels(number)) for number in range(3)]
    options: dict[str, object] = {"lossless": True} if format == "WEBP" else {}
    content = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    source = folder_of(tmp_path / "in", [content, content], suffix)
    assert prepared(source).shape == (2, 8, 8, 3)
    assert "2 images with several frames or pages, of which the first was used" in reported(source)
    told = "of images with several frames or pages the first is read"
    assert told in examine(source, tmp_path).remarks
    assert told in verify(source).remarks


def test_unreadable_exif_is_reported_and_the_pixels_are_kept(tmp_path: Path) -> None:
    broken = encoded(Image.fromarray(pixels(0)), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*\0\0\0")
    source = folder_of(tmp_path / "in", [broken, broken], "webp")
    assert (prepared(source)[0] == pixels(0)).all()


@pytest.mark.parametrize("background", ["", "whitte", "#12345", "#ffffff80", "rgb(1,2)"])
def test_a_background_that_is_not_a_colour_is_refused(tmp_path: Path, background: str) -> None:
    with pytest.raises(DataError, match="is not an opaque colour"):
        prepare(tmp_path, tmp_path / "x.zip", background=background)


def test_an_image_is_decoded_alike_by_project_augment_and_prepare(tmp_path: Path) -> None:
    source = folder_of(tmp_path / "in", [transparent("P")] * 2, "png")
    shown = read_image(source / "0.png", 3, 8)
    assert (to_uint8(shown)[0].permute(1, 2, 0).numpy() == prepared(source)[0]).all()
    with pytest.raises(DataError, match="is a device"):
        read_image(Path("/dev/zero"), 3, 8)
