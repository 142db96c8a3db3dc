"""python -m infra.results: write the pages of docs/results from their packs, or check them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from analysis.errors import AnalysisError
from analysis.figures.provenance import SUFFIX
from infra.results.check import differences, write
from infra.results.index import index, with_block
from infra.results.pages import MadePage, make_page
from infra.results.source import pages_in
from trainer.command_line.group import new_app
from trainer.command_line.program import CommandFailure, report_failure, run_program
from trainer.errors import ExitCode, UserError, counted, did_you_mean

RESULTS, SWEEPS = "docs/results", "sweeps"
CURVES = "fid_curves"

app = new_app("Generate the pages of docs/results from their packs.", alone=True)

PagesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="PAGE", help="Folders of docs/results.", show_default="all")
]
CheckOption = Annotated[bool, typer.Option("--check", help="Write nothing; list differences, exit code 2 if any.")]
RootOption = Annotated[Path, typer.Option("--root", help="The repository.")]


@app.command()
def results(pages: PagesArgument = None, check: CheckOption = False, root: RootOption = Path()) -> int:
    """Generate pages from their packs; without PAGE also the index and the block in README.md."""
    files = made_files(root, pages or [])
    if not check:
        write(files)
        typer.echo(f"{len(files)} files written")
        return ExitCode.DONE
    found = list(differences(files))
    for line in found:
        typer.echo(line)
    if found:
        told = f"{RESULTS}: {counted(len(found), 'difference')}"
        way_out = "run make results; change numbers in a pack, prose in page.md.j2"
        return report_failure(CommandFailure(ExitCode.USER_ERROR, f"{told}; {way_out}"))
    typer.echo(f"{len(files)} files agree with their packs")
    return ExitCode.DONE


def made_files(root: Path, chosen: Sequence[str]) -> dict[Path, bytes]:
    """Return the content of every file of the pages `chosen`; if empty, of all pages and their index."""
    folder = root / RESULTS
    known = pages_in(folder)
    for name in chosen:
        if name not in known:
            raise UserError(name, f"no such page; there are {', '.join(known) or 'none'}{did_you_mean(name, known)}")
    made = [make_page(folder, name) for name in chosen or known]
    files = {path: content for page in made for path, content in files_of(page, root / SWEEPS).items()}
    if not chosen:
        entries = [page.entry for page in made]
        files[folder / "README.md"] = index(folder, entries)
        files[root / "README.md"] = with_block(root / "README.md", entries, f"{RESULTS}/")
    return files


def files_of(page: MadePage, sweeps: Path) -> dict[Path, bytes]:
    """Return the files of a page by path, with the copy of its curves that a bundled sweep is drawn over, if any."""
    files = {page.source.folder / name: content for name, content in page.files.items()}
    behind = page.source.header.behind
    copied = {sweeps / f"{behind}{kind}": page.files[f"{CURVES}{kind}"] for kind in (".csv", SUFFIX) if behind}
    return files | copied


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code, an ExitCode."""
    return run_program(app, sys.argv[1:] if words is None else words, "python -m infra.results", _explain)


def _explain(error: Exception) -> CommandFailure | None:
    return CommandFailure(ExitCode.USER_ERROR, str(error)) if isinstance(error, AnalysisError) else None


if __name__ == "__main__":
    sys.exit(main())
