"""Balanced consistency regularisation (Zhao et al. 2021, "Improved consistency regularization for GANs", Sec. 3.1)."""

from jaxtyping import Float
from torch import Tensor

from trainer.augment.single import Always
from trainer.config.methods import BalancedConsistency
from trainer.objectives.method import DiscriminatorScene, Method
from trainer.objectives.phases import PhaseResult
from trainer.registry import implements


def inconsistency(first: Float[Tensor, "n 1"], second: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return (D(a) - D(b))^2; the gradient flows through both."""
    return (first - second).squeeze(1).square()


@implements(BalancedConsistency)
class ConsistencyRegularizer(Method):
    """T is applied to what the discriminator was shown. The generator is trained without T: that is why it leaks."""

    def __init__(self, spec: BalancedConsistency) -> None:
        self.spec, self.transform = spec, Always(spec.transform)

    def discriminator_penalty(self, scene: DiscriminatorScene) -> PhaseResult:
        critic, shard = scene.critic, scene.shard
        real = inconsistency(critic.scores(self.transform(scene.real_shown), shard.real_c), scene.real_logits)
        fake = inconsistency(critic.scores(self.transform(scene.fake_shown), shard.gen_c), scene.fake_logits)
        loss = real * self.spec.real_weight + fake * self.spec.fake_weight
        return PhaseResult(loss, {"Loss/bcr/real": real.detach(), "Loss/bcr/fake": fake.detach()})
