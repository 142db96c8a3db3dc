"""Official network pickles are converted to snapshots; no code in them is executed."""

import os
import pickle
import sys
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
from trainer.errors import SnapshotError, UserError
from trainer.state.official_pickle import OfficialNetwork, RefusedGlobal, import_pickle, networks_of, read_pickle
from trainer.state.snapshot import load_network, read_header

G_SETTINGS = {
    "z_dim": 16,
    "c_dim": 0,
    "w_dim": 16,
    "img_resolution": 16,
    "img_channels": 3,
    "mapping_kwargs": {"num_layers": 2},
    "synthesis_kwargs": {"channel_base": 256, "channel_max": 16},
}
D_SETTINGS = {
    "c_dim": 0,
    "img_resolution": 16,
    "img_channels": 3,
    "channel_base": 256,
    "channel_max": 16,
    "block_kwargs": {},
    "mapping_kwargs": {},
    "epilogue_kwargs": {"mbstd_group_size": 4},
}
SOURCE = "import os\nos.environ['ADASWEEP_PICKLE_RAN'] = '1'\n"


class Persistent:
    """Pickles as the official persistence module does: one call with a dict that carries source text."""

    def __init__(self, meta: dict[str, Any]) -> None:
        self.meta = meta

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (self.meta,)


def persistent(class_name: str, module: torch.nn.Module, settings: dict[str, Any]) -> Persistent:
    children = OrderedDict((name, persistent("Part", child, {})) for name, child in module.named_children())
    state = {
        "training": False,
        "_parameters": OrderedDict(module._parameters),
        "_buffers": OrderedDict(module._buffers),
        "_modules": children,
        "_init_args": (),
        "_init_kwargs": settings,
        "num": np.float64(3.5),
    }
    meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": class_name, "state": state}
    return Persistent(meta)


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pickle in the official layout, of our networks with known weights."""
    from trainer.config.networks.stylegan2 import StyleGan2Discriminator, StyleGan2Generator
    from trainer.registry import build

    torch.manual_seed(0)
    g_spec = StyleGan2Generator(z_dim=16, w_dim=16, mapping_layers=2, channel_base=256, channel_max=16)
    generator = build(g_spec, 16, 3, 0)
    discriminator = build(StyleGan2Discriminator(channel_base=256, channel_max=16), 16, 3, 0)
    package, module = types.ModuleType("torch_utils"), types.ModuleType("torch_utils.persistence")

    def _reconstruct_persistent_obj(_meta: object) -> object:
        raise AssertionError("executed")

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_utils", package)
    monkeypatch.setitem(sys.modules, "torch_utils.persistence", module)
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    content = {
        "G": persistent("Generator", generator, G_SETTINGS),
        "D": persistent("Discriminator", discriminator, D_SETTINGS),
        "G_ema": persistent("Generator", generator, G_SETTINGS),
        "training_set_kwargs": None,
        "augment_pipe": None,
    }
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle.dumps(content, protocol=4))
    torch.save(generator.state_dict(), tmp_path / "expected.pt")
    return path


def test_import_gives_the_same_images(official: Path, tmp_path: Path) -> None:
    target = tmp_path / "imported.safetensors"
    networks = import_pickle(official, target)
    assert isinstance(networks.generator, StyleGan2Generator)
    assert (networks.resolution, networks.generator.mapping_layers) == (16, 2)
    assert read_header(target).origin == "imported from network.pkl"
    expected = torch.load(tmp_path / "expected.pt", weights_only=True)
    generator = load_network(target)
    assert all(torch.equal(value, expected[name]) for name, value in generator.state_dict().items())
    assert "ADASWEEP_PICKLE_RAN" not in os.environ


def made_with(**d_settings: Any) -> dict[str, OfficialNetwork]:
    generator = OfficialNetwork("Generator", {"_init_kwargs": G_SETTINGS})
    return {
        "G_ema": generator,
        "D": OfficialNetwork("Discriminator", {"_init_kwargs": D_SETTINGS | d_settings}),
    }


def test_arguments_of_the_discriminator_are_read() -> None:
    epilogue = {"mbstd_group_size": None, "mbstd_num_channels": 2}
    spec = networks_of(made_with(epilogue_kwargs=epilogue, cmap_dim=8, block_kwargs={"freeze_layers": 4})).discriminator
    assert isinstance(spec, StyleGan2Discriminator)
    assert spec.minibatch_std_group is None
    assert (spec.minibatch_std_channels, spec.embedding_dim, spec.frozen_layers) == (2, 8, 4)


def test_an_argument_without_a_counterpart_is_refused_by_name() -> None:
    with pytest.raises(
        SnapshotError, match=r"D was constructed with unsupported arguments: epilogue_kwargs\.activation"
    ):
        networks_of(made_with(epilogue_kwargs={"activation": "relu"}))


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/never",)


def test_malicious_pickle_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"G": Evil(), "D": 1, "G_ema": 2}))
    with pytest.raises(RefusedGlobal, match=r"evil\.pkl: uses (posix|os)\.system"):
        read_pickle(path)


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps([1, 2]), pickle.dumps({"G": 1})])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pkl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"other\.pkl: not an official network pickle"):
        read_pickle(path)
