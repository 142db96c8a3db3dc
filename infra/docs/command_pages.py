"""The reference of commands, from the programs themselves."""

import importlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from rich.text import Text
from typer.main import get_command

from orchestrator.cli import COMMANDS, FORWARDED
from orchestrator.commands.forwarded import PACKAGES
from trainer.command_line.group import Command

KINDS = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}


def commands_page() -> str:
    """Return the page with every command of adasweep, its arguments, options and examples."""
    parts = ["# Commands", "Every command prints JSON with `--json`, where it has results. Exit codes: "]
    parts[-1] += "0 done, 2 an error that you can fix, 3 some runs failed, 70 a bug, 75 run it again."
    for panel, commands in groupby(COMMANDS, key=lambda command: command.panel):
        parts.append(f"## {panel}")
        parts += [text for command in commands for text in _described(command)]
    return "\n\n".join(parts) + "\n"


def parsed(command: Command) -> Any:
    """Return the parser of a command, of whichever package runs it."""
    module = command.module
    if module == FORWARDED:
        entries = importlib.import_module(f"{PACKAGES[command.name]}.commands").COMMANDS
        module = next(entry.module for entry in entries if entry.name == command.name)
    return get_command(importlib.import_module(module).app)


def parsers(command: Command) -> Iterator[tuple[str, Any]]:
    """Yield a command and its subcommands with their parsers."""
    found = parsed(command)
    yield command.name, found
    for name, inner in getattr(found, "commands", {}).items():
        yield f"{command.name} {name}", inner


def shown_parameters(parser: Any) -> list[Any]:
    """Return the arguments and options of a parser that its help shows."""
    return [one for one in parser.params if not getattr(one, "hidden", False) and one.name != "help"]


def _described(command: Command) -> Iterator[str]:
    for name, parser in parsers(command):
        yield f"### adasweep {name}"
        yield _plain(parser.help or command.help)
        if rows := [_row(one) for one in shown_parameters(parser)]:
            yield "\n".join(["| option | meaning | default |", "|---|---|---|", *rows])
        if parser.epilog:
            examples = _plain(parser.epilog).splitlines()[1:]
            yield "\n".join(["```", *(line.removeprefix("  ") for line in examples), "```"])


def _row(one: Any) -> str:
    is_flag = getattr(one, "is_flag", False)
    value = "" if is_flag or one.param_type_name == "argument" else f" {one.metavar or _type(one)}"
    name = one.metavar if one.param_type_name == "argument" else ", ".join([*one.opts, *one.secondary_opts])
    return f"| `{_cell(name + value)}` | {_cell(one.help)} | {_default(one)} |".replace("  |", " |")


def _type(one: Any) -> str:
    """Return what an option without a placeholder of its own takes: the alternatives, or the name of the type."""
    annotation = one.type_descriptor.annotation
    alternatives = get_args(annotation)
    return "/".join(map(str, alternatives)) if alternatives else KINDS.get(annotation, "VALUE")


def _default(one: Any) -> str:
    shown = getattr(one, "show_default", None)
    if isinstance(shown, str):
        return _cell(shown)
    value = one.default
    is_set = isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    return "required" if one.required else f"`{value}`" if is_set else ""


def _cell(text: str | None) -> str:
    return _plain(text or "").replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Return help without the markup of terminals."""
    return Text.from_markup(text).plain.strip()
