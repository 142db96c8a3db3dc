"""The command line: user errors, imports, and the speed of planning."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli import COMMANDS, FORWARDED, main
from orchestrator.commands import delegate
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.display.output import print_json
from orchestrator.doctor.checks import examine
from orchestrator.doctor.own_packages import require_own_packages
from orchestrator.errors import BackendError
from orchestrator.plan.plan_document import write_plan
from orchestrator.store.layout import Store
from orchestrator.sweep.bundled import bundled
from orchestrator.sweep.json_schema import sweep_schema
from orchestrator.sweep.reader import read_sweep
from tests.support.tiny_sweep import SWEEP, write_data_set
from trainer.errors import UserError

Write = Callable[[str], Path]
Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent.parent
PANELS = ("Run", "Inspect", "Record and analyse", "Data", "Machine")
HEAVY = ("torch", "mlflow", "submitit", "ray", "pandas", "matplotlib", "optuna", "scipy")

PLAN = """
import resource, sys
from orchestrator.cli import main
code = main(["plan", sys.argv[1], "--store", sys.argv[2], "--json"])
used = resource.getrusage(resource.RUSAGE_SELF)
heavy = [name for name in sys.argv[3].split(",") if name in sys.modules]
sys.stderr.write(f"{code} {used.ru_utime + used.ru_stime} {','.join(heavy)}")
"""


def test_ten_thousand_trials_are_planned_fast_and_without_anything_heavy(store: Store, sweep_file: Write) -> None:
    gammas = ", ".join(f"{0.1 + index / 100:.2f}" for index in range(100))
    text = SWEEP.replace("data.subset: [20, 40]", f"objective.r1_gamma: [{gammas}]").replace("seeds: [0]", "seeds: 50")
    command = [sys.executable, "-c", PLAN, str(sweep_file(text)), str(store.root), ",".join(HEAVY)]
    assert any(ten_thousand_planned(command) < 3 * slowness() for _ in range(5))


def test_a_set_examined_before_is_planned_without_opening_an_image(store: Store, sweep_file: Write) -> None:
    command = [sys.executable, "-c", PLAN, str(sweep_file(SWEEP)), str(store.root), "PIL"]
    loaded = [subprocess.run(command, capture_output=True, text=True, check=True).stderr.split()[2:] for _ in range(2)]
    assert loaded == [["PIL"], []]


def test_ten_thousand_trials_of_which_each_second_starts_from_another_are_planned_as_fast(
    store: Store, sweep_file: Write
) -> None:
    gammas = ", ".join(f"{0.1 + index / 100:.2f}" for index in range(100))
    cells = "cells: {a: {augment: none}, b: {augment: ada, transfer: {cell: a, seed: same}}}\ngrid:"
    text = SWEEP.replace("data.subset: [20, 40]\n  augment: [none, ada]", f"objective.r1_gamma: [{gammas}]")
    text = text.replace("grid:", cells).replace("seeds: [0]", "seeds: 50")
    command = [sys.executable, "-c", PLAN, str(sweep_file(text)), str(store.root), ",".join(HEAVY)]
    assert any(ten_thousand_planned(command) < 3 * slowness() for _ in range(5))


def test_ten_thousand_trials_with_sequential_seeds_and_sources_are_planned_as_fast(
    store: Store, sweep_file: Write
) -> None:
    gammas = [f"{0.1 + index / 100:g}" for index in range(200)]
    cells = "cells: {a: {augment: none}, b: {augment: ada, transfer: {cell: a, seed: same}}}\ngrid:"
    text = SWEEP.replace("data.subset: [20, 40]\n  augment: [none, ada]", f"objective.r1_gamma: [{', '.join(gammas)}]")
    text = text.replace("grid:", cells).replace("seeds: [0]", "seeds: {from: 25, to: 30, until: claims}")
    claims = "".join(f"  - b & r1_gamma={gamma} < a & r1_gamma={gamma}\n" for gamma in gammas[:10])
    file = sweep_file(f"{text}claims:\n{claims}")
    command = [sys.executable, "-c", PLAN, str(file), str(store.root), ",".join(HEAVY)]
    assert any(ten_thousand_planned(command) < 3 * slowness() for _ in range(5))


def ten_thousand_planned(command: list[str]) -> float:
    """Return the CPU seconds of a plan that has 10,000 cells and imports nothing heavy."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)["cells"]) == 10_000
    code, cpu_seconds, heavy = done.stderr.split(" ")
    assert (code, heavy) == ("0", "")
    return float(cpu_seconds)


