"""Run a command line: an error becomes one line after a common prefix, and an exit code."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import typer

from trainer.command_line.printable import take_any_text
from trainer.errors import ERROR_PREFIX, ExitCode, UserError, printable

NO_PLUGINS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Looking for plugins of pydantic reads the metadata of every installed package, at each start; none is needed."""

INTERRUPTED = 130
"""What Typer returns for Ctrl-C."""

Former = Mapping[tuple[str, ...], str]
"""Commands of earlier versions (with options that identify them), and what to type instead."""


class CommandFailure(NamedTuple):
    """The exit code and the message of a failed command."""

    code: ExitCode
    message: str


def run_program(
    app: typer.Typer,
    words: Sequence[str],
    name: str,
    explain: Callable[[Exception], CommandFailure | None] = lambda _: None,
    former: Former | None = None,
) -> int:
    """Run the command line `words` of the program `name` and return the exit code.

    `explain` turns errors that only this program knows into a failure, and returns None for all others.
    """
    take_any_text()
    os.environ.update(NO_PLUGINS)
    _forget_empty_size()
    try:
        _reject_former(former or {}, words, name)
        code = app(args=list(words), prog_name=name, standalone_mode=False)
    except SystemExit as left:
        return int(left.code or 0)
    except Exception as error:
        ending = explain(error) or _ending(error)
        if ending.code is ExitCode.BUG:
            traceback.print_exc()
        return report_failure(ending)
    if code == INTERRUPTED:
        return report_failure(CommandFailure(ExitCode.RUN_AGAIN, "interrupted; repeat the command to continue"))
    return int(code or ExitCode.DONE)


def report_failure(ending: CommandFailure) -> int:
    """Write each line of the message to standard error, if it is open, after the prefix; return the exit code."""
    lines = (f"{ERROR_PREFIX}{printable(line)}\n" for line in ending.message.splitlines())
    if sys.stderr:
        with contextlib.suppress(OSError):  # the exit code is all that can still be told
            sys.stderr.write("".join(lines))
    return ending.code


def _forget_empty_size() -> None:
    """Forget a terminal's size of 0, as some containers and editors set it: all output would be empty."""
    for name in ("COLUMNS", "LINES"):
        if not os.environ.get(name, "").strip("0"):
            os.environ.pop(name, None)


def _ending(error: Exception) -> CommandFailure:
    if isinstance(error, UserError):
        return CommandFailure(ExitCode.USER_ERROR, str(error))
    if isinstance(error, typer.TyperException):
        return CommandFailure(ExitCode.USER_ERROR, _usage(error))
    summary = " ".join(f"{type(error).__name__}: {error}".split())
    return CommandFailure(ExitCode.BUG, f"internal error; please report it with the lines above: {summary}")


def _usage(error: typer.TyperException) -> str:
    """Return what is wrong with a command line and which help to read; "" if help was shown."""
    text, context = " ".join(error.format_message().split()), getattr(error, "ctx", None)
    near = get_close_matches(getattr(error, "option_name", ""), getattr(error, "possibilities", None) or (), n=1)
    if near:
        text = f"{error.message}. Did you mean {near[0]}?"
    return f"{text.rstrip('.')}; see: {context.command_path} --help" if text and context else text


def _reject_former(former: Former, words: Sequence[str], name: str) -> None:
    """Raise UserError for a command of an earlier version."""
    for (command, *options), now in former.items():
        if words and words[0] == command and set(options) <= set(words):
            raise UserError(" ".join((command, *options)), "was renamed", f"type: {name} {now}")
