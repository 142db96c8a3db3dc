"""The worker's command line, and behaviour shared by all command lines."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unicodedata import category

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from trainer.__main__ import main
from trainer.command_line.group import Command, new_app, program, repeated
from trainer.command_line.options import DEFAULT_STORE, StoreOption
from trainer.command_line.printable import PrintableConsole
from trainer.command_line.program import run_program
from trainer.command_line.sweeps import is_file, name_in, stored_name
from trainer.commands import COMMANDS
from trainer.commands.arguments import parse_seeds, positive
from trainer.config.plan_file import read_plan_file
from trainer.errors import HIDDEN, UserError, printable, without_prefix

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_has_help_with_examples(name: str, capsys: Capture) -> None:
    assert main([name, "--help"]) == 0
    message = capsys.readouterr().out
    assert f"  python -m trainer {name} " in message or "COMMAND" in message


def test_help_of_run_and_a_wrong_command_line_do_not_import_torch(tmp_path: Path) -> None:
    look = "import sys; from trainer.__main__ import main; main(sys.argv[1:]); print('torch' in sys.modules)"
    for words in (["run", "--help"], ["run", "--out", str(tmp_path)]):
        done = subprocess.run([sys.executable, "-c", look, *words], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("words", [["ops", "build"], ["ops", "status"]])
def test_every_command_of_a_group_has_help_with_examples(words: list[str], capsys: Capture) -> None:
    assert main([*words, "--help"]) == 0
    assert f"  adasweep {' '.join(words)} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["inspect", "jacobian"], "type: python -m trainer probe PROBE SNAPSHOT TARGET"),
        (["probe", "--config", "trial.json"], "type: python -m trainer benchmark --config CONFIG"),
        (["generat"], "No such command 'generat'. Did you mean 'generate'?"),
        (["run", "--kmig", "1"], "No such option: --kmig. Did you mean --kimg?"),
        (["run"], "run: options are missing; give --dir and --attempt, or --out and --data"),
        (["generate", "a.safetensors", "b.png", "--seeds", "3-"], "--seeds: '3-' is not a list of numbers"),
        (["generate", "a.safetensors", "b.png", "--resample", "0"], "--resample: 0 is not above 0"),
        (["generate", "a.safetensors", "b.jpg"], "b.jpg: would be a PNG file, but is not named so; write b.png"),
        (["style-mix", "a.safetensors", "b"], "b: would be a PNG file"),
        (["augment", "a.png", "b.gif"], "b.gif: would be a PNG file"),
        (["augment", "a.png", ""], ".: would be a PNG file, but is not named so; name a file"),
        (["augment", "a.png", "b.png", "--pipe", "bgx"], "Invalid value for '--pipe'"),
        (["data", "descrbe"], "No such command 'descrbe'. Did you mean 'describe'?"),
        (["export", "gone.safetensors"], "Missing argument 'TARGET'; see: python -m trainer export --help"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words: list[str], message: str, capsys: Capture) -> None:
    assert main(words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("adasweep: error: ")
    assert printed.count("\n") == 1
    assert message in printed


def test_a_full_disk_is_a_user_error_and_anything_else_a_bug(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("trainer.commands.schema.json.dumps", fail)
    error: Exception = OSError(28, "No space left on device", "here")
    assert main(["schema"]) == 2
    assert "here: No space left on device; free space" in capsys.readouterr().err
    error = FileExistsError(17, "File exists", "here")
    assert main(["schema"]) == 2
    assert "here: is a file where a folder belongs; move it away, or choose" in capsys.readouterr().err
    error = ValueError("impossible")
    assert main(["schema"]) == 70
    assert capsys.readouterr().err.splitlines()[-1].endswith("ValueError: impossible")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "a=1", "b=-2", "--kimg", "3"], ["--set", "a=1", "--set", "b=-2", "--kimg", "3"]),
        (["x", "--set", "a=1", "--set", "b=2"], ["x", "--set", "a=1", "--set", "b=2"]),
        (["--metrics", "--kimg", "3"], ["--metrics", "", "--kimg", "3"]),
        (["--metrics"], ["--metrics", ""]),
        ([], []),
    ],
)
def test_an_option_may_take_several_words_or_none(words: list[str], expected: list[str]) -> None:
    assert list(repeated(words, ("--set", "--metrics"))) == expected


def test_a_program_imports_only_the_command_that_is_called() -> None:
    app = program("", [Command("good", "trainer.commands.schema", "", ""), Command("bad", "no.such.module", "", "")])
    assert run_program(app, ["good"], "test") == 0
    assert run_program(app, ["--help"], "test") == 0
    assert run_program(app, ["bad"], "test") == 70


def test_an_exit_code_is_what_the_command_returns() -> None:
    app = new_app()
    app.command()(lambda: 3)
    assert run_program(app, [], "test") == 3


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", ""])
def test_the_exit_code_of_a_mistake_does_not_depend_on_standard_error(redirection: str) -> None:
    command = f"exec {sys.executable} -m trainer schema --nothing {redirection}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("size", ["0", "00", ""])
def test_a_terminal_of_size_nothing_does_not_hide_output(size: str) -> None:
    environment = {**os.environ, "COLUMNS": size, "LINES": size}
    command = [sys.executable, "-m", "trainer", "--help"]
    assert b"Usage" in subprocess.run(command, capture_output=True, check=True, env=environment).stdout


def test_sweeps_are_found_by_name_and_by_file(tmp_path: Path) -> None:
    for name in ("demo", "demo-smoke", "a/b"):
        (tmp_path / "sweeps" / name).mkdir(parents=True)
        (tmp_path / "sweeps" / name / "plan.json").touch()
    file = tmp_path / "any.yaml"
    file.write_text("sweep: demo\n")
    assert [stored_name(tmp_path, sweep) for sweep in ("demo", "a/b", str(file))] == ["demo", "a/b", "demo"]
    (tmp_path / "sweeps" / "demo" / "plan.json").unlink()
    with pytest.raises(UserError, match="name one of its tiers: demo-smoke"):
        stored_name(tmp_path, str(file))
    with pytest.raises(UserError, match="did you mean demo-smoke"):
        stored_name(tmp_path, "demo-smok")
    with pytest.raises(UserError, match="sweeps there: none yet"):
        stored_name(tmp_path / "other", "demo")
    assert [is_file(sweep) for sweep in ("demo", "gone.yaml", "GONE.YML", str(file))] == [False, True, True, True]


def test_a_sweep_whose_plan_is_a_link_to_nowhere_or_missing_is_told_from_one_that_was_never_run(tmp_path: Path) -> None:
    folder = tmp_path / "sweeps" / "demo"
    folder.mkdir(parents=True)
    (folder / "plan.json").symlink_to("nowhere")
    assert stored_name(tmp_path, "demo") == "demo"
    (folder / "plan.json").unlink()
    (folder / "runs.jsonl").touch()
    with pytest.raises(UserError, match=r"sweeps/demo/plan\.json: is missing; run the sweep again"):
        stored_name(tmp_path, "demo")


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.name)])
def test_what_is_no_folder_in_the_place_of_a_sweep_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    (tmp_path / "sweeps").mkdir()
    make(tmp_path / "sweeps" / "demo")
    for find in (lambda: stored_name(tmp_path, "demo"), lambda: read_plan_file(tmp_path / "sweeps/demo/plan.json")):
        with pytest.raises(UserError, match=r"sweeps/demo: is not a folder; remove it and run the sweep again"):
            find()


@pytest.mark.parametrize("name", ["trials", "sweeps"])
def test_a_store_with_something_else_in_the_place_of_a_folder_is_refused(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def show(store: StoreOption = DEFAULT_STORE) -> None:
        typer.echo(f"nothing to see in {store}")

    (tmp_path / name).symlink_to(name)
    app = new_app()
    app.command()(show)
    assert run_program(app, ["--store", str(tmp_path)], "test") == 2
    line = f"{tmp_path}/{name}: is not a folder; remove it, or put the folder back"
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.write_text("a file"), "is not a folder"),
        (lambda path: path.symlink_to("nowhere"), "is not a folder"),
        (lambda path: path.symlink_to(path.name), "is not a folder"),
        (lambda path: path.parent.joinpath("file").touch(), "is not a folder"),
        (str, "cannot be used (file name too long)"),
    ],
)
def test_a_store_that_can_be_no_folder_is_refused(
    tmp_path: Path, make: Callable[[Path], object], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def show(store: StoreOption = DEFAULT_STORE) -> None:
        typer.echo(f"nothing to see in {store}")

    store = tmp_path / ("x" * 300 if "too long" in problem else "store")
    make(store)
    below = store.with_name("file") / "store"
    app = new_app()
    app.command()(show)
    given = below if below.parent.exists() else store
    assert run_program(app, ["--store", str(given)], "test") == 2
    assert f"{given}: {problem}; name another with --store or ADASWEEP_STORE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x" * 300, "/dev/null", "../sweeps/file"], ids=["long", "absolute", "outside"])
def test_what_can_be_no_name_of_a_sweep_is_none_in_the_store(tmp_path: Path, name: str) -> None:
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "file").touch()
    with pytest.raises(UserError, match="is not in the store"):
        stored_name(tmp_path, name)


@pytest.mark.parametrize(
    "text", ["[", "- sweep", "question: none", "sweep: [1]", "sweep: \x00", "sweep: 2001-99-99", "[" * 9999]
)
def test_a_file_that_names_no_sweep_is_reported(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"bad\.yaml: "):
        name_in(file)


@pytest.mark.timeout(60)
def test_a_pipe_in_the_place_of_a_sweep_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(UserError, match=r"pipe\.yaml: not a regular file"):
        stored_name(tmp_path, str(tmp_path / "pipe.yaml"))


def test_numbers_and_ranges_are_read() -> None:
    assert parse_seeds("--seeds", "0-3") == [0, 1, 2, 3]
    assert parse_seeds("--seeds", "7,1-2") == [7, 1, 2]
    assert positive("--resample", 0.5) == 0.5
    for value in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UserError, match="is not above 0"):
            positive("--resample", value)


def test_supervisors_read_errors_of_this_and_of_earlier_versions() -> None:
    for line in ("adasweep: error: data: gone", "adasweep: data: gone", "data: gone"):
        assert without_prefix(line) == "data: gone"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain größe ☃\n\tkept", "plain größe ☃\n\tkept"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\u202eb\u2066c\x9b\x7f", "a\\u202eb\\u2066c\\x9b\\x7f"),
        ("\ud800\x00\r", "\N{REPLACEMENT CHARACTER}\\x00\\r"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert printable(text, "\n\t") == shown


@given(st.text())
def test_no_text_of_others_is_obeyed_by_a_terminal(text: str) -> None:
    stream = io.StringIO()
    PrintableConsole(file=stream, force_terminal=True, color_system=None).print(Text(text))
    assert not [letter for letter in stream.getvalue() if category(letter) in HIDDEN and letter not in "\n\t"]