def slowness() -> float:
    """Return how many times slower than usual this machine is now, for example because of other processes."""
    started = time.process_time()
    json.dumps(list(range(400_000)))
    return max(1.0, (time.process_time() - started) / 0.05)


@pytest.mark.parametrize("words", [["run"], ["plan"], ["status"], ["record"], ["doctor"], ["supervise"], []])
def test_help_has_no_need_of_anything_heavy(words: list[str]) -> None:
    script = (
        "import sys; from orchestrator.cli import main; main(sys.argv[1:]); print([n for n in %r if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script % (HEAVY,), *words, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS if entry.module != FORWARDED])
def test_every_command_has_help_with_examples(name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegate, "execute", lambda *_: sys.stdout.write("  adasweep energy") and 0)
    assert main([name, "--help"]) == 0
    assert f"  adasweep {name}" in capsys.readouterr().out


def test_commands_are_listed_in_groups_with_a_line_of_help(capsys: Capture) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(entry.name in listed and entry.help.split(",")[0] in listed for entry in COMMANDS)
    assert [listed.index(f" {panel} ") for panel in PANELS] == sorted(listed.index(f" {panel} ") for panel in PANELS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "gone.yaml"], "gone.yaml: file: No such file or directory"),
        (["status", "gone"], "sweep 'gone': is not in the store"),
        (["plan", "nowhere"], "sweeps there: none yet; "),
        (["run", "{sweep}", "--cpus", "0"], "--cpus: 0 is not at least 1"),
        (["plan", "{sweep}", "--tire", "smoke"], "No such option: --tire. Did you mean --tier?"),
        (["sttaus"], "No such command 'sttaus'. Did you mean 'status'?"),
        (["plan"], "Missing argument 'SWEEP'; see: adasweep plan --help"),
        (["why", "abc"], "trial 'abc': no such trial"),
        (["status", "--store", ""], "--store: names no folder; write . for this one"),
        (["status", "--store="], "--store: names no folder; write . for this one"),
        (["cancel", "gone"], "gone: is neither a sweep in the store nor a trial"),
        (["record"], "has no trials"),
        (["plan", "{sweep}", "--backend", "slrum"], "no backend is called 'slrum'"),
        (["plan", "{sweep}", "--horizon-kimg", "-1"], "--horizon-kimg: -1 is not more than 0"),
        (["plan", "{sweep}", "--horizon-kimg", "nan"], "--horizon-kimg: nan is not more than 0"),
        (["plan", "{sweep}", "--horizon-kimg", "1e300"], "--horizon-kimg: 1e+300 is not at most 1e+09"),
        (["plan", "{sweep}", "--watts", "nan"], "--watts: nan is not a number from 0 on"),
        (["plan", "{sweep}", "--per-kwh", "-0.1"], "--per-kwh: -0.1 is not a number from 0 on"),
        (["plan", "{sweep}", "--per-gpu-hour", "inf"], "--per-gpu-hour: inf is not a number from 0 on"),
        (["run", "{sweep}", "--watts", "-5"], "--watts: -5 is not a number from 0 on"),
        (["metrics", "{sweep}", "--seeds", "10000000000"], "'--seeds'"),
        (["run", "{sweep}", "--tier", "huge"], "has no tier 'huge'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str],
    message: str,
    tmp_path: Path,
    sweep_file: Write,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_data_set(tmp_path / "tiny.zip")
    words = [word.format(sweep=sweep_file(SWEEP.replace("data: tiny", "data: ./tiny.zip"))) for word in words]
    monkeypatch.setenv("ADASWEEP_STORE", str(tmp_path / "empty"))
    assert main(words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("adasweep: error: ")
    assert printed.count("\n") == 1
    assert message in printed
    assert not (tmp_path / "empty").exists()


def test_a_sweep_that_was_run_is_named_by_its_name_or_its_file(
    store: Store, sweep_file: Write, capsys: Capture
) -> None:
    file, where = str(sweep_file(SWEEP)), ["--store", str(store.root), "--json"]
    write_plan(store, plan_sweep(store, Request(Path(file))))
    name = read_sweep(Path(file)).key
    for words in (["plan"], ["status"], ["watch"], ["run", "--dry-run"], ["metrics", "--dry-run"]):
        message = []
        for sweep in (name, file):
            assert main([words[0], sweep, *words[1:], *where]) == 0
            message.append(capsys.readouterr().out)
        assert message[0] == message[1]
    for sweep in (name, file):
        assert main(["cancel", sweep, *where]) == main(["retry", sweep, *where]) == 2
        assert capsys.readouterr().err.count("nothing ") == 2


def test_extend_finds_the_file_of_a_sweep_by_its_name(
    store: Store, sweep_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sweep_file(SWEEP)
    write_plan(store, plan_sweep(store, Request(file)))
    asked: list[Request] = []
    monkeypatch.setattr("orchestrator.commands.extend.execute", lambda _store, request, _flags: asked.append(request))
    for sweep in (read_sweep(file).key, str(file)):
        assert main(["extend", sweep, "2", "--store", str(store.root)]) == 0
    assert [(request.file, request.tier, request.horizon_kimg) for request in asked] == 2 * [(file, "", 2.0)]


def test_extend_does_not_shorten_a_sweep(store: Store, sweep_file: Write, capsys: Capture) -> None:
    file = sweep_file(SWEEP)
    write_plan(store, plan_sweep(store, Request(file, horizon_kimg=8.0)))
    before = store.plan("test").read_bytes()
    assert main(["extend", str(file), "4", "--store", str(store.root)]) == 2
    assert "from 8 to 4 kimg; give a longer horizon; to shorten: run SWEEP" in capsys.readouterr().err
    assert store.plan("test").read_bytes() == before


def test_a_name_close_to_that_of_a_sweep_suggests_it(store: Store, sweep_file: Write, capsys: Capture) -> None:
    write_plan(store, plan_sweep(store, Request(sweep_file(SWEEP))))
    name = read_sweep(sweep_file(SWEEP)).key
    assert main(["status", f"{name}s", "--store", str(store.root)]) == 2
    assert f"did you mean {name}?" in capsys.readouterr().err


def test_missing_data_is_reported_at_the_line_that_names_it(sweep_file: Write, tmp_path: Path, capsys: Capture) -> None:
    file = sweep_file(SWEEP)
    assert main(["run", str(file), "--store", str(tmp_path / "empty")]) == 2
    assert f"{file}:4: base.data: tiny: " in capsys.readouterr().err
    assert not (tmp_path / "empty").exists()


def test_data_beside_the_sweep_file_is_found(store: Store, sweep_file: Write, capsys: Capture) -> None:
    (store.data / "tiny.zip").rename(store.root.parent / "mine.zip")
    file = sweep_file(SWEEP.replace("data: tiny", "data: ./mine.zip"))
    assert main(["plan", str(file), "--store", str(store.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["actions"] == {"new": 4}


def test_a_store_that_cannot_be_written_is_reported(store: Store, sweep_file: Write, capsys: Capture) -> None:
    store.trials.write_text("a file where a folder belongs")
    assert main(["run", str(sweep_file(SWEEP)), "--store", str(store.root), "--no-record"]) == 2
    assert "trials: is not a folder; remove it, or put the folder back" in capsys.readouterr().err
    assert list(store.ids()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_reported(store: Store, sweep_file: Write, capsys: Capture) -> None:
    store.root.chmod(0o555)
    assert main(["run", str(sweep_file(SWEEP)), "--store", str(store.root)]) == 2
    assert "cannot be written (permission denied)" in capsys.readouterr().err


def test_a_bug_is_exit_code_70(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def broken() -> None:
        raise AssertionError("impossible")

    monkeypatch.setattr("orchestrator.commands.schema.sweep_schema", broken)
    assert main(["schema"]) == 70
    printed = capsys.readouterr().err.splitlines()
    assert printed[0].startswith("Traceback")
    assert printed[-1].startswith("adasweep: error: internal error; please report it")


def test_ctrl_c_is_exit_code_75(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.commands.schema.sweep_schema", interrupted)
    assert main(["schema"]) == 75
    assert capsys.readouterr().err == "adasweep: error: interrupted; repeat the command to continue\n"


@pytest.mark.parametrize(("retryable", "code"), [(True, 75), (False, 2)])
def test_a_failing_backend_is_reported(
    retryable: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def failing() -> None:
        raise BackendError("sbatch: no answer", retryable=retryable)

    monkeypatch.setattr("orchestrator.commands.schema.sweep_schema", failing)
    assert main(["schema"]) == code
    assert capsys.readouterr().err == "adasweep: error: sbatch: no answer\n"


def test_another_package_called_trainer_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "trainer")
    with pytest.raises(UserError, match="pip uninstall trainer"):
        require_own_packages()


def test_the_doctor_looks_at_everything(store: Store, capsys: Capture) -> None:
    names = {finding.name for finding in examine(store)}
    assert {"python", "own packages", "torch", "store", "disk", "clock", "hard links", "mlflow record"} <= names
    assert main(["doctor", "--store", str(store.root), "--json"]) == 0
    assert {finding["verdict"] for finding in json.loads(capsys.readouterr().out)} <= {"ok", "note"}


def test_commands_of_other_packages_are_forwarded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def run(command: list[str], env: dict[str, str], check: bool, **_: None) -> "subprocess.CompletedProcess[str]":
        calls.append([*command[2:], env["ADASWEEP_STORE"], str(check)])
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", run)
    assert delegate.execute("analysis", ["figures", "draw", "demo", "--json"], store) == 7
    assert main(["data", "get", "tiny", "--help", "--store", str(store.root)]) == 7
    assert [call[:-2] for call in calls] == [
        ["-m", "analysis", "figures", "draw", "demo", "--json"],
        ["-m", "trainer", "data", "get", "tiny", "--help"],
    ]
    assert calls[0][-2] == str(store.root)


def test_json_for_programs_has_no_nan(capsys: Capture) -> None:
    print_json({"score_best": float("nan"), "where": Path("store")})
    assert json.loads(capsys.readouterr().out) == {"score_best": None, "where": "store"}


def test_the_schema_in_the_repository_is_that_of_the_model() -> None:
    kept = json.loads((ROOT / "sweeps" / "schema.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(sweep_schema())), "renew it: adasweep schema > sweeps/schema.json"


def test_the_schema_knows_every_key_of_the_sweeps() -> None:
    schema = sweep_schema()
    for file in bundled().values():
        values = read_sweep(file).source.values
        assert set(values) <= set(schema["properties"])
        assert set(values.get("base", {})) <= set(schema["$defs"]["Assignments"]["properties"])
        assert set(values.get("grid", {})) <= set(schema["$defs"]["Axes"]["properties"])


def test_the_schema_lets_a_choice_be_named_alone() -> None:
    augment = sweep_schema()["$defs"]["Assignments"]["properties"]["augment"]["anyOf"]
    names = next(set(choice["enum"]) for choice in augment if "enum" in choice)
    assert {"none", "fixed", "ada"} <= names


def test_the_status_of_a_store_without_sweeps_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "misspelt"
    assert main(["status", "--store", str(place)]) == 0
    assert capsys.readouterr().out == f"no sweep was run in {place}\n"
    assert not place.exists()
