"""Settings of training: objective, optimizers, moving average."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trainer.config.spec import (
    Fraction,
    NonNegative,
    Positive,
    PositiveInt,
    Probability,
    Settings,
    Spec,
    is_off,
    is_one,
)


class Objective(Spec):
    """The objective of both networks.

    G is trained only in every `discriminator_steps`-th iteration: D sees that many batches for each batch of G.
    """

    style_mixing: Probability = 0.9
    discriminator_steps: Annotated[PositiveInt, Field(exclude_if=is_one)] = 1


class Regularised(Objective):
    """An adversarial loss with R1 (Mescheder et al. 2018) and path length (StyleGAN2, Sec. 3.2) regularisation.

    `r1_gamma` is the weight of R1; `path_length_weight` 0 disables path length regularisation.
    """

    r1_gamma: NonNegative = 0.0
    path_length_weight: NonNegative = 0.0
    path_length_decay: Fraction = 0.01
    path_length_batch_shrink: PositiveInt = 2


class Logistic(Regularised):
    """Non-saturating logistic loss (Goodfellow et al. 2014), with StyleGAN2's regularisation."""

    module: ClassVar[str] = "trainer.objectives.logistic"
    type: Literal["logistic"] = "logistic"
    r1_gamma: NonNegative
    path_length_weight: NonNegative = 2.0


class Hinge(Regularised):
    """Hinge loss (Lim and Ye 2017), as in BigGAN; no regularisation by default."""

    module: ClassVar[str] = "trainer.objectives.hinge"
    type: Literal["hinge"] = "hinge"


class LeastSquares(Regularised):
    """Least-squares loss (Mao et al. 2017), targets 1 (real) and 0 (generated); no regularisation by default."""

    module: ClassVar[str] = "trainer.objectives.least_squares"
    type: Literal["lsgan"] = "lsgan"


class WganGp(Objective):
    """Wasserstein loss with gradient penalty (Gulrajani et al. 2017) and drift term (Karras et al. 2018).

    `penalty_weight` is the weight of (|grad D| / penalty_target - 1)^2 between real and generated images,
    `drift_weight` that of D(x)^2. Neither is lazy.
    """

    module: ClassVar[str] = "trainer.objectives.wgan_gp"
    type: Literal["wgan-gp"] = "wgan-gp"
    penalty_weight: NonNegative = 10.0
    penalty_target: Annotated[Positive, Field(exclude_if=is_one)] = 1.0
    drift_weight: NonNegative = 0.001


AnyObjective = Annotated[Logistic | WganGp | Hinge | LeastSquares, Field(discriminator="type")]


class Adam(Settings):
    """Adam (Kingma and Ba 2015) with lazy regularisation every `regularize_every` iterations (StyleGAN2, App. B).

    With interval k the effective lr is lr * k/(k+1) and the betas are beta ** (k/(k+1)). None disables lazy
    regularisation: it is part of every step, and lr and betas are used unchanged.
    """

    lr: Positive
    beta1: NonNegative = 0.0
    beta2: Fraction = 0.99
    epsilon: Positive = 1e-8
    regularize_every: PositiveInt | None


class Ema(Settings):
    """Exponential moving average of the generator: half-life in kimg, at most `rampup` times the images seen so far.

    `rampup` None disables the ramp-up, as in the official presets other than auto and for transfer learning. `beta`, if
    given, is the decay per iteration, independent of the batch. Before `start_kimg` the average equals the generator.
    """

    half_life_kimg: Positive
    rampup: Positive | None = None
    beta: Annotated[Fraction | None, Field(exclude_if=is_off)] = None
    start_kimg: Annotated[Positive | None, Field(exclude_if=is_off)] = None


class Transfer(Settings):
    """Start from the weights of a snapshot, identified by content, independent of its path."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TransferFromTrial(Settings):
    """Start from the weights that a trial has after `kimg` thousand images.

    With `best_by`, the recorded name of a metric, it is the snapshot up to there that this metric finds best.
    """

    trial: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    kimg: Positive
    best_by: Annotated[str | None, Field(exclude_if=is_off)] = None

    @property
    def moment(self) -> str:
        """Return in words which snapshot of the trial it is."""
        return f"best snapshot up to {self.kimg:g} kimg" if self.best_by else f"snapshot at {self.kimg:g} kimg"
