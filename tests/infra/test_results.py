"""docs/results agrees with its packs: a changed digit, a corrupt or missing pack, a typed number are one line each."""

import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.figures.provenance import SUFFIX
from analysis.synthetic_store import FakeRun, write_store
from infra.results.__main__ import main
from infra.results.index import BEGIN, END
from infra.results.typed_numbers import typed_numbers
from orchestrator.evidence.pack import pack
from orchestrator.store.layout import Store

ROOT = Path(__file__).parents[2]
PLANNED = [FakeRun(augment, 500, seed) for augment in ("none", "ada") for seed in range(2)]
HEADER = """---
title: A page
packs: [first.zip, second.zip]
sweep: synthetic
command: run it
figures: [fid_curves]
behind: other
---
"""
FACTOR = 1.02
PAGE = f"""{HEADER}
{{% extends "layout.md.j2" %}}
{{% block shows %}}
ADA ends at {{{{ median("ada") | fixed(1) }}}}, without at {{{{ median("baseline") | fixed(1) }}}}.
{{{{ seeds_that_turn("baseline", "ada", {FACTOR}) }}}} of these turn up without ADA alone:

{{{{ repetition_table("baseline", "ada") }}}}
{{% endblock %}}
"""
Capture = pytest.CaptureFixture[str]


