"""Read the official StyleGAN2-ADA (PyTorch) network pickles without executing anything in them.

Such a file is a pickled dict of `G`, `D`, `G_ema`, each a call of a function that would execute source code stored in
the file. Here every allowed global maps to a function below; any other name is an error.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.config.networks.choice import Networks
from trainer.config.networks.stylegan2 import BINOMIAL, Precision, StyleGan2Discriminator, StyleGan2Generator
from trainer.errors import SnapshotError
from trainer.state.snapshot import SnapshotHeader, write_snapshot


class RefusedGlobal(SnapshotError):
    """The file uses a global that is not part of the official layout."""


@dataclass
class OfficialNetwork:
    """One network as data: its class name and saved attributes, without its source code."""

    class_name: str
    state: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the keyword arguments that the network was constructed with."""
        return dict(self.state.get("_init_kwargs", {}))

    def tensors(self) -> dict[str, Tensor]:
        """Return parameters and buffers by dotted name, as a state dict."""
        return dict(_named_tensors(self.state, ""))


def _named_tensors(state: Mapping[str, Any], prefix: str) -> list[tuple[str, Tensor]]:
    own = {**state.get("_parameters", {}), **state.get("_buffers", {})}
    found = [(prefix + name, value.detach().clone()) for name, value in own.items() if value is not None]
    for name, module in state.get("_modules", {}).items():
        found += _named_tensors(module.state, f"{prefix}{name}.")
    return found


def _network(meta: Mapping[str, Any]) -> OfficialNetwork:
    return OfficialNetwork(str(meta["class_name"]), meta["state"])


def _parameter(data: Tensor, requires_grad: bool, _hooks: object) -> Tensor:
    return data.detach().requires_grad_(requires_grad)


def _storage(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _tensor(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    return torch.empty(0, dtype=storage.dtype).set_(storage, offset, size, stride).clone()


def _scalar(dtype: np.dtype[Any], content: bytes) -> Any:
    return np.frombuffer(content, dtype=dtype, count=1)[0].item()


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _network,
    ("dnnlib.util", "EasyDict"): dict,
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy", "dtype"): np.dtype,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise RefusedGlobal("", f"uses {module}.{name}, which is not part of an official network pickle") from None


def read_pickle(path: Path) -> dict[str, OfficialNetwork]:
    """Return the networks `G`, `D`, `G_ema` of an official pickle, without executing anything in it.

    Raises SnapshotError if the file uses any other global or is not such a pickle.
    """
    try:
        with path.open("rb") as file:
            content = _Reader(file).load()
        networks = {which: content[which] for which in ("G", "D", "G_ema")}
    except RefusedGlobal as error:
        raise RefusedGlobal(path, error.problem) from error
    except (OSError, EOFError, KeyError, TypeError, ValueError, AttributeError, pickle.UnpicklingError) as error:
        raise SnapshotError(path, f"not an official network pickle ({type(error).__name__}: {error})") from error
    if not all(isinstance(network, OfficialNetwork) for network in networks.values()):
        raise SnapshotError(path, "not an official network pickle (G, D and G_ema are not networks)")
    return networks


IMAGES = {"c_dim", "img_resolution", "img_channels"}
PRECISION = {"num_fp16_res", "conv_clamp"}
WIDTHS = {"channel_base", "channel_max"}
GENERATOR = IMAGES | {"z_dim", "w_dim", "mapping_kwargs.num_layers"}
SYNTHESIS = PRECISION | WIDTHS | {"architecture", "resample_filter", "use_noise", "fp16_channels_last"}
DISCRIMINATOR = IMAGES | PRECISION | WIDTHS | {"architecture", "cmap_dim", "mapping_kwargs.num_layers"}
BLOCK = {"resample_filter", "freeze_layers", "fp16_channels_last"}
EPILOGUE = {"mbstd_group_size", "mbstd_num_channels"}


def networks_of(pickled: Mapping[str, OfficialNetwork]) -> Networks:
    """Return our settings for the networks of an official pickle.

    Raises SnapshotError if they were constructed with an argument that has no counterpart here.
    """
    g, d = pickled["G_ema"].settings, pickled["D"].settings
    _reject_unknown("G", g, GENERATOR | {f"synthesis_kwargs.{name}" for name in SYNTHESIS})
    parts = {f"block_kwargs.{name}" for name in BLOCK} | {f"epilogue_kwargs.{name}" for name in EPILOGUE}
    _reject_unknown("D", d, DISCRIMINATOR | parts)
    return Networks(
        generator=_generator(g),
        discriminator=_discriminator(d),
        resolution=g["img_resolution"],
        channels=g["img_channels"],
        condition_dim=g["c_dim"],
    )


def _reject_unknown(network: str, settings: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(flattened(settings).keys() - known)
    if unknown:
        raise SnapshotError("", f"{network} was constructed with unsupported arguments: {', '.join(unknown)}")


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values of nested mappings by dotted name."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= flattened(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return found


def _generator(settings: Mapping[str, Any]) -> StyleGan2Generator:
    synthesis, mapping = settings.get("synthesis_kwargs", {}), settings.get("mapping_kwargs", {})
    return StyleGan2Generator(
        architecture=synthesis.get("architecture", "skip"),
        z_dim=settings["z_dim"],
        w_dim=settings["w_dim"],
        mapping_layers=mapping.get("num_layers", 8),
        channel_base=synthesis.get("channel_base", 32768),
        channel_max=synthesis.get("channel_max", 512),
        noise_inputs=synthesis.get("use_noise", True),
        resample_taps=synthesis.get("resample_filter", BINOMIAL),
        precision=_precision(synthesis),
    )


def _discriminator(settings: Mapping[str, Any]) -> StyleGan2Discriminator:
    block, epilogue = settings.get("block_kwargs", {}), settings.get("epilogue_kwargs", {})
    return StyleGan2Discriminator(
        architecture=settings.get("architecture", "resnet"),
        mapping_layers=settings.get("mapping_kwargs", {}).get("num_layers", 8),
        channel_base=settings.get("channel_base", 32768),
        channel_max=settings.get("channel_max", 512),
        minibatch_std_group=epilogue.get("mbstd_group_size", 4),
        minibatch_std_channels=epilogue.get("mbstd_num_channels", 1),
        embedding_dim=settings.get("cmap_dim"),
        resample_taps=block.get("resample_filter", BINOMIAL),
        frozen_layers=block.get("freeze_layers", 0),
        precision=_precision(settings),
    )


def _precision(settings: Mapping[str, Any]) -> Precision:
    count = settings.get("num_fp16_res", 0)
    return Precision(dtype="fp16" if count else "fp32", top_resolutions=count, conv_clamp=settings.get("conv_clamp"))


def import_pickle(source: Path, target: Path) -> Networks:
    """Convert an official pickle to a snapshot at `target` and return the description of its networks."""
    pickled = read_pickle(source)
    try:
        networks = networks_of(pickled)
    except SnapshotError as error:
        raise SnapshotError(source, error.problem) from error
    tensors = {f"{which}/{name}": value for which, net in pickled.items() for name, value in net.tensors().items()}
    write_snapshot(target, SnapshotHeader(networks, 0, f"imported from {source.name}"), tensors)
    return networks
