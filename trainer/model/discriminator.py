"""The StyleGAN2 discriminator, with architectures orig, skip and resnet, and projection for conditional training."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainer.config.networks.stylegan2 import BINOMIAL, Architecture, StyleGan2Discriminator
from trainer.model.layers import Convolution, FullyConnected
from trainer.model.mapping import Mapping
from trainer.model.minibatch_std import minibatch_std
from trainer.model.network import DiscriminatorNetwork
from trainer.model.precision import reduced_dtype, resolutions
from trainer.ops.upfirdn2d import downsample2d, setup_filter
from trainer.registry import implements

RESIDUAL_GAIN = math.sqrt(0.5)


class DiscriminatorBlock(nn.Module):
    """Optional FromRGB, two convolutions, downsampling by 2.

    The first `frozen` of its layers, in the order fromrgb, conv0, conv1, skip, are not trainable: their weights are
    buffers.
    """

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        middle: int,
        outputs: int,
        channels: int,
        architecture: Architecture,
        dtype: torch.dtype | None,
        clamp: float | None,
        frozen: int,
        taps: Sequence[float] = BINOMIAL,
    ) -> None:
        super().__init__()
        self.architecture, self.dtype = architecture, dtype
        trainable = (index >= frozen for index in range(4))
        self.register_buffer("resample_filter", setup_filter(taps))
        if inputs == 0 or architecture == "skip":
            self.fromrgb = Convolution(channels, middle, 1, activation="lrelu", clamp=clamp, trainable=next(trainable))
        self.conv0 = Convolution(middle, middle, 3, activation="lrelu", clamp=clamp, trainable=next(trainable))
        self.conv1 = Convolution(
            middle, outputs, 3, activation="lrelu", down=2, clamp=clamp, trainable=next(trainable), taps=taps
        )
        if architecture == "resnet":
            self.skip = Convolution(middle, outputs, 1, bias=False, down=2, trainable=next(trainable), taps=taps)

    def layers(self) -> int:
        """Return the number of layers that can be frozen."""
        return sum(isinstance(child, Convolution) for child in self.children())

    def forward(
        self,
        x: Float[Tensor, "n i h w"] | None,
        image: Float[Tensor, "n channels h w"] | None,
        force_fp32: bool = False,
    ) -> tuple[Float[Tensor, "n o h2 w2"], Float[Tensor, "n channels h2 w2"] | None]:
        dtype = self.resample_filter.dtype if force_fp32 or self.dtype is None else self.dtype
        x = None if x is None else x.to(dtype)
        if image is not None:
            image = image.to(dtype)
            colours = self.fromrgb(image)
            x = colours if x is None else x + colours
            image = downsample2d(image, self.resample_filter) if self.architecture == "skip" else None
        if self.architecture != "resnet":
            return self.conv1(self.conv0(x)), image
        shortcut = self.skip(x, gain=RESIDUAL_GAIN)
        return shortcut + self.conv1(self.conv0(x), gain=RESIDUAL_GAIN), image


class DiscriminatorEpilogue(nn.Module):
    """Maps 4x4 features to a score; with a condition, its projection on the embedding (Miyato and Koyama 2018)."""

    def __init__(
        self,
        inputs: int,
        embedding_dim: int,
        channels: int,
        has_rgb: bool,
        clamp: float | None,
        minibatch_std_group: int | None,
        minibatch_std_channels: int = 1,
    ) -> None:
        super().__init__()
        self.minibatch_std_group, self.features_dim = minibatch_std_group, inputs
        self.minibatch_std_channels = minibatch_std_channels
        if has_rgb:
            self.fromrgb = Convolution(channels, inputs, 1, activation="lrelu")
        self.conv = Convolution(inputs + minibatch_std_channels, inputs, 3, activation="lrelu", clamp=clamp)
        self.fc = FullyConnected(inputs * 4**2, inputs, "lrelu")
        self.out = FullyConnected(inputs, embedding_dim or 1)

    def features(
        self, x: Float[Tensor, "n i 4 4"] | None, image: Float[Tensor, "n channels 4 4"] | None, parts: int = 1
    ) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer, in which the score is linear."""
        dtype = self.out.weight.dtype
        x = None if x is None else x.to(dtype)
        if image is not None:
            colours = self.fromrgb(image.to(dtype))
            x = colours if x is None else x + colours
        assert x is not None, "4x4 images need FromRGB"
        if self.minibatch_std_channels:
            x = minibatch_std(x, self.minibatch_std_group, self.minibatch_std_channels, parts)
        x = self.conv(x)
        features: Tensor = self.fc(x.flatten(1))
        return features

    def forward(
        self, features: Float[Tensor, "n features"], embedding: Float[Tensor, "n embedding"] | None
    ) -> Float[Tensor, "n 1"]:
        x: Tensor = self.out(features)
        return x if embedding is None else (x * embedding).sum(dim=1, keepdim=True) / math.sqrt(embedding.shape[1])