def pack_of(folder: Path, name: str, runs: list[FakeRun]) -> Path:
    """Pack a synthetic sweep in which only `runs` have been run."""
    missing = [run for run in PLANNED if run not in runs]
    store = write_store(folder / f"store-{name}", runs, missing=missing, step_kimg=20.0)
    path = folder / f"docs/results/packs/{name}.zip"
    pack(Store(store.path), "synthetic", path)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one page, written from two packs of overlapping trials."""
    root = tmp_path_factory.mktemp("repository")
    (root / "docs/results/packs").mkdir(parents=True)
    pack_of(root, "first", PLANNED[:3])
    pack_of(root, "second", PLANNED[1:])
    for name in ("layout.md.j2", "index.md.j2"):
        shutil.copy(ROOT / "docs/results" / name, root / "docs/results" / name)
    (root / "docs/results/page").mkdir()
    (root / "sweeps").mkdir()
    (root / "docs/results/page/page.md.j2").write_text(PAGE)
    (root / "README.md").write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    assert main(["--root", str(root)]) == 0
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "repository", ignore=shutil.ignore_patterns("store-*"))


def check(root: Path, *pages: str) -> int:
    return main(["--check", "--root", str(root), *pages])


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_page_of_this_repository_agrees_with_its_pack() -> None:
    assert check(ROOT, "presets") == 0


def test_written_files_pass_the_check(root: Path, capsys: Capture) -> None:
    assert check(root) == 0
    assert capsys.readouterr().out == "8 files agree with their packs\n"


@pytest.mark.parametrize("pack", sorted((ROOT / "docs/results/packs").glob("*.zip")), ids=lambda path: path.stem)
def test_no_pack_of_this_repository_names_a_folder_of_the_machine_that_trained(pack: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        objects = [archive.read(name) for name in archive.namelist()]
    assert not [found for content in objects for found in re.findall(rb'"/(?:home|root|tmp|work|mnt)/[^"]*"', content)]


def test_two_packs_of_overlapping_trials_make_one_page(root: Path) -> None:
    page = (root / "docs/results/page/README.md").read_text()
    assert "All 4 runs of the sweep are finished." in page
    assert "[first.zip](../packs/first.zip) [second.zip](../packs/second.zip)" in page


def test_curves_that_a_bundled_sweep_is_drawn_over_are_those_of_the_page(root: Path) -> None:
    for kind in (".csv", SUFFIX):
        copied, original = root / f"sweeps/other{kind}", root / f"docs/results/page/fid_curves{kind}"
        assert copied.read_bytes() == original.read_bytes()


def test_repetitions_are_told_seed_by_seed(root: Path) -> None:
    text = (root / "docs/results/page/README.md").read_text()
    table = text.partition("alone:\n\n")[2].partition("\n\n")[0].splitlines()
    assert table[0].startswith(
        "| seed | baseline: best | baseline: at kimg | baseline: last | baseline: last / best | ada: best |"
    )
    rows = [[float(field) for field in line.strip("| ").split(" | ")] for line in table[2:]]
    assert [row[0] for row in rows] == [0, 1]
    for _, *courses in rows:
        for best, _, last, rise in (courses[:4], courses[4:]):
            assert rise == pytest.approx(last / best, rel=1e-3)
    turned = sum(row[4] >= FACTOR > row[8] for row in rows)
    assert f"\n{turned} of these turn up" in text


def test_the_block_in_the_readme_is_written_and_nothing_else_of_it(root: Path) -> None:
    before, _, rest = (root / "README.md").read_text().partition(f"{BEGIN}\n")
    block, _, after = rest.partition(END)
    assert (before, after) == ("before\n", "\nafter\n")
    assert "(docs/results/page/README.md)" in block
    assert "| 4 of 4 |" in block


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/results/README.md",
        "docs/results/page/README.md",
        "docs/results/page/fid_curves.csv",
        "sweeps/other.csv",
    ],
)
def test_one_changed_digit_is_one_line_and_exit_code_2(root: Path, name: str, capsys: Capture) -> None:
    path = root / name
    text = path.read_text()
    place = max(at for at, character in enumerate(text) if character in "12345678")
    path.write_text(text[:place] + "9" + text[place + 1 :])
    assert check(root) == 2
    line, *others = capsys.readouterr().out.splitlines()
    assert others == []
    assert line.startswith(f"{path}:{text[:place].count(chr(10)) + 1}: has ")


def test_a_missing_page_and_a_figure_of_no_page_are_reported(root: Path, capsys: Capture) -> None:
    (root / "docs/results/page/README.md").unlink()
    (root / "docs/results/page/old.png").touch()
    assert check(root) == 2
    out = capsys.readouterr().out
    assert "page/README.md: missing" in out
    assert "page/old.png: no page has this figure" in out
    assert main(["--root", str(root)]) == 0
    assert check(root) == 0


def test_a_picture_of_another_figure_is_reported(root: Path, capsys: Capture) -> None:
    shutil.copy(ROOT / "docs/results/presets/samples.png", root / "docs/results/page/fid_curves.png")
    assert check(root) == 2
    assert "fid_curves.png: belongs to another version of the figure" in capsys.readouterr().out


def test_an_edited_provenance_is_reported(root: Path, capsys: Capture) -> None:
    replace(root / f"docs/results/page/fid_curves{SUFFIX}", '"state":"done"', '"state":"lost"')
    assert check(root) == 2
    out = capsys.readouterr().out
    assert f"fid_curves{SUFFIX}: was edited" in out
    assert f"fid_curves{SUFFIX}: runs differ from those of the packs" in out


def test_figures_drawn_by_other_code_agree_as_long_as_their_numbers_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.figures.provenance.code_version", lambda: "another version")
    assert check(root) == 0
    before = (root / "docs/results/page/fid_curves.png").read_bytes()
    assert main(["--root", str(root)]) == 0
    assert (root / "docs/results/page/fid_curves.png").read_bytes() == before


def test_a_figure_that_was_removed_is_redrawn(root: Path) -> None:
    picture = root / "docs/results/page/fid_curves.png"
    before = picture.read_bytes()
    picture.unlink()
    assert main(["--root", str(root)]) == 0
    assert picture.read_bytes() == before


def test_other_runs_give_other_numbers(root: Path, tmp_path: Path, capsys: Capture) -> None:
    longer = pack_of(tmp_path / "longer", "second", [*PLANNED[1:3], PLANNED[3]._replace(seed=3)])
    shutil.copy(longer, root / "docs/results/packs/second.zip")
    assert check(root) == 2
    assert "docs/results/page/README.md" in capsys.readouterr().out


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "message"), [(spoil, "refused: "), (lambda path: path.unlink(), "first.zip: no such pack")]
)
def test_a_corrupt_or_missing_pack_is_one_line(
    root: Path, harm: Callable[[Path], None], message: str, capsys: Capture
) -> None:
    before = (root / "docs/results/page/README.md").read_bytes()
    harm(root / "docs/results/packs/first.zip")
    assert main(["--root", str(root)]) == 2
    line, *others = capsys.readouterr().err.splitlines()
    assert others == []
    assert message in line
    assert (root / "docs/results/page/README.md").read_bytes() == before


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (f"{HEADER}It ends at 12.3.\n", "page.md.j2:9: the number '12.3.' is typed"),
        (f'{HEADER}{{{{ median("ada & subset=7") }}}}\n', 'cell "ada & subset=7": "ada & subset=7" matches none of'),
        (f'{HEADER}{{{{ judged("ada < b").p_value }}}}\n', 'claim "ada < b": not tested by synthetic'),
        (f"{HEADER}{{{{ nothing }}}}\n", "page.md.j2: cannot be rendered ('nothing' is undefined)"),
        (f"{HEADER}{{% if %}}\n", "page.md.j2:9: invalid template"),
        (HEADER.replace("title", "titel"), "page.md.j2: invalid header (title: Field required)"),
        (HEADER.replace("synthetic", "other"), "no such plan; sweeps in this store: synthetic"),
        (HEADER.replace("fid_curves", "fid_curve"), "did you mean fid_curves?"),
    ],
)
def test_what_is_wrong_with_a_page_is_one_line(root: Path, template: str, message: str, capsys: Capture) -> None:
    (root / "docs/results/page/page.md.j2").write_text(template)
    assert check(root) == 2
    line, *others = capsys.readouterr().err.splitlines()
    assert others == []
    assert message in line


def test_a_page_that_is_not_there_is_reported(root: Path, capsys: Capture) -> None:
    assert check(root, "pages") == 2
    assert "pages: no such page; there are page; did you mean 'page'?" in capsys.readouterr().err


def test_a_readme_without_marks_is_reported(root: Path, capsys: Capture) -> None:
    (root / "README.md").write_text("no marks")
    assert check(root) == 2
    assert "add them where the results should appear" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, 2.5, 4.0])
def test_a_killed_and_repeated_command_gives_the_same_files(root: Path, seconds: float) -> None:
    for path in (root / "docs/results/page").glob("*[!2]"):
        path.unlink()
    started = subprocess.Popen([sys.executable, "-m", "infra.results", "--root", root], cwd=ROOT)
    time.sleep(seconds)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert main(["--root", str(root)]) == 0
    assert check(root) == 0
    assert not list((root / "docs/results/page").glob(".*"))


@pytest.mark.parametrize(
    "text",
    [
        "`fid500_full`",
        "[a pack](../packs/laptop16.zip)",
        "{{ value | fixed(2) }}",
        "```\n1 2 3\n```",
        "{# 12 #}",
        "none",
    ],
)
def test_names_and_expressions_are_not_typed_numbers(text: str) -> None:
    assert list(typed_numbers(text)) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("FID is 12.3", "12.3"),
        ("all five seeds", "five"),
        ("`237`", "`237`"),
        ("{{ 237 }}", "237"),
        ("{% set x = 237 %}{{ x }}", "237"),
        ('{{ "twelve" }}', "twelve"),
    ],
)
def test_typed_numbers_are_found_in_every_disguise(text: str, word: str) -> None:
    assert [found for _, found in typed_numbers(text)] == [word]
