"""Broken or malicious files are refused by name."""

import contextlib
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import data_config, folder_set, name, pixels, zip_set
from trainer.config.dataset.archive import open_archive
from trainer.config.dataset.describe import describe
from trainer.config.dataset.image_file import facts_of, opened
from trainer.data.cache import decoded
from trainer.data.decode import decode, decode_any
from trainer.data.png import encode_png
from trainer.data.prepare import prepare
from trainer.data.verify import verify
from trainer.errors import DataError, UserError


def huge_png(width: int, height: int) -> bytes:
    """Return a small file with the header of an enormous image."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def hostile_zip(path: Path, entry: str, content: bytes = b"x") -> Path:
    zip_set(path, 2)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(entry), content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.parametrize("size", [(100_000, 100_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (40_000, 1)])
def test_a_decompression_bomb_is_not_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=r"bomb\.png: "):
        decode(huge_png(*size), "bomb.png")


def test_a_bomb_among_images_is_named_by_describe_and_cache(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 3)
    config = data_config(folder)
    (folder / name(1)).write_bytes(huge_png(60_000, 60_000))
    with pytest.raises(DataError, match=name(1)):
        describe(folder, tmp_path)
    fresh = config.model_copy(update={"fingerprint": "0" * 16})
    with pytest.raises(DataError, match="fingerprint"):
        decoded(folder, fresh.fingerprint, tmp_path / "cache")


@pytest.mark.parametrize("entry", ["../evil.png", "/etc/evil.png", "a/../../evil.png", "C:/evil.png", "..\\evil.png"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(DataError, match=r"evil\.png.*escapes"):
        open_archive(hostile_zip(tmp_path / "cats.zip", entry))


def test_a_colon_in_a_name_is_no_drive_and_leads_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "cats.zip"
    for entry in ("12:30.png", "a:b/2026-01-01 12:30:01.png"):
        hostile_zip(path, entry)
        assert entry in open_archive(path).images


def test_an_entry_that_would_unpack_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = hostile_zip(tmp_path / "cats.zip", "bomb.png", bytes(1000))
    content = bytearray(path.read_bytes())
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = struct.pack("<I", 200 << 20)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bomb\.png: would unpack"):
        open_archive(path)


def test_an_entry_larger_than_any_image_is_refused(tmp_path: Path) -> None:
    path = hostile_zip(tmp_path / "cats.zip", "bomb.png", bytes(257 << 20))
    with pytest.raises(DataError, match=r"bomb\.png: would unpack"):
        open_archive(path)


def test_a_name_that_stands_in_the_zip_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = hostile_zip(tmp_path / "cats.zip", name(1))
    with pytest.raises(DataError, match="twice"):
        open_archive(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 2)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="encrypted"):
        open_archive(path)


def test_a_flipped_byte_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 3)
    config = data_config(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"img0000000.\.png: cannot be unpacked"):
        decoded(path, config.fingerprint, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("decoded-*[!k]/"))


@pytest.mark.parametrize("header", [b"P6 0 0 255\n", b"P5 0 8 255\n", b"P6 8 0 255\n"])
def test_an_image_without_pixels_is_named(header: bytes) -> None:
    with pytest.raises(DataError, match=r"^none\.ppm: "):
        decode_any(header, "none.ppm")


@pytest.mark.parametrize("keep", [0, 1, 8, 20, 60, 150, 200])
def test_a_truncated_png_is_named(keep: int) -> None:
    with pytest.raises(DataError, match=r"^half\.png: is damaged"):
        decode(encode_png(pixels(0))[:keep], "half.png")


@pytest.mark.parametrize("content", [b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", b"GIF89a"])
def test_a_file_that_is_not_an_image_is_named(content: bytes) -> None:
    with pytest.raises(DataError, match=r"^x\.png: "):
        decode(content, "x.png")


@given(st.binary(max_size=300), st.integers(0, 250))
def test_garbage_never_gives_anything_but_a_user_error(garbage: bytes, place: int) -> None:
    good = encode_png(pixels(0))
    with contextlib.suppress(UserError):
        assert decode(good[:place] + garbage + good[place + len(garbage) :], "x.png").ndim == 3


def test_symlink_loops_do_not_hang(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 3)
    before = describe(folder, tmp_path)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert describe(folder, tmp_path) == before
    (folder / "loop.png").symlink_to(folder / "loop.png")
    with pytest.raises(DataError, match=r"loop\.png: cannot be read"):
        describe(folder, tmp_path)


def test_a_huge_file_in_a_folder_is_not_read(tmp_path: Path) -> None:
    folder = folder_set(tmp_path / "cats", 2)
    with (folder / "zeros.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match=r"zeros\.png"):
        describe(folder, tmp_path)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
def test_every_common_kind_of_image_decodes_to_the_channels_that_were_announced(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(pixels(0)).convert(mode)
    for number in range(2):
        image.save(tmp_path / f"{number}.{'tif' if mode == 'CMYK' else 'png'}")
    archive = open_archive(tmp_path)
    shape = decode(archive.read(archive.images[0]), "x").shape
    assert shape == (8, 8, describe(tmp_path, tmp_path / "none").channels)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_whose_size_cannot_be_bounded_are_refused(tmp_path: Path, method: int) -> None:
    path = tmp_path / "cats.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("bomb.png", bytes(1 << 20))
    with pytest.raises(DataError, match=r"bomb\.png: is compressed with (bzip2|lzma); write the ZIP again"):
        open_archive(path)


def test_an_entry_that_unpacks_to_more_than_it_claims_takes_little_memory(tmp_path: Path) -> None:
    path = zip_set(tmp_path / "cats.zip", 2)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(200 << 20))
    content = bytearray(path.read_bytes())
    start = content.rindex(b"PK\x01\x02")
    content[start + 24 : start + 28] = struct.pack("<I", 100_000)
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"bomb\.png: cannot be unpacked"):
        open_archive(path).read("bomb.png")
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


def test_an_image_of_13000_by_13000_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(huge_png(13_000, 13_000))
    for refused in (lambda: describe(tmp_path, tmp_path), lambda: prepare(tmp_path, tmp_path / "out.zip", 32)):
        with pytest.raises(DataError, match=r"0\.png: would decode to 13000x13000 pixels.*smaller first"):
            refused()
    assert len(verify(tmp_path).problems) == 2


def test_images_too_large_to_train_from_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.data.decode.decode", lambda *_: pytest.fail("decoded"))
    for number in range(2):
        (tmp_path / f"{number}.png").write_bytes(huge_png(8_000, 8_000))
    assert all("is 8000x8000; images must be" in problem for problem in verify(tmp_path).problems)


def test_a_mistake_of_ours_while_an_image_is_open_is_not_called_damage() -> None:
    with pytest.raises(ZeroDivisionError), opened(encode_png(pixels(1)), "it.png") as image:
        _ = image.width // 0


def test_what_the_decoder_raises_while_an_image_is_open_is_called_damage() -> None:
    content = encode_png(pixels(1))[:-60]
    with pytest.raises(DataError, match=r"it\.png: is damaged"), opened(content, "it.png") as image:
        image.load()


@pytest.mark.parametrize(("mode", "key"), [("RGB", 3), ("RGB", (1, 2)), ("L", (1, 2, 3)), ("L", b"\0"), ("P", "x")])
def test_a_transparent_colour_of_another_kind_than_the_pixels_is_damage(mode: str, key: object) -> None:
    image = Image.new(mode, (4, 4))
    image.info["transparency"] = key
    with pytest.raises(DataError, match="is damaged"):
        facts_of(image, b"", "it.png")
