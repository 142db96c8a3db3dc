"""Methods that extend an objective, by name: each is a spec here and one file in `trainer/methods`.

methods: lecam                                              # in a sweep: one by name, with published settings
methods: [spectral-norm, {type: bcr, transform: flip}]      # or several, some with changed settings

Their order has no effect, and each may be listed once.
"""

import itertools
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from trainer.config.augment import Adaptive, SingleTransform
from trainer.config.networks.stylegan2 import GeneratorSpec
from trainer.config.progressive_growing import ProgressiveGrowing
from trainer.config.spec import Fraction, NonNegative, Positive, PositiveInt, Spec

GeneratorSpecT = TypeVar("GeneratorSpecT", bound=GeneratorSpec)


class LeCam(Spec):
    """LeCam regularisation (Tseng et al. 2021, Eq. 3): pull logits of each kind to the other kind's moving mean.

    `one_sided` penalises only logits beyond that mean, as the authors' code does; the paper squares any distance.
    """

    module: ClassVar[str] = "trainer.methods.lecam"
    type: Literal["lecam"] = "lecam"
    weight: NonNegative = 0.3
    decay: Fraction = 0.99
    one_sided: bool = True


class BalancedConsistency(Spec):
    """bCR (Zhao et al. 2021, "Improved consistency regularization"): D(T(A x)) should equal D(A x), A G(z) likewise.

    T moves by up to 1/32 of the side, flips at random, or turns by up to 45 degrees (ADA paper, App. D and Fig. 20). In
    the code of DiffAugment, T flips and moves by up to 1/8 of the side (`flip-shift`), or takes A away (`none`).
    """

    module: ClassVar[str] = "trainer.methods.bcr"
    type: Literal["bcr"] = "bcr"
    transform: SingleTransform | Literal["flip-shift", "none"] = "translation"
    real_weight: NonNegative = 10.0
    fake_weight: NonNegative = 10.0


class LatentConsistency(Spec):
    """zCR (Zhao et al. 2021): nearby latents should get similar logits from D, and distant images from G.

    The defaults are those of the ADA paper's comparison. Others have published radius 0.05, weights 0.5 and 20.
    """

    module: ClassVar[str] = "trainer.methods.zcr"
    type: Literal["zcr"] = "zcr"
    radius: Positive = 0.1
    generator_weight: NonNegative = 0.02
    discriminator_weight: NonNegative = 0.2


class AuxiliaryRotation(Spec):
    """Self-supervision by rotation (Chen et al. 2019): D also predicts the number of quarter turns of an image."""

    module: ClassVar[str] = "trainer.methods.aux_rotation"
    type: Literal["aux-rotation"] = "aux-rotation"
    generator_weight: NonNegative = 10.0
    discriminator_weight: NonNegative = 5.0


class SpectralNormalisation(Spec):
    """Spectral normalisation (Miyato et al. 2018) of the 3x3 convolutions of D, without a learned scale."""

    module: ClassVar[str] = "trainer.methods.spectral_norm"
    type: Literal["spectral-norm"] = "spectral-norm"


class ShallowMapping(Spec):
    """A mapping network with `layers` layers instead of the preset's (ADA paper, Fig. 8a)."""

    module: ClassVar[str] = "trainer.methods.shallow_mapping"
    type: Literal["shallow-mapping"] = "shallow-mapping"
    layers: PositiveInt = 2

    def shallowed(self, generator: GeneratorSpecT) -> GeneratorSpecT:
        """Return the generator with fewer mapping layers, unchanged if it has no mapping network."""
        return generator.model_copy(update={"mapping_layers": self.layers}) if generator.maps else generator


class PseudoAugmentation(Adaptive):
    """APA (Jiang et al. 2021): replace each real image by a generated one with probability p; p adapts as in ADA."""

    module: ClassVar[str] = "trainer.methods.apa"
    type: Literal["apa"] = "apa"


class OrthogonalRegularisation(Spec):
    """Orthogonal regularisation (Brock et al. 2019, Eq. 3): filters of a layer should be orthogonal, of any length.

    `beta` is the weight for the generator, `discriminator_beta` that for the discriminator; embeddings are excluded.
    """

    module: ClassVar[str] = "trainer.methods.orthogonal"
    type: Literal["orthogonal"] = "orthogonal"
    beta: NonNegative = 1e-4
    discriminator_beta: NonNegative = 0.0


class DiscriminatorNoise(Spec):
    """Multiplicative noise in D that grows with its confidence on real images, as in ProGAN's least-squares runs.

    N(1, s^2) with s = strength max(0, d - 0.5)^2, d the moving mean of D(x) (Karras et al. 2018, App. B).
    """

    module: ClassVar[str] = "trainer.methods.discriminator_noise"
    type: Literal["discriminator-noise"] = "discriminator-noise"
    strength: Positive = 0.2
    decay: Fraction = 0.9


AnyMethod = Annotated[
    LeCam
    | BalancedConsistency
    | LatentConsistency
    | AuxiliaryRotation
    | SpectralNormalisation
    | ShallowMapping
    | PseudoAugmentation
    | ProgressiveGrowing
    | OrthogonalRegularisation
    | DiscriminatorNoise,
    Field(discriminator="type"),
]
_NAME: Any = Literal[tuple(spec.model_fields["type"].default for spec in get_args(get_args(AnyMethod)[0]))]


def _spelled_out(value: Any) -> Any:
    """Turn a name into a list of one, and names in a list into specs."""
    parts = value if isinstance(value, list | tuple) else [value]
    return [{"type": part} if isinstance(part, str) else part for part in parts]


def _in_order(methods: tuple[Any, ...]) -> tuple[Any, ...]:
    """Sort by name, so that the order of methods does not affect the trial id."""
    names = sorted(method.type for method in methods)
    for name, following in itertools.pairwise(names):
        if name == following:
            raise ValueError(f"{name} is listed twice; each method is used once")
    return tuple(sorted(methods, key=lambda method: str(method.type)))


Methods = Annotated[
    tuple[AnyMethod, ...],
    BeforeValidator(_spelled_out, json_schema_input_type=_NAME | list[_NAME | AnyMethod]),
    AfterValidator(_in_order),
]
