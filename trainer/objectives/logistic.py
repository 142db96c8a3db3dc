"""The objective of StyleGAN2: non-saturating logistic loss, R1 and path length regularisation."""

from trainer.config.training import Logistic
from trainer.objectives import losses
from trainer.objectives.main import Adversarial
from trainer.objectives.regularised import RegularisedObjective
from trainer.registry import implements


@implements(Logistic)
class LogisticObjective(RegularisedObjective):
    """f(-D(G(z))) for G, f(D(G(z))) + f(-D(x)) for D, f = softplus."""

    losses = Adversarial(losses.generator_logistic, losses.fake_logistic, losses.real_logistic)
