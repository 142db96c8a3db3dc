"""Start from the weights of a snapshot: G, D and the average of G; optimizers and counters start from zero.

The networks must match, every tensor in name and shape. What methods and augmentations add to them (a rotation head,
inputs for bits, power iteration vectors) may differ: tensors on both sides are loaded, those of the run alone are
initialised as usual, those of the snapshot alone are ignored. The latter two are listed in the run's events.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trainer.config.networks.choice import Networks
from trainer.config.training import Transfer, TransferFromTrial
from trainer.config.transfer import WAY_OUT, located, sha256_of, unfit
from trainer.errors import SnapshotError
from trainer.registry import build
from trainer.state.snapshot import SnapshotHeader, all_tensors, origin_of, read_header
from trainer.state.train_state import TrainState, below

SHOWN = 3
Shapes = dict[str, list[int]]


class Leftovers(NamedTuple):
    """Names of tensors that were not loaded: `fresh` ones of the run alone, `unused` ones of the snapshot alone."""

    fresh: list[str]
    unused: list[str]


def start_from(
    state: TrainState, networks: Networks, transfer: Transfer | TransferFromTrial, path: Path | None
) -> Leftovers:
    """Load the weights of the snapshot at `path` into a new run, whose `networks` methods may have extended.

    Raises SnapshotError if it is not the snapshot of `transfer`, or a tensor does not match.
    """
    if path is None:
        raise SnapshotError("transfer", "the run starts from a snapshot, but its path is not given", WAY_OUT)
    file = located(path)
    header = read_header(file)
    if why := _another(transfer, header, file):
        raise SnapshotError(file, f"is not the snapshot the run was planned with ({why})", WAY_OUT)
    theirs = all_tensors(file)
    modules = {"G": state.generator, "D": state.discriminator, "G_ema": state.average}
    mine = {f"{which}/{name}": value for which, net in modules.items() for name, value in net.state_dict().items()}
    needed = plain_names(networks) | plain_names(header.networks)
    found = unfit(header.networks, networks) or misfits(shapes_of(mine), shapes_of(theirs), needed)
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        way_out = "set generator, discriminator and data as the snapshot has them; see its config.json"
        raise SnapshotError(file, f"does not fit: {', '.join(found[:SHOWN])}{more}", way_out)
    for which, network in modules.items():
        network.load_state_dict(below({**mine, **shared(mine, theirs)}, which))
    return Leftovers(sorted(mine.keys() - theirs.keys()), sorted(theirs.keys() - mine.keys()))


def identity_of(path: Path) -> dict[str, object]:
    """Return what the events of a run say of the snapshot that it started from."""
    file = located(path)
    kimg = read_header(file).images / 1000
    return {"transfer": str(path), "transfer_kimg": kimg, "transfer_sha256": sha256_of(file)}


def _another(transfer: Transfer | TransferFromTrial, header: SnapshotHeader, file: Path) -> str:
    """Return which snapshot is meant, where a file is not that one."""
    if isinstance(transfer, Transfer):
        return "" if sha256_of(file) == transfer.sha256 else f"{transfer.sha256[:12]}…"
    images = round(transfer.kimg * 1000)
    is_then = header.images <= images if transfer.best_by else header.images == images
    is_it = is_then and header.origin == origin_of(transfer.trial)
    return "" if is_it else f"the {transfer.moment} of trial {transfer.trial}; this is {header.origin}"


def shared(mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of `theirs` whose names are also in `mine`."""
    return {name: value for name, value in theirs.items() if name in mine}


def plain_names(networks: Networks) -> set[str]:
    """Return the names of all tensors of networks without additions by methods."""
    shape = (networks.resolution, networks.channels, networks.condition_dim)
    with torch.device("meta"):
        generator: nn.Module = build(networks.generator, *shape)
        discriminator: nn.Module = build(networks.discriminator, *shape)
    modules = {"G": generator, "D": discriminator, "G_ema": generator}
    return {f"{which}/{name}" for which, network in modules.items() for name in network.state_dict()}


def shapes_of(tensors: Mapping[str, Tensor]) -> Shapes:
    """Return the shape of every tensor."""
    return {name: list(value.shape) for name, value in tensors.items()}


def misfits(mine: Shapes, theirs: Shapes, needed: set[str]) -> list[str]:
    """Return a line for every tensor with different shapes on both sides, or needed but not on both."""
    return [
        f"{name} is {theirs.get(name, 'missing')} there and {mine.get(name, 'missing')} here"
        for name in sorted(needed | (mine.keys() & theirs.keys()))
        if mine.get(name) != theirs.get(name)
    ]
