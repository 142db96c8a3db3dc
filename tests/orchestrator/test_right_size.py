"""The number of devices of `resources: {gpus: auto}`: the decision, the curve, and what a plan makes of it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.commands import probe_devices
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.display.plan_table import summary
from orchestrator.errors import SweepError
from orchestrator.plan.benchmark_file import Benchmark
from orchestrator.plan.device_curve import published_curve, read_curve, write_curve
from orchestrator.plan.devices import device_choice, with_choice
from orchestrator.plan.plan_document import plan_document
from orchestrator.plan.right_size import DevicePoint, powers_of_two, relative_energy, right_size
from orchestrator.store.layout import Store
from orchestrator.sweep.expand import expand
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.requested_resources import DeviceKind
from orchestrator.sweep.trial import Trial
from tests.support.tiny_sweep import find
from trainer.config.job import Resources

Read = Callable[..., Sweep]
GPU_HOURS = {1: 165, 2: 172, 4: 176, 8: 280}
PUBLISHED = [DevicePoint(count, 25e6 * count / (hours * 3600)) for count, hours in GPU_HOURS.items()]
AUTO = "sweep: s\nbase: {preset: tiny32, data: tiny}\nhorizon_kimg: 1\nresources: "


def nothing_lacks(_resources: Resources) -> str:
    return ""


def test_the_published_times_of_256x256_take_one_gpu_for_the_least_energy() -> None:
    assert right_size(PUBLISHED).devices == 1


@pytest.mark.parametrize(("within", "taken"), [(1.04, 1), (1.05, 2), (1.1, 4), (1.6, 4), (1.7, 8)])
def test_within_a_share_of_the_least_energy_the_fastest_number_is_taken(within: float, taken: int) -> None:
    assert right_size(PUBLISHED, within).devices == taken


@pytest.mark.parametrize("within", [1.0, 1.1, 1.25, 1.5])
def test_the_built_in_table_of_v100s_never_takes_eight(within: float) -> None:
    curve = published_curve().points
    assert [point.devices for point in curve] == [1, 2, 4, 8]
    assert right_size(curve, within).devices < 8


def test_energy_is_relative_to_the_least() -> None:
    assert relative_energy([DevicePoint(1, 10), DevicePoint(2, 16)]) == [1.0, 1.25]


def test_of_equally_fast_numbers_the_smallest_is_taken() -> None:
    assert right_size([DevicePoint(1, 10), DevicePoint(2, 20), DevicePoint(4, 20)], 4).devices == 2


def test_numbers_are_powers_of_two_up_to_what_is_there() -> None:
    assert (powers_of_two(1), powers_of_two(6), powers_of_two(8)) == ([1], [1, 2, 4], [1, 2, 4, 8])


def test_a_curve_is_read_as_it_was_written_and_on_other_hosts_too(read: Read, tmp_path: Path) -> None:
    config = expand(read(AUTO + "{cpus: 1}"), find)[0].config
    folder = tmp_path / "benchmarks"
    assert read_curve(folder, config, "cpus") is None
    write_curve(folder, config, "cpus", [DevicePoint(1, 5.0), DevicePoint(2, 9.0)])
    (here,) = folder.iterdir()
    here.rename(folder / "elsewhere")
    found = read_curve(folder, config, "cpus")
    assert found is not None
    assert found == ((DevicePoint(1, 5.0), DevicePoint(2, 9.0)), "measured on elsewhere")


def test_a_chosen_number_is_a_resource_and_no_part_of_a_trial(read: Read, tmp_path: Path) -> None:
    auto, given = (read(AUTO + text) for text in ("{cpus: auto, within: 2}", "{cpus: 1}"))
    trials = expand(auto, find)
    write_curve(tmp_path, trials[0].config, "cpus", [DevicePoint(1, 5.0), DevicePoint(2, 9.0), DevicePoint(4, 9.5)])
    choice = device_choice(auto, trials, tmp_path, nothing_lacks)
    sized = expand(with_choice(auto, choice), find)
    assert (choice.taken.devices, sized[0].resources.cpus) == (2, 2)
    assert [trial.id for trial in sized] == [trial.id for trial in expand(given, find)]


def test_threads_are_not_chosen_without_a_measurement(read: Read, tmp_path: Path) -> None:
    sweep = read(AUTO + "{cpus: auto}")
    with pytest.raises(SweepError, match=r"resources.cpus: auto needs a measurement.*--probe"):
        device_choice(sweep, expand(sweep, find), tmp_path, nothing_lacks)


def test_gpus_are_chosen_from_the_published_curve_among_those_that_divide_a_batch(read: Read, tmp_path: Path) -> None:
    text = AUTO.replace("data: tiny}", "data: tiny, batch: 16, micro_batch: 8}") + "{gpus: auto, within: 1.6}"
    choice = device_choice(sweep := read(text), expand(sweep, find), tmp_path, nothing_lacks)
    assert [point.devices for point in choice.curve] == [1, 2]
    assert (choice.taken.devices, choice.source) == (2, "published: 256x256 on V100")


@pytest.mark.parametrize("kind", ["cpus", "gpus"])
def test_a_damaged_curve_is_named_where_the_choice_is(read: Read, tmp_path: Path, kind: DeviceKind) -> None:
    trials = expand(sweep := read(AUTO + f"{{{kind}: auto}}"), find)
    write_curve(tmp_path, trials[0].config, kind, [DevicePoint(1, 5.0)])
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    if kind == "gpus":
        assert f"published: 256x256 on V100 ({path}" in device_choice(sweep, trials, tmp_path, nothing_lacks).source
    else:
        with pytest.raises(SweepError, match=rf"--probe \({re.escape(str(path))}: "):
            device_choice(sweep, trials, tmp_path, nothing_lacks)


def test_a_machine_without_gpus_has_nothing_to_choose_from(read: Read, tmp_path: Path) -> None:
    sweep = read(AUTO + "{gpus: auto}")
    with pytest.raises(SweepError, match="nothing to choose from: no GPU here"):
        device_choice(sweep, expand(sweep, find), tmp_path, lambda _: "no GPU here")


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ("{cpus: auto, gpus: 1}", "give a number of cpus beside gpus"),
        ("{cpus: 2, within: 1.1}", "within: needs gpus: auto or cpus: auto"),
        ("{gpus: auto, within: 0.9}", "greater than or equal to 1"),
        ("{gpus: some}", "gpus"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(read: Read, resources: str, problem: str) -> None:
    with pytest.raises(SweepError, match=problem):
        read(AUTO + resources)


def sized_by_probe(store: Store, folder: Path) -> list[int]:
    """Return the numbers of threads on the curve of a plan after a probe; check that it takes one and shows all."""
    file = folder / "auto.yaml"
    base = "{preset: tiny32, data: tiny, generator.channel_base: 64, batch: 4, micro_batch: 4}"
    file.write_text(f"sweep: s\nbase: {base}\nhorizon_kimg: 1\nresources: {{cpus: auto}}\n")
    request = Request(file, cpus=2)
    probe_devices.execute(store, request)
    plan = plan_sweep(store, request)
    devices = json.loads(json.dumps(plan_document(plan)["devices"]))
    assert {trial.resources.cpus for trial in plan.trials} == {devices["taken"]}
    assert any("1 thread: " in line and "2 threads: " in line for line in summary(plan))
    return [point["devices"] for point in devices["curve"]]


def test_a_probe_is_made_once_and_the_plan_takes_a_number_and_shows_the_curve(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def scripted(_store: Store, _trial: Trial, *options: str) -> Benchmark:
        asked.append(options)
        return Benchmark(seconds_per_kimg=10 / len(asked), seconds_per_thousand_evaluated=1)

    monkeypatch.setattr(probe_devices, "measured", scripted)
    assert sized_by_probe(store, tmp_path) == [1, 2]
    assert sized_by_probe(store, tmp_path) == [1, 2]
    assert asked == [("--threads", "1", "--ops", "auto"), ("--threads", "2", "--ops", "auto")]


@pytest.mark.slow
def test_a_probe_measures_real_training_on_each_number_of_threads(store: Store, tmp_path: Path) -> None:
    assert sized_by_probe(store, tmp_path) == [1, 2]
