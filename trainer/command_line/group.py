"""Typer programs whose commands are imported when they are called, and options that take several words."""

import importlib
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Annotated, Any, NamedTuple

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Command(NamedTuple):
    """An entry of a program's `--help`, and the module whose `app` implements the command."""

    name: str
    module: str
    help: str
    panel: str


def new_app(
    about: str = "",
    cls: type[TyperGroup] = TyperGroup,
    *,
    examples: str = "",
    completion: bool = False,
    alone: bool = False,
) -> typer.Typer:
    """Return an app without commands, with shared settings; with `alone`, it also runs without a command."""
    return typer.Typer(
        help=about,
        epilog=epilog(examples),
        cls=cls,
        add_completion=completion,
        context_settings={"help_option_names": ["-h", "--help"]},
        no_args_is_help=not alone,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )


def epilog(text: str) -> str:
    """Return text for the end of a command's help, escaped so that Typer prints it verbatim."""
    return "\n".join(f"[b][/b]{escape(line)}" for line in text.strip().splitlines())


def program(
    about: str,
    entries: Sequence[Command],
    check: Callable[[], None] = lambda: None,
    version: Callable[[], str] | None = None,
) -> typer.Typer:
    """Return the app of a program, which lists its commands from `entries` and imports only the one that is called.

    `check` is called before every command; `version` returns what the option --version prints, if there is to be one.
    """
    modules = {entry.name: entry.module for entry in entries}

    class Commands(TyperGroup):
        """The commands of `entries`, in their order."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, _, text, panel in entries:
                self.add_command(TyperCommand(name, help=text, rich_help_panel=panel))

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            """Return the name of the command, the command, and its remaining arguments."""
            name, listed, rest = super().resolve_command(ctx, args)
            command = get_command(importlib.import_module(modules[name]).app) if name else listed
            return name, command, rest

    app = new_app(about, Commands, completion=True)
    app.callback()(check if version is None else _with_version(check, version))
    return app


def _with_version(check: Callable[[], None], version: Callable[[], str]) -> Callable[[bool], None]:
    def show(is_requested: bool) -> bool:
        if is_requested:
            typer.echo(version())
            raise typer.Exit
        return is_requested

    option = typer.Option("--version", is_eager=True, callback=show, help="Print version, commit and operations.")

    def begin(version: Annotated[bool, option] = False) -> None:  # noqa: ARG001
        check()

    return begin


def taking_several(*options: str) -> type[TyperCommand]:
    """Return the class of a command whose repeatable `options` take any number of words: `--set a=1 b=2`."""

    class SeveralWords(TyperCommand):
        """A command with such options."""

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Return the words left after parsing options and arguments."""
            return super().parse_args(ctx, list(repeated(args, options)))

    return SeveralWords


def repeated(words: Sequence[str], options: Container[str]) -> Iterator[str]:
    """Yield `words` with each of `options` repeated before every word that follows it; "" stands for no word."""
    option, count = "", 0
    for word in words:
        if option and not word.startswith("--"):
            yield from (option, word)
            count += 1
            continue
        if option and not count:
            yield from (option, "")
        option, count = (word, 0) if word in options else ("", 0)
        if not option:
            yield word
    if option and not count:
        yield from (option, "")
