"""Schedules of training as pure functions of the settings and the image counter."""

from typing import NamedTuple

from trainer.config.training import Adam, Ema


def ema_decay(ema: Ema, batch: int, images_seen: int) -> float:
    """Return the EMA decay of an iteration: 0 before its start, then beta, fixed or by half-life."""
    if ema.start_kimg is not None and images_seen < ema.start_kimg * 1000:
        return 0.0
    return ema_beta(ema.half_life_kimg, ema.rampup, batch, images_seen) if ema.beta is None else ema.beta


def ema_beta(half_life_kimg: float, rampup: float | None, batch: int, images_seen: int) -> float:
    """Return the EMA decay of an iteration: beta = 0.5 ** (batch / half-life).

    The half-life is at most `rampup` times the images seen so far; at the start the average equals the generator.
    """
    half_life = half_life_kimg * 1000
    if rampup is not None:
        half_life = min(half_life, images_seen * rampup)
    return float(0.5 ** (batch / max(half_life, 1e-8)))


def is_due(every_kimg: float, before: int, after: int) -> bool:
    """Return whether a multiple of `every_kimg` is in (before, after], counted in images."""
    every = every_kimg * 1000
    return int(after / every) > int(before / every)


def is_on(every_kimg: float, images: int, batch: int) -> bool:
    """Return whether an event every `every_kimg` is due in the iteration that ended at `images`."""
    return images > 0 and is_due(every_kimg, images - batch, images)


class LazyAdam(NamedTuple):
    """Adam's settings under lazy regularisation, and the weight of the regulariser."""

    lr: float
    betas: tuple[float, float]
    gain: int


def lazy_adam(adam: Adam) -> LazyAdam:
    """Return lr * c, beta ** c and gain k for a regulariser every k iterations, c = k / (k + 1) (StyleGAN2, App. B).

    Without lazy regularisation Adam is unchanged: c = 1, gain 1.
    """
    k = adam.regularize_every
    if k is None:
        return LazyAdam(adam.lr, (adam.beta1, adam.beta2), 1)
    c = k / (k + 1)
    return LazyAdam(adam.lr * c, (adam.beta1**c, adam.beta2**c), k)
