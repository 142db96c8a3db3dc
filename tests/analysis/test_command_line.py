import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.commands import COMMANDS
from analysis.figures.catalog import GENERAL
from analysis.synthetic_store import IDENTITY, id_of
from analysis.tables.schema import SCHEMAS, TABLES, read_table
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE
from trainer.files import append_lines

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process; give exit code, output, and errors."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_collect_counts(run: Run, store: ResultStore) -> None:
    assert run("collect", "--store", store.path) == (0, "12 trials: 12 read, 0 unchanged, 0 gone\n", "")
    code, out, _ = run("collect", "--store", store.path, "--json")
    assert (code, json.loads(out)) == (0, {"trials": 12, "read": 0, "removed": 0, "skipped": []})


@pytest.mark.parametrize("name", TABLES)
def test_collect_writes_csv_with_every_row_and_value(run: Run, store: ResultStore, name: str) -> None:
    code, out, _ = run("collect", "--store", store.path, "--csv", "--json")
    assert code == 0
    assert str(store.tables / f"{name}.csv") in json.loads(out)["csv"]
    table = read_table(store.tables, name, SCHEMAS[name].names, list(store.trials()))
    with open(store.tables / f"{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == table.column_names
    place = "number" if name == "attempts" else "kimg"
    assert [(row["trial"], float(row[place])) for row in rows] == [
        (row["trial"], row[place]) for row in table.select(["trial", place]).to_pylist()
    ]
    if name == "ticks":
        assert [json.loads(row["stats"]) for row in rows] == [dict(stats) for stats in table["stats"].to_pylist()]


def refused(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_nan_is_null_for_strict_readers(run: Run, troubled: ResultStore) -> None:
    lost = {"attempt": 1, "kimg": 5.0, "stats": {"Loss/G/loss": float("nan"), "Loss/D/loss": float("inf")}}
    append_lines(troubled.run(id_of(WHOLE[0])).ticks, [lost])
    run("collect", "--store", troubled.path, "--csv")
    with open(troubled.tables / "ticks.csv", newline="") as file:
        stats = [json.loads(row["stats"], parse_constant=refused) for row in csv.DictReader(file)]
    assert {"Loss/G/loss": None, "Loss/D/loss": None} in stats
    where = ("--store", troubled.path, "--json")
    claim = ("--claim", "ada < baseline at subset=2000")
    figure = ("figures", "draw", "synthetic", "--only", "fid_curves")
    of_sweep = (("table", "synthetic"), ("claims", "synthetic", *claim), figure)
    for words in ((*one, *where) for one in (*of_sweep, ("energy",))):
        json.loads(run(*words)[1], parse_constant=refused)


def test_figures_are_drawn_and_verified(run: Run, store: ResultStore) -> None:
    code, out, _ = run("figures", "draw", "synthetic", "--store", store.path, "--json")
    assert code == 0
    assert list(json.loads(out, parse_constant=refused)) == list(GENERAL)
    for words in ((), ("synthetic",)):
        assert run("figures", "verify", *words, "--store", store.path)[0] == 0
    code, out, _ = run("figures", "trace", store.figures("synthetic") / "ada_p.pdf", "--store", store.path, "--json")
    assert (code, json.loads(out)["metric_identity"]) == (0, IDENTITY)


def test_a_figure_that_differs_from_its_runs_gives_exit_code_2(run: Run, store: ResultStore) -> None:
    run("figures", "draw", "synthetic", "--store", store.path, "--only", "ada_p")
    (store.figures("synthetic") / "ada_p.csv").unlink()
    code, _, err = run("figures", "verify", "--store", store.path)
    assert code == 2
    assert err == "adasweep: error: 1 of 1 figures differ from their runs; check the runs, or draw the figures again\n"


def test_table_in_every_form(run: Run, store: ResultStore) -> None:
    where = ("synthetic", "--store", store.path)
    assert "subset=500 ada" in run("table", *where)[1]
    assert len(list(csv.DictReader(run("table", *where, "--csv")[1].splitlines()))) == 4
    assert run("table", *where, "--format", "markdown")[1].startswith("| cell | best | at kimg |")
    assert len(json.loads(run("table", *where, "--json")[1])["cells"]) == 4


def test_claims_give_verdicts(run: Run, store: ResultStore) -> None:
    where = ("synthetic", "--store", store.path)
    code, out, _ = run("claims", *where, "--claim", "ada < baseline at subset=500, p<0.1")
    assert (code, out.split()[0]) == (0, "PASS")
    assert json.loads(run("claims", *where, "--json")[1]) == {"tested": [], "not_tested": [], "published": []}
    assert "give a claim with --claim" in run("claims", *where)[1]


def test_prose_claims_are_listed_as_not_tested(run: Run, store: ResultStore) -> None:
    plan = json.loads(store.plan("synthetic").read_text())
    stated = ["prose: The fewer the images, the sooner FID turns up.", "ada < baseline at subset=500, p<0.1"]
    store.plan("synthetic").write_text(json.dumps({**plan, "claims": stated}))
    lines = run("claims", "synthetic", "--store", store.path)[1].splitlines()
    assert lines[0].startswith("PASS  ada < baseline at subset=500")
    assert lines[1] == "NOT TESTED  The fewer the images, the sooner FID turns up.  (prose)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("table", "other"), "sweep 'other': is not in the store"),
        (("table", "other"), "sweeps there: synthetic"),
        (("energy", "synthetik"), "did you mean synthetic?"),
        (("report", "sweeps/gone.yaml"), "sweeps/gone.yaml: No such file or directory"),
        (("figures", "draw", "synthetic", "--only", "pie"), "figure pie: no such figure; there are"),
        (("claims", "synthetic", "--claim", "ada?"), "write it like"),
        (("table", "synthetic", "--identity", "no"), "no values with identity no"),
        (("table", "synthetic", "--score", "fid2l"), "--score: fid2l is not measured; metrics: "),
        (("claims", "synthetic", "--claim", "ada < baseline", "--score", "fid2l"), "did you mean 'fid"),
        (("figures", "trace", "nowhere.pdf"), "nowhere.pdf: no such file"),
        (("figures", "trace", f"{'x' * 300}.pdf"), "xxx.pdf: no such file"),
        (
            ("dashboard", "--export", "x" * 300),
            "has too long a name, or is a link to one; move it away, or choose another",
        ),
        (("figures", "verify"), "no figures of any sweep to verify"),
        (("energy", "--kg-per-kwh", "-1"), "--kg-per-kwh: -1 is not above 0"),
        (("figures", "synthetic"), "type: figures draw synthetic"),
        (("figures", "--which", "x.pdf"), "type: python -m analysis figures trace FILE"),
        (("figures", "synthetic", "--verify"), "type: python -m analysis figures verify [SWEEP]"),
        (("table", "--sweep", "synthetic"), "type: python -m analysis table SWEEP"),
        (("tabel", "synthetic"), "Did you mean 'table'?"),
        (("table", "synthetic", "--scor", "x"), "Did you mean --score?"),
    ],
)
def test_a_user_error_is_one_line_and_exit_code_2(
    run: Run, store: ResultStore, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = run(*arguments, "--store", store.path)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_store_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    code, _, err = run("collect", "--store", tmp_path / "none")
    assert code == 2
    assert err == f"adasweep: error: {tmp_path}/none: no such store; name one with --store or ADASWEEP_STORE\n"


def test_a_store_that_can_hold_nothing_is_named(run: Run) -> None:
    code, _, err = run("collect", "--store", "/proc")
    assert code == 2
    assert err == "adasweep: error: /proc: can hold no folder; name one with --store or ADASWEEP_STORE\n"


def test_a_broken_plan_is_named(run: Run, store: ResultStore) -> None:
    store.plan("synthetic").write_text("{")
    code, _, err = run("table", "synthetic", "--store", store.path)
    assert code == 2
    assert "plan.json: not readable as a plan" in err


def test_a_plan_that_is_a_link_to_nowhere_is_named(run: Run, store: ResultStore) -> None:
    store.plan("synthetic").unlink()
    store.plan("synthetic").symlink_to("nowhere")
    assert store.sweeps() == ["synthetic"]
    for arguments in (("table", "synthetic"), ("energy",)):
        code, out, err = run(*arguments, "--store", store.path)
        assert "plan.json: not readable as a plan (no such file or directory)" in out + err
        assert code == (2 if "table" in arguments else 0)


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_has_help_with_examples(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"adasweep {name}" in out or (name == "figures" and "draw" in out)


@pytest.mark.parametrize("name", ["draw", "trace", "verify"])
def test_every_command_of_figures_has_help_with_examples(run: Run, name: str) -> None:
    code, out, _ = run("figures", name, "--help")
    assert code == 0
    assert f"adasweep figures {name} " in out


@pytest.mark.parametrize(
    "line",
    ["table SWEEP", "claims SWEEP", "figures draw SWEEP --only ada_p", "energy SWEEP", "report SWEEP"],
)
def test_a_sweep_is_named_by_its_file_or_its_name(run: Run, store: ResultStore, tmp_path: Path, line: str) -> None:
    file = tmp_path / "any.yaml"
    file.write_text("sweep: synthetic\n")
    before, after = (words.split() for words in line.split("SWEEP"))
    where = ("--store", store.path, "--json")
    by_name, by_file = (run(*before, sweep, *after, *where) for sweep in ("synthetic", file))
    assert by_name[0] == by_file[0] == 0
    assert by_name[1] == by_file[1]


@pytest.mark.parametrize("setting", ["a backend that there is not", "a file that is no text"])
@pytest.mark.parametrize("command", ["figures draw", "figures verify", "report"])
def test_settings_that_matplotlib_cannot_read_are_reported(
    store: ResultStore, tmp_path: Path, command: str, setting: str
) -> None:
    is_backend = setting == "a backend that there is not"
    (tmp_path / "matplotlibrc").write_bytes(b"" if is_backend else b"\xff\xfe")
    words = [sys.executable, "-m", "analysis", *command.split(), "synthetic", "--store", str(store.path)]
    places = {"PYTHONPATH": str(Path(__file__).parents[2]), "MPLBACKEND": "nonsense" if is_backend else "agg"}
    done = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, **places}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "matplotlib cannot read your settings (" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_names_of_figures_are_separated_by_commas_or_blanks(run: Run, store: ResultStore) -> None:
    where = ("synthetic", "--store", store.path, "--json")
    assert list(json.loads(run("figures", "draw", *where, "--only", "ada_p,samples")[1])) == ["ada_p", "samples"]
    assert list(json.loads(run("figures", "draw", *where, "--only", "ada_p", "samples")[1])) == ["ada_p", "samples"]
