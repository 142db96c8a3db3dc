"""The hinge loss (Lim and Ye 2017, "Geometric GAN")."""

from trainer.config.training import Hinge
from trainer.objectives import losses
from trainer.objectives.main import Adversarial
from trainer.objectives.regularised import RegularisedObjective
from trainer.registry import implements


@implements(Hinge)
class HingeObjective(RegularisedObjective):
    """-D(G(z)) for G, max(0, 1 + D(G(z))) + max(0, 1 - D(x)) for D."""

    losses = Adversarial(losses.raised, losses.fake_hinge, losses.real_hinge)
