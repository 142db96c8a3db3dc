"""Snapshots: the networks of one moment as safetensors, with the configuration in the header and beside it. No code."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor, nn

from trainer.checkpoint import write_file
from trainer.config.identity import canonical
from trainer.config.train import TrainConfig
from trainer.errors import UserError
from trainer.families import build
from trainer.record import RunDir, replace_file
from trainer.state import TrainState, below

NAME = re.compile(r"^snapshot-(\d{9,})\.safetensors$")


def snapshot_path(run: RunDir, images: int) -> Path:
    """Return where the snapshot after `images` images lies."""
    return run.snapshots / f"snapshot-{images:09d}.safetensors"


def images_of(path: Path) -> int | None:
    """Return the image counter in a snapshot's name, or None for another file."""
    match = NAME.match(path.name)
    return int(match[1]) if match else None


def save_snapshot(run: RunDir, config: TrainConfig, state: TrainState) -> Path:
    """Write G, D and the average of G after `state.images` images, and point `latest` at them."""
    networks = {"G": state.generator, "D": state.discriminator, "G_ema": state.average}
    tensors = {
        f"{prefix}/{name}": value.detach().contiguous()
        for prefix, network in networks.items()
        for name, value in network.state_dict().items()
    }
    header = {"config": canonical(config), "images": str(state.images), "format": "adasweep-snapshot-1"}
    path = snapshot_path(run, state.images)
    write_file(path, safetensors.torch.save(tensors, metadata=header))
    replace_file(run.snapshots / "config.json", json.dumps(config.model_dump(mode="json"), indent=1))
    point(run.snapshots / "latest.safetensors", path)
    return path


def point(link: Path, target: Path) -> None:
    """Make `link` a relative symbolic link to `target`, atomically."""
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target.name)
    temporary.replace(link)


def read_header(path: Path) -> tuple[TrainConfig, int]:
    """Return the configuration and image counter of a snapshot without reading its tensors.

    Raises UserError where the file is not a snapshot of this project.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header: Mapping[str, str] = file.metadata() or {}
        return TrainConfig.model_validate_json(header["config"]), int(header["images"])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: not a snapshot of adasweep ({type(error).__name__}: {error})") from error


def load_network(path: Path, which: str = "G_ema") -> nn.Module:
    """Return one network of a snapshot ("G_ema", "G" or "D"), in evaluation mode, on the CPU."""
    config, _ = read_header(path)
    spec = config.discriminator if which == "D" else config.generator
    data = config.data
    network: nn.Module = build(spec, data.resolution, data.channels, data.condition_dim)
    network.load_state_dict(tensors_of(path, which))
    return network.eval().requires_grad_(False)


def tensors_of(path: Path, which: str) -> dict[str, Tensor]:
    """Return the state dict of one network of a snapshot."""
    return below(safetensors.torch.load_file(path), which)


def prune_snapshots(run: RunDir, keep: set[int]) -> None:
    """Remove every snapshot whose image counter is not in `keep`."""
    for path in run.snapshots.glob("snapshot-*.safetensors"):
        if images_of(path) not in keep:
            path.unlink(missing_ok=True)
