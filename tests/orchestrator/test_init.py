"""`adasweep init`: a commented sweep for one's own images, which plans, and whose smoke tier trains."""

import os
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.store.layout import Store
from orchestrator.sweep.reader import read_sweep
from orchestrator.sweep.starter import fit_for, slug, starter
from tests.data.pictures import folder_set, name, pixels
from trainer.config.dataset.config import DataDescription
from trainer.config.dataset.survey import survey
from trainer.config.presets.official import preset_tree
from trainer.data.png import encode_png

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_pictures(folder: Path, count: int, height: int, width: int) -> Path:
    """Write images that are not square."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.png").write_bytes(encode_png(pixels(number, max(height, width))[:height, :width]))
    return folder


def init(*words: str | Path) -> int:
    return main(["init", *map(str, words), "--store", "store"])


def last_line_of_errors(capfd: Capture) -> str:
    return capfd.readouterr().err.splitlines()[-1]


def test_a_folder_that_can_be_trained_from_is_used_where_it_is(here: Path, capfd: Capture) -> None:
    photos = folder_set(here / "photos", 40, side=16, channels=1)
    assert init(photos) == 0
    spec = read_sweep(Path("photos.yaml")).spec
    assert spec.base["data"] == str(photos.resolve())
    assert (spec.base["preset"], spec.seed_values) == ("laptop16", [0, 1, 2, 3])
    assert "data.labels" not in spec.base
    assert "40 images of 16x16 pixels, grey, no classes" in Path("photos.yaml").read_text()
    output = capfd.readouterr().out
    assert "8 trials" in output
    assert "CPU-hours" in output
    assert not list(here.glob("store/**/*.zip"))


def test_images_of_other_shapes_are_prepared_and_their_folders_become_classes(here: Path) -> None:
    for animal in ("cats", "dogs"):
        write_pictures(here / "My Pets" / animal, 6, 40, 50)
    assert init("My Pets") == 0
    sweep = read_sweep(Path("my-pets.yaml"))
    assert (sweep.spec.base["data"], sweep.spec.base["data.labels"]) == ("my-pets", True)
    trials = plan_sweep(Store(here / "store"), Request(Path("my-pets.yaml"))).trials
    assert {(one.config.data.resolution, one.config.data.classes) for one in trials} == {(32, 2)}


def test_folders_become_classes_of_images_that_need_no_conversion_too(here: Path) -> None:
    for animal in ("cats", "dogs"):
        write_pictures(here / "pets" / animal, 6, 16, 16)
    assert init("pets") == 0
    spec = read_sweep(Path("pets.yaml")).spec
    assert (spec.base["data"], spec.base["data.labels"]) == ("pets", True)


def test_a_resolution_of_zero_is_refused(here: Path, capfd: Capture) -> None:
    write_pictures(here / "photos", 6, 40, 50)
    assert init("photos", "--resolution", "0") == 2
    assert "0 is not a power of two" in last_line_of_errors(capfd)


def test_the_parts_of_a_set_are_not_its_classes(tmp_path: Path) -> None:
    for part in ("train", "Test", "val"):
        write_pictures(tmp_path / "photos" / part, 2, 40, 50)
    assert survey(tmp_path / "photos").class_folders == []


def test_transparent_and_mixed_images_are_prepared_as_rgb(here: Path, capfd: Capture) -> None:
    for number, channels in enumerate([4, 3, 1] * 4):
        (here / "stickers").mkdir(exist_ok=True)
        (here / "stickers" / f"{number:02}.png").write_bytes(encode_png(pixels(number, 32, channels)))
    assert init("./stickers") == 0
    assert "12 images of 32x32 pixels, RGB, no classes" in Path("stickers.yaml").read_text()
    assert plan_sweep(Store(here / "store"), Request(Path("stickers.yaml"))).trials
    assert "transparent pixels composited on white" in capfd.readouterr().err


def test_a_transparent_set_of_the_store_says_what_to_do(here: Path, capfd: Capture) -> None:
    folder_set(here / "photos", 4, side=16, channels=4)
    assert main(["data", "prepare", "photos", "photos", "--channels", "4", "--store", "store"]) == 0
    assert init("photos") == 2
    assert "convert it with --channels 3" in last_line_of_errors(capfd)


def test_the_resolution_can_be_chosen(here: Path) -> None:
    folder_set(here / "photos", 12, labels=[0, 1] * 6, side=32)
    assert init("./photos", "--resolution", "16", "--out", "small.yaml") == 0
    spec = read_sweep(Path("small.yaml")).spec
    assert (spec.sweep, spec.base["data"], spec.base["preset"]) == ("small", "photos", "laptop16")
    assert spec.base["data.labels"] is True


def test_the_smoke_tier_of_the_written_sweep_trains(here: Path) -> None:
    folder_set(here / "photos", 40, side=8)
    assert init("./photos") == 0
    assert main(["run", "photos.yaml", "--tier", "smoke", "--store", "store", "--no-record"]) == 0
    assert len(list(here.glob("store/trials/*/*/snapshots/*"))) >= 2


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("resolution", [4, 16, 32, 64, 128, 256, 1024])
@pytest.mark.parametrize("gpus", [0, 2])
def test_every_resolution_gets_a_sweep_that_can_be_read(resolution: int, gpus: int) -> None:
    about = DataDescription(name="x", fingerprint="0" * 16, images=3000, resolution=resolution, channels=3)
    Path("x.yaml").write_text(starter("x", "x.yaml", "x", about, gpus))
    spec = read_sweep(Path("x.yaml")).spec
    wanted = preset_tree(fit_for(resolution, gpus).preset, resolution)
    assert spec.base["micro_batch"] == wanted["micro_batch"]
    assert spec.resources.gpus == min(gpus, 1)
    assert read_sweep(Path("x.yaml"), "smoke").spec.seed_values == [0]


@pytest.mark.parametrize(
    ("text", "named"), [("My Photos", "my-photos"), ("été", "t"), ("写真", "own-images"), ("a\nb: c", "a-b-c")]
)
def test_any_folder_gives_the_name_of_a_sweep(text: str, named: str) -> None:
    assert slug(text) == named


def test_no_file_is_overwritten(here: Path, capfd: Capture) -> None:
    folder_set(here / "photos", 4)
    Path("photos.yaml").write_text("mine")
    assert init("./photos") == 2
    assert "photos.yaml: exists already; name another file with --out" in last_line_of_errors(capfd)
    assert Path("photos.yaml").read_text() == "mine"


def test_a_prepared_set_is_not_replaced(here: Path, capfd: Capture) -> None:
    write_pictures(here / "photos", 4, 20, 30)
    assert init("./photos") == 0
    assert init("./photos", "--out", "again.yaml") == 2
    assert "use it: adasweep init photos" in last_line_of_errors(capfd)
    assert init("photos", "--out", "again.yaml") == 0
    assert read_sweep(Path("again.yaml")).spec.base["data"] == "photos"


def empty(folder: Path) -> None:
    folder.mkdir()


def missing(folder: Path) -> None:
    pass


def no_pictures(folder: Path) -> None:
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_text("no picture")


def damaged_labels(folder: Path) -> None:
    folder_set(folder, 4)
    (folder / "dataset.json").write_text('{"labels": [["00000/img00000000.png"')


def damaged_in_the_middle(folder: Path) -> None:
    write_pictures(folder, 4, 20, 30)
    (folder / "2.png").write_bytes(encode_png(pixels(2, 30))[:200])


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder)


def a_text_file(folder: Path) -> None:
    folder.write_text("no ZIP")


def a_huge_picture(folder: Path) -> None:
    folder_set(folder, 3)
    content = bytearray((folder / name(1)).read_bytes())
    content[16:24] = b"\x00\x10\x00\x00\x00\x10\x00\x00"
    (folder / name(1)).write_bytes(content)


@pytest.mark.parametrize(
    "make",
    [empty, missing, no_pictures, damaged_labels, damaged_in_the_middle, a_pipe, a_text_file, a_huge_picture],
)
def test_a_hostile_folder_gives_one_line_and_exit_code_2(make: object, here: Path, capfd: Capture) -> None:
    assert callable(make)
    make(here / "photos")
    assert init("./photos") == 2
    errors = [line for line in capfd.readouterr().err.splitlines() if line.startswith("adasweep: error: ")]
    assert len(errors) == 1
    assert "photos" in errors[0]
    assert not Path("photos.yaml").exists()


def test_a_folder_whose_name_no_text_can_hold_is_prepared_under_another(here: Path) -> None:
    folder_set(here / os.fsdecode(b"we\xffird\nname"), 4)
    assert init(here / os.fsdecode(b"we\xffird\nname")) == 0
    assert [path.name for path in here.glob("*.yaml")] == ["we-ird-nname.yaml"]


def test_a_place_that_cannot_be_written_is_named(here: Path, capfd: Capture) -> None:
    folder_set(here / "photos", 4)
    Path("taken").write_text("a file")
    assert init("./photos", "--out", "taken/x.yaml") == 2
    assert "taken/x.yaml: cannot be written" in last_line_of_errors(capfd)
