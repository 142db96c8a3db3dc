"""Snapshots: the networks at an image counter as a self-describing safetensors file without code."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from trainer.config.identity import trial_id
from trainer.config.networks.choice import Networks
from trainer.config.spec import Spec
from trainer.config.train import TrainConfig
from trainer.errors import SnapshotError
from trainer.files import Guard, replace_file, replacing
from trainer.record import RunDir
from trainer.recording.fence import Fence
from trainer.registry import build
from trainer.state.train_state import TrainState, below

FORMAT = "adasweep-snapshot-1"
MOST_HEADER_BYTES = 16 * 2**20
MOST_PIXELS = 2**14
Which = Literal["G", "D", "G_ema"]


@dataclass(frozen=True)
class SnapshotHeader:
    """The header of a snapshot: its networks, the image counter, and its origin."""

    networks: Networks
    images: int
    origin: str

    def metadata(self) -> dict[str, str]:
        """Return the header as safetensors metadata."""
        return {
            "format": FORMAT,
            "networks": self.networks.model_dump_json(),
            "images": str(self.images),
            "origin": self.origin,
        }


def write_snapshot(path: Path, header: SnapshotHeader, tensors: dict[str, Tensor], guard: Guard | None = None) -> None:
    """Write tensors named `G/...`, `D/...`, `G_ema/...` with `header`, atomically."""
    content = {name: value.detach().contiguous() for name, value in tensors.items()}
    metadata = header.metadata() | {"sha256": digest_of(content)}
    replace_file(path, safetensors.torch.save(content, metadata=metadata), guard)


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the names and the bytes of tensors."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_snapshot(
    run: RunDir, config: TrainConfig, state: TrainState, average: nn.Module | None = None, fence: Fence | None = None
) -> Path:
    """Write G, D and the average of G after `state.images` images, and link `latest` to the file.

    `average` is the average as used outside training, if it differs from `state.average`.
    """
    networks = {"G": state.generator, "D": state.discriminator, "G_ema": average or state.average}
    tensors = {
        f"{prefix}/{name}": value for prefix, net in networks.items() for name, value in net.state_dict().items()
    }
    path = run.snapshot_of(state.images, _token(run, fence))
    write_snapshot(path, SnapshotHeader(config.networks, state.images, origin_of(trial_id(config))), tensors, fence)
    replace_file(run.snapshots / "config.json", config.model_dump_json(indent=1), fence)
    point(run.snapshots / "latest.safetensors", path, fence)
    return path


def origin_of(trial: str) -> str:
    """Return what the header of a snapshot says of where it comes from, where that is a trial."""
    return f"trial {trial}"


def _token(run: RunDir, fence: Fence | None) -> int:
    """Return the token for the name of a new snapshot: 0 unless an earlier worker may still remove such files."""
    if fence is None:
        return 0
    return fence.token if fence.is_disputed or any(found.token for found in run.snapshot_files()) else 0


def point(link: Path, target: Path, guard: Guard | None = None) -> None:
    """Create or replace `link`, a relative symbolic link to `target`, atomically."""
    with replacing(link, guard) as temporary:
        temporary.symlink_to(target.name)


def read_header(path: Path) -> SnapshotHeader:
    """Return the header of a snapshot without reading its tensors.

    Raises SnapshotError if the file is not a snapshot of this project.
    """
    try:
        _require_small_header(path)
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
        return SnapshotHeader(Networks.model_validate_json(header["networks"]), int(header["images"]), header["origin"])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise SnapshotError(path, f"not a snapshot of adasweep ({type(error).__name__}: {error})") from error


def _require_small_header(path: Path) -> None:
    """Raise ValueError if the header, which is read as a whole, is larger than any of ours."""
    if not path.is_file():
        raise ValueError("not a regular file")
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > MOST_HEADER_BYTES:
        raise ValueError(f"a header of {size:,} bytes")


def require_snapshot_of(path: Path, trial: str, images: int) -> None:
    """Raise SnapshotError unless a file is the snapshot of `trial` after `images` images."""
    header = read_header(path)
    if (header.origin, header.images) != (origin_of(trial), images):
        found = f"is of {header.origin} at {header.images / 1000:g} kimg"
        raise SnapshotError(path, f"{found}, not of {origin_of(trial)} at {images / 1000:g} kimg")


def load_network(path: Path, which: Which = "G_ema") -> nn.Module:
    """Return one network of a snapshot, in evaluation mode, on the CPU.

    Raises SnapshotError if the header does not match the tensors. It is checked before allocating, so that a forged
    header cannot make it use more memory than the tensors in the file need.
    """
    networks = read_header(path).networks
    spec = networks.discriminator if which == "D" else networks.generator
    shape = (networks.resolution, networks.channels, networks.condition_dim)
    _require_as_described(path, which, spec, shape)
    network: nn.Module = build(spec, *shape)
    network.load_state_dict(tensors_of(path, which))
    return network.eval().requires_grad_(False)


def _require_as_described(path: Path, which: Which, spec: Spec, shape: tuple[int, int, int]) -> None:
    with safetensors.safe_open(path, framework="pt") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    layers = max((value for name, value in spec if name.endswith("layers") and isinstance(value, int)), default=0)
    if layers > len(shapes) or shape[0] > MOST_PIXELS:
        raise SnapshotError(path, f"describes {layers} layers and {shape[0]} pixels a side, which it does not contain")
    with torch.device("meta"):
        expected = build(spec, *shape).state_dict()
    for name, tensor in expected.items():
        if shapes.get(f"{which}/{name}") != tuple(tensor.shape):
            found = shapes.get(f"{which}/{name}", "missing")
            raise SnapshotError(path, f"{which}/{name} should be {tuple(tensor.shape)} but is {found}")


def tensors_of(path: Path, which: Which) -> dict[str, Tensor]:
    """Return the state dict of one network of a snapshot."""
    return below(all_tensors(path), which)


def all_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a snapshot by name. Raises SnapshotError if they are not those that were written.

    Snapshots of version 0.1.0 have no checksum.
    """
    tensors = safetensors.torch.load_file(path)
    with safetensors.safe_open(path, framework="pt") as file:
        written = (file.metadata() or {}).get("sha256")
    if written and written != digest_of(tensors):
        raise SnapshotError(path, "is damaged: its checksum does not match")
    return tensors


def prune_snapshots(run: RunDir, keep: set[int], guard: Guard) -> None:
    """Remove every snapshot whose image counter is not in `keep`, except those with a token above the guard's."""
    for images, token in run.snapshot_files():
        guard.check()
        if images not in keep and token <= guard.token:
            run.snapshot_of(images, token).unlink(missing_ok=True)
