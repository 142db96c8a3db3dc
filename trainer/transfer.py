"""Starting from the weights of a snapshot: G, D and the average of G; optimizers and counters begin anew."""

from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from trainer.config.training import Transfer
from trainer.config.transfer import WAY_OUT, located, sha256_of
from trainer.errors import SnapshotError
from trainer.snapshot import read_header
from trainer.state import TrainState, below

SHOWN = 3


def start_from(state: TrainState, transfer: Transfer, path: Path | None) -> None:
    """Give the networks of a new run the weights of the snapshot at `path`.

    Raises SnapshotError where it is not the one that `transfer` means, or where any tensor does not fit.
    """
    if path is None:
        raise SnapshotError("transfer", "the run starts from a snapshot, but nobody says where it is", WAY_OUT)
    file = located(path)
    read_header(file)
    if sha256_of(file) != transfer.sha256:
        raise SnapshotError(file, f"is not the snapshot the run was planned with ({transfer.sha256[:12]}…)", WAY_OUT)
    tensors = safetensors.torch.load_file(file)
    networks = {"G": state.generator, "D": state.discriminator, "G_ema": state.average}
    found = [line for name, network in networks.items() for line in misfits(network, below(tensors, name), name)]
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        way_out = "set generator, discriminator and data as the snapshot has them; see its config.json"
        raise SnapshotError(file, f"does not fit: {', '.join(found[:SHOWN])}{more}", way_out)
    for name, network in networks.items():
        network.load_state_dict(below(tensors, name))


def misfits(network: nn.Module, tensors: dict[str, Tensor], name: str) -> list[str]:
    """Return a line for every tensor that the network `name` and a snapshot do not both have in the same shape."""
    mine = {key: list(value.shape) for key, value in network.state_dict().items()}
    theirs = {key: list(value.shape) for key, value in tensors.items()}
    return [
        f"{name}/{key} is {theirs.get(key, 'missing')} there and {mine.get(key, 'missing')} here"
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
    ]
