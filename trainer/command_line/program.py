"""Carrying out a command line: what goes wrong is told in one line, after one prefix, and becomes an exit code."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import typer

from trainer.command_line.printable import take_any_text
from trainer.errors import ERROR_PREFIX, ExitCode, UserError, printable

INTERRUPTED = 130
"""What Typer returns for Ctrl-C."""

Former = Mapping[tuple[str, ...], str]
"""Words of earlier versions (a command, and options of it), and what to type instead."""


class CommandFailure(NamedTuple):
    """How a command ends that could not be carried out."""

    code: ExitCode
    message: str


def run_program(
    app: typer.Typer,
    words: Sequence[str],
    name: str,
    explain: Callable[[Exception], CommandFailure | None] = lambda _: None,
    former: Former | None = None,
) -> int:
    """Carry out the command line `words` of the program `name` and return the exit code.

    `explain` says how errors end that only this program knows; None makes one a bug.
    """
    take_any_text()
    try:
        _refuse(former or {}, words, name)
        code = app(args=list(words), prog_name=name, standalone_mode=False)
    except SystemExit as left:
        return int(left.code or 0)
    except Exception as error:
        ending = explain(error) or _ending(error)
        if ending.code is ExitCode.BUG:
            traceback.print_exc()
        return tell(ending)
    if code == INTERRUPTED:
        return tell(CommandFailure(ExitCode.RUN_AGAIN, "interrupted; repeat the command to continue"))
    return int(code or ExitCode.DONE)


def tell(ending: CommandFailure) -> int:
    """Write every line of a message to standard error after the prefix; return the exit code."""
    for line in ending.message.splitlines():
        sys.stderr.write(f"{ERROR_PREFIX}{printable(line)}\n")
    return ending.code


def _ending(error: Exception) -> CommandFailure:
    if isinstance(error, UserError):
        return CommandFailure(ExitCode.USER_ERROR, str(error))
    if isinstance(error, typer.TyperException):
        return CommandFailure(ExitCode.USER_ERROR, _usage(error))
    told = " ".join(f"{type(error).__name__}: {error}".split())
    return CommandFailure(ExitCode.BUG, f"internal error; please report it with the lines above: {told}")


def _usage(error: typer.TyperException) -> str:
    """Return what is wrong with a command line, and where to read how it should be; "" after help was shown."""
    text, context = " ".join(error.format_message().split()), getattr(error, "ctx", None)
    near = get_close_matches(getattr(error, "option_name", ""), getattr(error, "possibilities", None) or (), n=1)
    if near:
        text = f"{error.message}. Did you mean {near[0]}?"
    return f"{text.rstrip('.')}; see: {context.command_path} --help" if text and context else text


def _refuse(former: Former, words: Sequence[str], name: str) -> None:
    """Raise UserError for words of an earlier version."""
    for (command, *options), now in former.items():
        if words and words[0] == command and set(options) <= set(words):
            raise UserError(" ".join((command, *options)), "is the name of an earlier version", f"type: {name} {now}")
