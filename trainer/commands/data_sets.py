"""`data`: get, prepare, verify, describe and list data sets. Mounted by `python -m trainer` and by `adasweep`."""

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from trainer.commands.data_arguments import add_parser
from trainer.config.dataset.describe import describe, locate
from trainer.data.get import get
from trainer.data.prepare import prepare
from trainer.data.registry import REGISTRY
from trainer.data.verify import Findings, verify
from trainer.data.writer import read_settings
from trainer.errors import ExitCode, UserError
from trainer.files import strict_json
from trainer.runtime.console import progress, result, say

__all__ = ["add_parser", "run"]

EXAMPLES_SHOWN, PROBLEMS_SHOWN = 3, 20


def run(args: argparse.Namespace) -> int:
    """Carry out a parsed `data` command and return the exit code. A user's mistake is one line and code 2."""
    try:
        return COMMANDS[args.data_command](args)
    except UserError as error:
        say(f"error: {error}")
        return ExitCode.USER_ERROR


def _get(args: argparse.Namespace) -> int:
    made = {}
    for name in args.names:
        with progress(name) as tick:
            made[name] = str(get(name, _data_dir(args), say, tick))
    _answer(args, made, "\n".join(made.values()))
    return 0


def _prepare(args: argparse.Namespace) -> int:
    target = _target(args)
    with progress(target.name) as tick:
        images = prepare(
            Path(args.source).expanduser(),
            target,
            resolution=args.resolution,
            fit=args.fit,
            filter=args.filter,
            channels=args.channels,
            most=args.max_images,
            labels=args.labels,
            replace=args.force,
            progress=tick,
        )
    description = describe(target.resolve(), _data_dir(args))
    _answer(args, {"path": str(target), **description.model_dump()}, f"{target}: {images} images")
    return 0


def _verify(args: argparse.Namespace) -> int:
    path = locate(args.data, _data_dir(args))
    with progress(path.name) as tick:
        found = verify(path, tick)
    _answer(args, {**asdict(found), "sound": found.sound}, _findings_text(found))
    return 0 if found.sound else ExitCode.USER_ERROR


def _describe(args: argparse.Namespace) -> int:
    path = locate(args.data, _data_dir(args))
    facts = {"path": str(path), **describe(args.data, _data_dir(args)).model_dump(), "settings": read_settings(path)}
    _answer(args, facts, _table(facts))
    return 0


def _list(args: argparse.Namespace) -> int:
    folder = _data_dir(args)
    here = {path.stem: str(path) for path in sorted(folder.glob("[!.]*")) if _is_set(path)}
    to_get = {name: wanted.title for name, wanted in REGISTRY.items() if name not in here}
    text = [f"in {folder}:", *(f"  {name}" for name in here or ("nothing yet",)), "to be got (adasweep data get NAME):"]
    text += [f"  {name:<20}{title}" for name, title in to_get.items()]
    _answer(args, {"data_dir": str(folder), "here": here, "to_get": to_get}, "\n".join(text))
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "get": _get,
    "prepare": _prepare,
    "verify": _verify,
    "describe": _describe,
    "list": _list,
}


def _is_set(path: Path) -> bool:
    return path.suffix == ".zip" or path.is_dir()


def _data_dir(args: argparse.Namespace) -> Path:
    store: Path = args.store or Path(os.environ.get("ADASWEEP_STORE", "store"))
    return args.data_dir or store / "data"


def _target(args: argparse.Namespace) -> Path:
    """Return where `prepare` writes: a bare name is a set in the store, anything else a path."""
    if "/" in args.target or args.target.endswith(".zip"):
        return Path(args.target).expanduser()
    return _data_dir(args) / f"{args.target}.zip"


def _answer(args: argparse.Namespace, value: object, text: str) -> None:
    result(strict_json(value, indent=1) if args.json else text)


def _findings_text(found: Findings) -> str:
    facts: dict[str, object] = {
        "path": found.path,
        "fingerprint": found.fingerprint,
        "images": found.images,
        "resolution": found.resolution,
        "channels": found.channels,
        "images per class": found.class_counts or "no labels",
        "duplicates": len(found.duplicates),
        "problems": len(found.problems),
    }
    some = [f"  the same image twice: {first} = {second}" for first, second in found.duplicates[:EXAMPLES_SHOWN]]
    return "\n".join([_table(facts), *some, *(f"  {problem}" for problem in found.problems[:PROBLEMS_SHOWN])])


def _table(facts: Mapping[str, object]) -> str:
    return "\n".join(f"{key:<18}{value}" for key, value in facts.items())
