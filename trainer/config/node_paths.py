"""Paths on the node that runs an attempt, if they differ from those where it was planned.

ADASWEEP_PATHS      {"/home/me": "/mnt/nfs/me"}: replaces the first prefix by the second
ADASWEEP_SCRATCH    a local folder for decoded images, instead of the store's cache
ADASWEEP_STAGE      a local folder to copy archives to before they are decoded, and for decoded images
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from trainer.config.options import RunOptions
from trainer.errors import UserError

PATHS = "ADASWEEP_PATHS"
SCRATCH = "ADASWEEP_SCRATCH"
STAGE = "ADASWEEP_STAGE"


def moved(path: Path, places: Mapping[str, str]) -> Path:
    """Return a path with its longest prefix among `places` replaced."""
    fitting = [place for place in places if path.is_relative_to(place)]
    if not fitting:
        return path
    best = max(fitting, key=len)
    return Path(places[best]) / path.relative_to(best)


def on_this_node(options: RunOptions, environment: Mapping[str, str] = os.environ) -> RunOptions:
    """Return options with the paths of this node. Raises UserError for an invalid ADASWEEP_PATHS."""
    places = _places(environment.get(PATHS, ""))
    if not places:
        return options
    changes: dict[str, object] = {
        "data_path": moved(options.data_path, places),
        "cache_dir": moved(options.cache_dir, places),
        "transfer_path": options.transfer_path and moved(options.transfer_path, places),
        "detector": _moved_file(options.detector, places),
        "distance": _moved_file(options.distance, places),
    }
    return options.model_copy(update=changes)


def decoding_dir(cache_dir: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for decoded images: the node's scratch folder, or the one for archives, if there is one."""
    local = environment.get(SCRATCH, "") or environment.get(STAGE, "")
    return Path(local) if local else cache_dir


def _places(text: str) -> dict[str, str]:
    try:
        places = json.loads(text or "{}")
    except ValueError:
        places = None
    if not isinstance(places, dict) or not all(isinstance(place, str) for place in places.values()):
        raise UserError(PATHS, f"is not a JSON object of folders: {text[:100]!r}", 'write {"/from": "/to"}')
    return places


def _moved_file(name: str, places: Mapping[str, str]) -> str:
    """Return the name of a network with the path of its file moved: `inception:/path`."""
    kind, colon, path = name.partition(":")
    return f"{kind}:{moved(Path(path), places)}" if colon else name