@implements(StyleGan2Discriminator)
class Discriminator(DiscriminatorNetwork):
    """image, c -> logits [n 1]. The first `spec.frozen_layers` layers are frozen (Mo et al. 2020, Freeze-D)."""

    def __init__(self, spec: StyleGan2Discriminator, resolution: int, channels: int, condition_dim: int) -> None:
        super().__init__()
        self.spec, self.condition_dim = spec, condition_dim
        self.resolution, self.channels = resolution, channels
        width = {r: spec.width(r) for r in resolutions(resolution)}
        inputs, frozen = 0, spec.frozen_layers
        for r in reversed(resolutions(resolution)[1:]):
            dtype = reduced_dtype(spec.precision, r, resolution)
            clamp = spec.precision.conv_clamp
            block = DiscriminatorBlock(
                inputs,
                width[r],
                width[r // 2],
                channels,
                spec.architecture,
                dtype,
                clamp,
                frozen=max(frozen, 0),
                taps=spec.resample_taps,
            )
            self.add_module(f"b{r}", block)
            inputs, frozen = width[r // 2], frozen - block.layers()
        embedding = spec.embedding_dim or width[4] if condition_dim else 0
        if condition_dim:
            self.mapping = Mapping(0, condition_dim, embedding, spec.mapping_layers, num_ws=None)
        self.b4 = DiscriminatorEpilogue(
            width[4],
            embedding_dim=embedding,
            channels=channels,
            has_rgb=spec.architecture == "skip" or resolution == 4,
            clamp=spec.precision.conv_clamp,
            minibatch_std_group=spec.minibatch_std_group,
            minibatch_std_channels=spec.minibatch_std_channels,
        )

    @property
    def features_dim(self) -> int:
        return int(self.b4.features_dim)

    def blocks(self) -> list[DiscriminatorBlock]:
        """Return the blocks from the image's resolution down to 8x8."""
        return [block for block in self.children() if isinstance(block, DiscriminatorBlock)]

    def forward(
        self,
        images: Float[Tensor, "n channels h w"],
        c: Float[Tensor, "n cdim"],
        force_fp32: bool = False,
        parts: int = 1,
    ) -> Float[Tensor, "n 1"]:
        """Return logits, positive for real. `parts` stacked batches of equal size are scored independently."""
        features = self.features(images, force_fp32, parts)
        logits: Tensor = self.b4(features, self.mapping(None, c) if self.condition_dim else None)
        return logits

    def features(
        self, images: Float[Tensor, "n channels h w"], force_fp32: bool = False, parts: int = 1
    ) -> Float[Tensor, "n features"]:
        """Return the features of the last hidden layer."""
        x: Tensor | None = None
        image: Tensor | None = images
        for block in self.blocks():
            x, image = block(x, image, force_fp32)
        return self.b4.features(x, image, parts)
