"""The pages that are made from code describe all of it, in sentences."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.bench_sequential import HERE, PAGE, table
from infra.docs.command_pages import commands_page, parsers, shown_parameters
from infra.docs.frame_pages import python_page
from infra.docs.http_page import http_page, openapi
from infra.docs.key_pages import keys_page
from infra.docs.notebook_page import NOTEBOOKS, notebook_page
from orchestrator.cli import COMMANDS
from orchestrator.sweep.keys import settable
from trainer.command_line.group import Command


def test_the_table_of_sequential_seeds_is_the_recorded_one() -> None:
    rows = json.loads((HERE / "sequential.json").read_text(encoding="utf-8"))["rows"]
    assert table(rows) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_and_option_has_a_sentence(command: Command) -> None:
    for name, parser in parsers(command):
        assert (parser.help or command.help).strip().endswith((".", "train from.")), name
        silent = [one.name for one in shown_parameters(parser) if not (one.help or "").strip().endswith(".")]
        assert silent == [], name


def test_the_page_of_commands_has_them_all() -> None:
    page = commands_page()
    assert [command.name for command in COMMANDS if f"### adasweep {command.name}\n" not in page] == []


def test_the_page_of_keys_has_them_all() -> None:
    page = keys_page()
    assert [key for key in settable() if f"| `{key}` |" not in page] == []


def test_every_request_of_the_api_has_a_sentence_and_a_type() -> None:
    page, described = http_page(), openapi()
    for path, methods in described["paths"].items():
        for method, request in methods.items():
            assert f"### {method.upper()} {path}\n" in page
            assert request["description"].strip().endswith(".")
    silent = [name for name, schema in described["components"]["schemas"].items() if not _is_described(name, schema)]
    assert silent == []


def _is_described(name: str, schema: dict[str, object]) -> bool:
    return "HTTP" in name or name == "ValidationError" or "enum" in schema or bool(schema.get("description"))


def test_no_cell_of_a_table_breaks_its_row() -> None:
    for page in (commands_page(), keys_page(), python_page(), http_page()):
        for rows in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}) == 1, rows


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_is_rendered_with_its_tables_and_figures(path: Path) -> None:
    text, pictures = notebook_page(path)
    assert pictures
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    assert "<table" in text
    assert "Traceback" not in text
    assert "<style" not in text
