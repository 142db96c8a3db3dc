"""Fuzzed data sets: every command ends with 0, or with 2 and a line that names the error."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from PIL import Image

from tests.data.pictures import pixels
from tests.support.fuzzing import LASTING, fuzz_for
from trainer.__main__ import main
from trainer.data.decode import decode_any
from trainer.errors import UserError

NAMES = [
    "a.png",
    "b/c.jpg",
    "b\\d.gif",
    "./e.tif",
    "x/y/z.webp",
    "\u00e9.bmp",
    "p.ppm",
    "../q.png",
    "/r.png",
    "b",
    "b/",
]
Judge = Callable[[Path], None]


def saved(format: str, mode: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels(0)).convert(mode).save(file, format, **options)
    return file.getvalue()


def with_exif(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(format, "RGB", exif=exif)


def deep(format: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(file, format)
    return file.getvalue()


SEEDS = [
    *(saved("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
    *(saved("TIFF", mode) for mode in ("1", "L", "P", "RGB", "CMYK", "LAB", "F", "I")),
    *(saved("TIFF", "RGB", compression=kind) for kind in ("tiff_lzw", "packbits", "jpeg")),
    *(saved("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    *(saved(format, "RGB") for format in ("WEBP", "BMP", "PPM")),
    *(with_exif(format) for format in ("PNG", "JPEG", "WEBP", "TIFF")),
    *(deep(format) for format in ("PNG", "TIFF", "PPM")),
    saved("GIF", "P", transparency=0),
    saved("PNG", "P", transparency=bytes([0, 7, 255])),
    saved("PNG", "RGB", transparency=(1, 2, 3)),
    saved("JPEG", "RGB", progressive=True),
]


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return one of `seeds` with a few bytes changed, inserted, removed or cut off."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["set", "insert", "delete", "cut", "far"])):
            case "set":
                content[place : place + 1] = draw(st.binary(min_size=1, max_size=4))
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=8))
            case "delete":
                del content[place : place + draw(st.integers(1, 8))]
            case "cut":
                del content[place:]
            case "far":
                content[place : place + 4] = draw(st.sampled_from([b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4]))
    return bytes(content)


LABELS = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 10**20) | st.floats() | st.text(max_size=3) | st.sampled_from(NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["labels", *NAMES]), inner, max_size=3),
    max_leaves=8,
)
LABEL_FILES = st.one_of(
    st.binary(max_size=40),
    LABELS.map(lambda value: json.dumps(value).encode()),
    LABELS.map(lambda value: json.dumps({"labels": value}).encode()),
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-1, 3))).map(lambda v: json.dumps({"labels": v}).encode()),
)


@pytest.fixture
def judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Return a function that runs every command on a data set and checks the results."""

    def judge(source: Path) -> None:
        codes = []
        for words in (["describe"], ["verify"], ["prepare", "--resolution", "8"], ["prepare", "--labels", "folders"]):
            target = [str(tmp_path / "out.zip"), "--force"] if words[0] == "prepare" else []
            code = main(["data", words[0], str(source), *target, *words[1:], "--data-dir", str(tmp_path)])
            reported = capsys.readouterr()
            assert code in (0, 2), reported.err
            assert "Traceback" not in reported.err
            errors = [line for line in reported.err.splitlines() if line.startswith("adasweep: error: ")]
            assert len(errors) == (code == 2 and words[0] != "verify") or (words[0] == "verify" and len(errors) <= 1)
            codes.append(code)
        describes, verifies = codes[:2]
        assert verifies == 2 or describes == 0, "what describe refuses is not sound"

    return judge


LABELS_OF_TWO = json.dumps({"labels": [["0.png", 0], ["1.png", 1]]}).encode()
FOLDERS = st.tuples(st.lists(damaged(SEEDS), min_size=2, max_size=3), LABEL_FILES)
LABELLED = st.tuples(st.just(SEEDS[-2:]), damaged([LABELS_OF_TWO]) | LABEL_FILES)
COMMENTS = st.sampled_from([b"", b"{}", b'{"adasweep": 3}', b'{"adasweep": {"remarks": 3}}'])
PACKED = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SEEDS)), max_size=4, unique_by=lambda one: one[0])


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """Return a damaged ZIP of pictures of every kind, with or without labels."""
    file = io.BytesIO()
    packing = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in draw(PACKED):
            archive.writestr(name, content)
        labels = draw(st.none() | LABEL_FILES)
        if labels is not None:
            archive.writestr(draw(st.sampled_from(["dataset.json", "b/dataset.json"])), labels)
        archive.comment = draw(COMMENTS)
    return draw(damaged([file.getvalue()]))


def written(folder: Path, files: list[bytes], labels: bytes) -> Path:
    """Make a folder anew, of pictures and a label file."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / f"{number}.png").write_bytes(content)
    (folder / "dataset.json").write_bytes(labels)
    return folder


@LASTING
def test_damaged_pictures_are_decoded_or_named(seconds: float) -> None:
    def judge(content: bytes) -> None:
        with suppress(UserError):
            found = decode_any(content, "x.png")
            assert found.pixels.dtype == np.uint8
            assert found.pixels.shape[2] in (1, 2, 3, 4)

    fuzz_for(seconds, damaged(SEEDS), judge)


@LASTING
def test_folders_of_damaged_pictures_end_in_0_or_2(tmp_path: Path, judged: Judge, seconds: float) -> None:
    fuzz_for(seconds, FOLDERS, lambda drawn: judged(written(tmp_path / "folder", *drawn)))


@LASTING
def test_damaged_label_files_of_sound_pictures_end_in_0_or_2(tmp_path: Path, judged: Judge, seconds: float) -> None:
    fuzz_for(seconds, LABELLED, lambda drawn: judged(written(tmp_path / "folder", *drawn)))


@LASTING
def test_damaged_zips_end_in_0_or_2(tmp_path: Path, judged: Judge, seconds: float) -> None:
    def judge(content: bytes) -> None:
        (tmp_path / "fuzzed.zip").write_bytes(content)
        judged(tmp_path / "fuzzed.zip")

    fuzz_for(seconds, zips(), judge)
