"""The inputs of the reports give the right result, and mutations of them a result or one line per mistake.

ADASWEEP_CASES names their folder (by default `../shared/cases`). Without it these tests are skipped.
"""

import os
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from orchestrator.cli import main
from orchestrator.store.layout import Store
from tests.backends.fake_slurm import FakeSlurm
from tests.data.test_fuzzed_data import damaged
from tests.support.fuzzing import LASTING, fuzz_for
from trainer.__main__ import main as trainer

CASES = Path(os.environ.get("ADASWEEP_CASES", Path(__file__).parents[3] / "shared" / "cases"))
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"no inputs in {CASES}: set ADASWEEP_CASES")
Capture = pytest.CaptureFixture[str]


class Source(NamedTuple):
    """The end and the words of each command on a data set."""

    verify: int
    prepare: int
    words: tuple[str, ...]
    options: tuple[str, ...] = ()


SOURCES = {
    "exif/in": Source(2, 0, ("2 images rotated upright by EXIF orientation",)),
    "macfolder/animals.zip": Source(0, 0, ("0 cat, 1 dog", "its subfolders are the classes"), ("--labels", "folders")),
    "alpha/in": Source(0, 0, ("3 images with transparent pixels composited on white",), ("--channels", "3")),
    "labels/twice": Source(2, 2, ("gives image 0.png two classes, 0 and 1",)),
    "labels/onebased": Source(0, 0, ("class 0 has no images",)),
    "backslash/win.zip": Source(0, 0, ("0 cat, 1 dog",), ("--labels", "folders")),
    "sixteen/in": Source(0, 0, ("reduced to 8, the high byte",)),
    "upper/PHOTOS.ZIP": Source(0, 0, ("3 images",)),
}
PLANNED = {
    "overridden_axis/basegrid.yaml": "grid.batch: overrides the axis cells.a.batch",
    "overridden_axis/derive.yaml": "derive.batch: overrides the axis grid.batch",
    "overridden_axis/whenaxis.yaml": "when[0].set.batch: overrides the axis grid.batch",
    "never_holds/typoexclude.yaml": "no cell has 'adaa'",
    "never_holds/typowhen.yaml": "no cell has 500",
    "never_holds/strif.yaml": "",
    "score_not_measured/noscore.yaml": "kid2k is not measured",
    "score_not_measured/nometric.yaml": "needs a score",
    "late_mistakes/hugeseed.yaml": "seeds[0]",
    "late_mistakes/gpus3.yaml": "3 GPUs cannot share",
    "late_mistakes/fig.yaml": "did you mean 'fid_curves'?",
    "late_mistakes/tr.yaml": "snapshot-of-32-pixels.safetensors",
    "yaml/order.yaml": "",
    "yaml/small.yaml": "is5 is undefined",
    "yaml/wait.yaml": "",
}
PROFILES = {
    "p_flags": "nodes",
    "p_minutes": "minutes",
    "p_setup": "",
    "p_space": "partition: must be a name",
    "p_under": "write mail-type",
    "p_unknown": "did you mean",
}


def case(name: str) -> Path:
    if not (CASES / name).exists():
        pytest.skip(f"no {name} in {CASES}")
    return CASES / name


@pytest.mark.parametrize("name", SOURCES)
def test_a_reported_data_set_is_prepared_rightly_or_refused(name: str, tmp_path: Path, capsys: Capture) -> None:
    expected, source = SOURCES[name], str(case(name))
    assert trainer(["data", "verify", source]) == expected.verify
    target = [str(tmp_path / "out.zip"), "--resolution", "32"]
    assert trainer(["data", "prepare", source, *target, *expected.options]) == expected.prepare
    told = " ".join("".join(capsys.readouterr()).split())
    assert all(words in told for words in expected.words), told


@pytest.fixture
def sets(store: Store) -> Store:
    """A store with the data sets that the reported sweeps name."""
    write_grey(store.root / "data" / "tiny.zip", 600, 32)
    write_grey(store.root / "data" / "tiny16.zip", 600, 16)
    write_grey(store.root / "data" / "five.zip", 5, 32)
    return store


def write_grey(path: Path, images: int, resolution: int) -> None:
    """Write a ZIP of PPM-like grey images that all differ."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(images):
            pixels = number.to_bytes(resolution * resolution, "big")
            archive.writestr(f"{number:04d}.pgm", b"P5 %d %d 255\n" % (resolution, resolution) + pixels)


@pytest.mark.parametrize("name", PLANNED)
def test_a_reported_sweep_is_planned_or_refused_in_a_line_per_mistake(name: str, sets: Store, capsys: Capture) -> None:
    words = PLANNED[name]
    code = main(["plan", str(case(name)), "--store", str(sets.root), "--cpus", "1"])
    error = capsys.readouterr().err
    assert (code, words in error) == (2 if words else 0, True), error
    assert all(line.startswith("adasweep: error: ") for line in error.splitlines())


@pytest.mark.parametrize("name", PROFILES)
def test_a_reported_profile_is_used_or_refused_in_a_line_per_mistake(
    name: str, sets: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    words = PROFILES[name]
    monkeypatch.setenv("ADASWEEP_PROFILE", str(case(f"slurm/{name}.yaml")))
    FakeSlurm(tmp_path / "bin", monkeypatch)
    code = main(["plan", str(case("slurm/s.yaml")), "--store", str(sets.root), "--backend", "slurm"])
    error = capsys.readouterr().err
    assert (code, words in error) == (2 if words else 0, True), error
    assert all(line.startswith("adasweep: error: ") for line in error.splitlines())


@LASTING
def test_damaged_reported_inputs_end_in_0_or_2(sets: Store, tmp_path: Path, capsys: Capture, seconds: float) -> None:
    sweeps = [case(name).read_bytes() for name in PLANNED]
    archives = [case(name).read_bytes() for name in ("macfolder/animals.zip", "backslash/win.zip", "upper/PHOTOS.ZIP")]

    def judge(drawn: tuple[str, bytes]) -> None:
        suffix, content = drawn
        path = tmp_path / f"fuzzed.{suffix}"
        path.write_bytes(content)
        code = (
            main(["plan", str(path), "--store", str(sets.root), "--cpus", "1"])
            if suffix == "yaml"
            else trainer(["data", "prepare", str(path), str(tmp_path / "out.zip"), "--force", "--resolution", "16"])
        )
        error = capsys.readouterr().err
        assert code in (0, 2), error
        assert (code == 2) == ("adasweep: error: " in error)

    drawn = st.tuples(st.just("yaml"), damaged(sweeps)) | st.tuples(st.just("zip"), damaged(archives))
    fuzz_for(seconds, drawn, judge)
    shutil.rmtree(tmp_path, ignore_errors=True)
