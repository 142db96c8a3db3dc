"""Sweeps with includes, with derived values, and with separate resources for some cells."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import SweepError
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep, read_sweep
from orchestrator.sweep.trial import Trial
from tests.support.tiny_sweep import find
from trainer.config.job import Resources

Read = Callable[..., Sweep]
BASE = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\n"

COMMON = """\
sweep: common
base: {preset: tiny32, data: tiny, batch: 32}
grid:
  augment: [none, ada]
horizon_kimg: 5
metrics: [kid2k]
tiers: {smoke: {horizon_kimg: 0.1, seeds: 2}}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "own.yaml"


def test_a_file_is_laid_over_what_it_includes(tmp_path: Path) -> None:
    own = "sweep: own\ninclude: common.yaml\nbase: {batch: 64}\ngrid: {augment: null, data.subset: [20]}\n"
    spec = read_sweep(write(tmp_path, common=COMMON, own=own)).spec
    assert (spec.sweep, spec.horizon_kimg, spec.metrics) == ("own", 5, ["kid2k"])
    assert spec.base == {"preset": "tiny32", "data": "tiny", "batch": 64}
    assert spec.grid == {"data.subset": [20]}


def test_later_includes_and_tiers_are_laid_over_earlier_ones(tmp_path: Path) -> None:
    own = "sweep: own\ninclude: [common.yaml, more.yaml]\ntiers: {smoke: {seeds: 3}}\n"
    file = write(tmp_path, common=COMMON, more="horizon_kimg: 7\n", own=own)
    assert read_sweep(file).spec.horizon_kimg == 7
    smoke = read_sweep(file, "smoke").spec
    assert (smoke.horizon_kimg, smoke.seed_values) == (0.1, [0, 1, 2])


def test_a_mistake_is_reported_in_the_file_that_contains_it(tmp_path: Path) -> None:
    broken = COMMON.replace("augment: [none", "augmnt: [none").replace("[kid2k]", "[kid]")
    file = write(tmp_path, common=broken, own="sweep: own\ninclude: common.yaml\nseeds: x\n")
    with pytest.raises(SweepError) as refused:
        read_sweep(file)
    message = str(refused.value)
    assert f"{tmp_path}/common.yaml:6: metrics[0]: " in message
    assert f"{tmp_path}/own.yaml:3: seeds: " in message
    with pytest.raises(SweepError, match=r"common\.yaml:4: grid\.augmnt: is not a setting"):
        read_sweep(write(tmp_path, common=broken.replace("[kid]", "[kid2k]"), own="sweep: own\ninclude: common.yaml\n"))


def test_an_included_file_that_is_missing_or_includes_itself_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"own\.yaml:2: include: gone\.yaml: no such file"):
        read_sweep(write(tmp_path, own="sweep: own\ninclude: gone.yaml\n"))
    with pytest.raises(SweepError, match=r"common\.yaml:1: include: own\.yaml includes itself"):
        read_sweep(write(tmp_path, own="sweep: own\ninclude: common.yaml\n", common="include: own.yaml\n"))
    with pytest.raises(SweepError, match="include: "):
        read_sweep(write(tmp_path, own="sweep: own\ninclude: {a: 1}\nhorizon_kimg: 1\n"))


def test_relative_paths_count_from_the_file_in_which_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("sweeps", "shared", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "start.safetensors").write_bytes(folder.encode())
    (tmp_path / "shared" / "common.yaml").write_text(COMMON + "cells: {theirs: {transfer: start.safetensors}}\n")
    own = "sweep: own\ninclude: ../shared/common.yaml\ncells: {ours: {transfer: ./start.safetensors}}\n"
    (tmp_path / "sweeps" / "own.yaml").write_text(own)
    monkeypatch.chdir(tmp_path / "elsewhere")
    trials = expand(read_sweep(Path("../sweeps/own.yaml")), find)
    assert {trial.cell.split(",")[0]: trial.transfer_path for trial in trials} == {
        "theirs": tmp_path / "shared" / "start.safetensors",
        "ours": tmp_path / "sweeps" / "start.safetensors",
    }


def expanded(read: Read, text: str) -> list[Trial]:
    return expand(read(BASE + text), find)


def test_derived_values_follow_from_settings_in_every_cell(read: Read) -> None:
    text = "zip: {batch: [16, 32], micro_batch: [16, 32]}\n"
    text += "derive: {objective.r1_gamma: 0.1 * data.resolution / batch, ema.half_life_kimg: objective.r1_gamma * 10}\n"
    found = expanded(read, text)
    assert [getattr(trial.config.objective, "r1_gamma") for trial in found] == [0.2, 0.1]  # noqa: B009
    assert [trial.config.ema.half_life_kimg for trial in found] == [2.0, 1.0]
    assert found[0].settings == {"batch": 16, "micro_batch": 16}
    plain = expanded(read, "cells: {a: {batch: 16, micro_batch: 16, objective.r1_gamma: 0.2, ema.half_life_kimg: 2}}\n")
    assert plain[0].id == found[0].id


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("derive: {batch: 2 * bathc}", "4: derive.batch: 'bathc' is not a setting; did you mean 'batch'?"),
        ("derive: {batch: 'exit()'}", "4: derive.batch: `exit()` is not supported"),
        ("derive: {batch: 1 / 2}", "4: derive.batch: Input should be a valid integer"),
        ("derive: {bathc: 1}", "4: derive.bathc: is not a setting; did you mean 'batch'?"),
        ("derive: {batch: [1]}", "4: derive.batch"),
        ("grid: {resources.cpus: [0]}", "4: grid.resources.cpus[0]: Input should be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_derived_is_reported_at_its_line(read: Read, line: str, message: str) -> None:
    with pytest.raises(SweepError) as refused:
        expanded(read, line + "\n")
    assert message in str(refused.value)


def test_some_cells_have_resources_of_their_own(read: Read) -> None:
    text = "resources: {cpus: 2}\ngrid: {augment: [none, ada]}\n"
    text += "when: [{if: {augment: ada}, set: {resources.gpus: 1, resources.memory_gib: 9}}]\n"
    plain, adaptive = expanded(read, text)
    assert plain.resources == Resources(cpus=2)
    assert adaptive.resources == Resources(cpus=2, gpus=1, memory_gib=9)
    assert adaptive.id == expanded(read, "grid: {augment: [ada]}\n")[0].id


def test_a_null_of_the_sweep_is_a_setting_that_its_tiers_keep(sweep_file: Callable[[str], Path]) -> None:
    file = sweep_file(
        "sweep: s\nbase: {preset: tiny32, data: tiny, discriminator.minibatch_std_group: null}\nhorizon_kimg: 1\n"
        "tiers: {small: {base: {augment: none}}, smaller: {base: {discriminator.minibatch_std_group: null}}}\n"
    )
    assert "discriminator.minibatch_std_group" in read_sweep(file, "small").spec.base
    assert "discriminator.minibatch_std_group" not in read_sweep(file, "smaller").spec.base


def test_a_null_that_removes_nothing_of_what_is_included_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, common=COMMON, own="sweep: own\ninclude: common.yaml\ngrid: {augmnt: null}\n")
    with pytest.raises(SweepError, match=r"own\.yaml:3: grid\.augmnt: null removes a key, .*did you mean 'augment'"):
        read_sweep(file)
