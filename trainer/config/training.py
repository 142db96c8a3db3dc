"""Objective, optimizers, moving average: how the two networks are trained."""

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
    """What both networks are trained towards.

    G is trained in every `discriminator_steps`-th iteration only: D sees that many batches for each one of G's.
    """

    style_mixing: Probability = 0.9
    discriminator_steps: Annotated[PositiveInt, Field(exclude_if=is_one)] = 1


class Regularised(Objective):
    """What regularises an adversarial loss: R1 (Mescheder et al. 2018), path length (StyleGAN2, Sec. 3.2).

    `r1_gamma` is the weight of R1; `path_length_weight` 0 turns path length regularisation off.
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
    """Hinge loss (Lim and Ye 2017), the one of BigGAN; unregularised unless asked for."""

    module: ClassVar[str] = "trainer.objectives.hinge"
    type: Literal["hinge"] = "hinge"


class LeastSquares(Regularised):
    """Least squares loss (Mao et al. 2017), targets 1 (real) and 0 (generated); unregularised unless asked for."""

    module: ClassVar[str] = "trainer.objectives.least_squares"
    type: Literal["lsgan"] = "lsgan"


class WganGp(Objective):
    """Wasserstein loss with gradient penalty (Gulrajani et al. 2017) and drift term (Karras et al. 2018).

    `penalty_weight` weighs (|grad D| - 1)^2 between real and generated images, `drift_weight` D(x)^2. Neither is lazy.
    """

    module: ClassVar[str] = "trainer.objectives.wgan_gp"
    type: Literal["wgan-gp"] = "wgan-gp"
    penalty_weight: NonNegative = 10.0
    drift_weight: NonNegative = 0.001


AnyObjective = Annotated[Logistic | WganGp | Hinge | LeastSquares, Field(discriminator="type")]


class Adam(Settings):
    """Adam (Kingma and Ba 2015) with lazy regularisation every `regularize_every` iterations (StyleGAN2, App. B).

    With interval k the effective lr is lr * k/(k+1) and the betas are beta ** (k/(k+1)). None is not lazy: what
    regularises is part of every step, and lr and betas are as they stand here.
    """

    lr: Positive
    beta1: NonNegative = 0.0
    beta2: Fraction = 0.99
    epsilon: Positive = 1e-8
    regularize_every: PositiveInt | None


class Ema(Settings):
    """Moving average of the generator: half life in kimg, at most `rampup` times the images seen so far.

    `rampup` None means no ramp: the official choice for presets other than auto and for transfer learning. `beta`, if
    given, is what the average keeps in an iteration, whatever the batch. It is the generator before `start_kimg`.
    """

    half_life_kimg: Positive
    rampup: Positive | None = None
    beta: Annotated[Fraction | None, Field(exclude_if=is_off)] = None
    start_kimg: Annotated[Positive | None, Field(exclude_if=is_off)] = None


class Transfer(Settings):
    """Start from the weights of a snapshot, known by its content. What it is called and where it lies do not matter."""

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
