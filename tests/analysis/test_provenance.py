import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.errors import FigureError
from analysis.figures.provenance import read_provenance
from analysis.figures.render import render
from analysis.figures.trace import embedded, provenance_behind
from analysis.figures.verify import verify
from analysis.synthetic_store import id_of
from analysis.tables.collect import collect
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded


@pytest.fixture
def drawn(store: ResultStore) -> ResultStore:
    runs, curves = loaded(store)
    for name in ("fid_by_size", "ada_p"):
        render(name, runs, curves)
    return store


@pytest.mark.parametrize("kind", ["pdf", "png", "csv", "PDF", "PNG", "CSV"])
def test_a_copy_of_a_figure_leads_back_to_its_runs(drawn: ResultStore, tmp_path: Path, kind: str) -> None:
    copy = tmp_path / f"in_the_paper.{kind}"
    shutil.copy(drawn.figures("synthetic") / f"ada_p.{kind.lower()}", copy)
    origin = provenance_behind(copy, drawn)
    assert (origin.sweep, origin.figure) == ("synthetic", "ada_p")
    assert origin.trials() == sorted(id_of(run) for run in WHOLE if run.augment == "ada")
    assert {run.best_snapshot_kimg for run in origin.runs} == {100.0}


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_the_file_itself_names_its_trials(drawn: ResultStore, kind: str) -> None:
    about = embedded(drawn.figures("synthetic") / f"fid_by_size.{kind}")
    assert about is not None
    assert about["trials"] == sorted(id_of(run) for run in WHOLE)


def test_a_figure_drawn_earlier_still_names_its_trials(drawn: ResultStore, tmp_path: Path) -> None:
    shutil.copy(drawn.figures("synthetic") / "ada_p.png", tmp_path / "old.png")
    shutil.rmtree(drawn.path / "figures")
    with pytest.raises(FigureError, match=id_of(WHOLE[3])):
        provenance_behind(tmp_path / "old.png", drawn)


@pytest.mark.parametrize(("name", "message"), [("x.png", "carries no provenance"), ("y.csv", "has these numbers")])
def test_a_foreign_file_is_refused(drawn: ResultStore, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_text("nothing of ours")
    with pytest.raises(FigureError, match=message):
        provenance_behind(tmp_path / name, drawn)


def test_fresh_figures_agree_with_the_runs(drawn: ResultStore) -> None:
    assert [(found.figure, found.differences) for found in verify(drawn, "synthetic")] == [
        *(("ada_p", []), ("fid_by_size", [])),
    ]


def change(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed)


def test_one_changed_number_in_the_store_fails_even_if_collected_tables_do_not_know(drawn: ResultStore) -> None:
    change(drawn.run(id_of(WHOLE[0])).metrics, r'"value": [0-9.]+', '"value": 1.25')
    ada_p, fid_by_size = verify(drawn, "synthetic")
    assert ada_p.differences == []
    assert len(fid_by_size.differences) == 1
    assert "subset=500 none: " in fid_by_size.differences[0]
    assert "min " in fid_by_size.differences[0]
    assert "is now 1.25" in fid_by_size.differences[0]


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "message"),
    [
        ("ada_p.csv", r"0\.1", "0.2", "ada_p.csv is missing or was edited"),
        ("ada_p.provenance.json", r'"seed":0', '"seed":9', "the provenance file was edited"),
    ],
)
def test_an_edited_file_fails(drawn: ResultStore, file: str, pattern: str, replacement: str, message: str) -> None:
    change(drawn.figures("synthetic") / file, pattern, replacement)
    assert message in verify(drawn, "synthetic")[0].differences


def test_redrawing_fixes_what_verify_found(drawn: ResultStore) -> None:
    change(drawn.run(id_of(WHOLE[0])).metrics, r'"value": [0-9.]+', '"value": 1.25')
    collect(drawn)
    render("fid_by_size", *loaded(drawn))
    assert all(not found.differences for found in verify(drawn, "synthetic"))


def test_provenance_keeps_one_entry_per_figure(drawn: ResultStore) -> None:
    render("ada_p", *loaded(drawn))
    assert [entry.figure for entry in read_provenance(drawn.figures("synthetic"))] == ["ada_p", "fid_by_size"]


def _torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _link_to_too_long_a_name(path: Path) -> None:
    path.unlink()
    path.symlink_to("x" * 300)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "torn": _torn,
    "no text": lambda path: path.write_bytes(b"\xff\x00" * 999),
    "a list": lambda path: path.write_bytes(b"[1, 2]\n"),
    "missing": Path.unlink,
    "a folder": _folder,
    "a pipe": _pipe,
    "a link to nothing": _link_to_nothing,
    "a link to too long a name": _link_to_too_long_a_name,
}


@pytest.mark.parametrize("kind", ["provenance.json", "csv", "pdf", "png"])
def test_a_damaged_file_of_a_figure_is_found_and_hides_no_other_figure(drawn: ResultStore, kind: str) -> None:
    path = drawn.figures("synthetic") / f"ada_p.{kind}"
    content = path.read_bytes()
    for name, spoil in DAMAGE.items():
        spoil(path)
        ada_p, fid_by_size = verify(drawn, "synthetic")
        assert (ada_p.figure, fid_by_size.differences) == ("ada_p", []), name
        assert len(ada_p.differences) == 1, name
        assert ada_p.differences[0].startswith(f"ada_p.{kind}"), name
        assert provenance_behind(path.with_name("fid_by_size.png"), drawn).figure == "fid_by_size"
        path.rmdir() if os.path.isdir(path) else path.unlink(missing_ok=True)
        path.write_bytes(content)


def test_a_picture_damaged_after_its_provenance_is_found(drawn: ResultStore) -> None:
    picture = drawn.figures("synthetic") / "ada_p.png"
    content = picture.read_bytes()
    for damaged in (content[:-999], content[:-999] + bytes(50) + content[-949:]):
        picture.write_bytes(damaged)
        assert embedded(picture)
        assert verify(drawn, "synthetic")[0].differences == ["ada_p.png is damaged"]


def test_what_a_trace_could_not_read_is_named(drawn: ResultStore) -> None:
    path = drawn.figures("synthetic") / "ada_p.provenance.json"
    path.write_text("[1, 2]")
    for kind in ("png", "csv"):
        with pytest.raises(FigureError, match=f"unless it is one that cannot be read: {path}: "):
            provenance_behind(path.with_name(f"ada_p.{kind}"), drawn)


def test_numbers_that_changed_are_reported_although_the_csv_is_damaged(drawn: ResultStore) -> None:
    change(drawn.run(id_of(WHOLE[0])).metrics, r'"value": [0-9.]+', '"value": 1.25')
    (drawn.figures("synthetic") / "fid_by_size.csv").write_bytes(b"\xff," + b"9" * 200_000)
    assert verify(drawn, "synthetic")[1].differences == [
        "fid_by_size.csv is missing or was edited",
        "the numbers of its runs are others now",
    ]
