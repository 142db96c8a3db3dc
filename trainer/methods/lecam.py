"""LeCam regularisation (Tseng et al. 2021, "Regularizing generative adversarial networks under limited data")."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import relu

from trainer.config.methods import LeCam
from trainer.objectives.method import DiscriminatorPenaltyInputs, Method
from trainer.objectives.phases import MicroBatchMean, PhaseResult, SumOverRanks
from trainer.registry import implements

Anchors = Float[Tensor, "2"]


def lecam(
    real: Float[Tensor, "n 1"], fake: Float[Tensor, "n 1"], anchors: Anchors, one_sided: bool
) -> Float[Tensor, " n"]:
    """Return (D(x) - a_F)^2 + (a_R - D(G(z)))^2, anchors a_R and a_F (Eq. 3); one-sided with relu(.)^2 for (.)^2."""
    real_anchor, fake_anchor = anchors
    above, below = (real - fake_anchor).squeeze(1), (real_anchor - fake).squeeze(1)
    if one_sided:
        above, below = relu(above), relu(below)
    penalty: Tensor = above.square() + below.square()
    return penalty


@implements(LeCam)
class LeCamRegularizer(Method):
    """Maintains the moving means a_R and a_F of real and fake logits, initialised with the means of the first batch."""

    def __init__(self, spec: LeCam) -> None:
        self.spec = spec
        self.anchors: Anchors | None = None
        self._means = MicroBatchMean()

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        means = torch.stack([inputs.real_logits.mean(), inputs.fake_logits.mean()]).detach()
        self._means.add(means)
        anchors = means if self.anchors is None else self.anchors.to(means)
        penalty = lecam(inputs.real_logits, inputs.fake_logits, anchors, self.spec.one_sided)
        return PhaseResult(penalty * self.spec.weight, {"Loss/lecam": penalty.detach()})

    def finish(self, sum_over_ranks: SumOverRanks) -> None:
        means = self._means.take(sum_over_ranks)
        self.anchors = means if self.anchors is None else means.lerp(self.anchors, self.spec.decay)

    def state_dict(self) -> dict[str, Tensor]:
        return {} if self.anchors is None else {"anchors": self.anchors.clone()}

    def load_state_dict(self, tensors: Mapping[str, Tensor], /) -> None:
        self.anchors = tensors["anchors"].clone() if "anchors" in tensors else None
