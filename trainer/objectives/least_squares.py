"""The least-squares loss (Mao et al. 2017, "Least squares generative adversarial networks")."""

from trainer.config.training import LeastSquares
from trainer.objectives import losses
from trainer.objectives.main import Adversarial
from trainer.objectives.regularised import RegularisedObjective
from trainer.registry import implements


@implements(LeastSquares)
class LeastSquaresObjective(RegularisedObjective):
    """(D(G(z)) - 1)^2 for G, D(G(z))^2 + (D(x) - 1)^2 for D."""

    losses = Adversarial(losses.real_squares, losses.fake_squares, losses.real_squares)
