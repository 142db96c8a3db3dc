"""The Wasserstein objective with gradient penalty: phases Gmain and Dmain, without lazy regularisation.

[1] Gulrajani et al. 2017, "Improved training of Wasserstein GANs", Eq. 3
[2] Karras et al. 2018, "Progressive growing of GANs", App. A.1 (drift term)
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from trainer.augment.augmented_discriminator import AugmentedDiscriminator
from trainer.config.training import WganGp
from trainer.model.network import GeneratorNetwork
from trainer.objectives import losses
from trainer.objectives.generation import Generation
from trainer.objectives.main import Adversarial, DiscriminatorMain, GeneratorMain
from trainer.objectives.method import DiscriminatorPenaltyInputs, Method
from trainer.objectives.phases import Phase, PhaseResult
from trainer.objectives.regularised import Intervals
from trainer.registry import implements

Images = Float[Tensor, "n c h w"]


WASSERSTEIN = Adversarial(generator=losses.raised, fake=losses.lowered, real=losses.raised)


def between(real: Images, fake: Images) -> Images:
    """Return a uniformly random point on the line from each real to each generated image [1]."""
    return real.lerp(fake, torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype))


class GradientPenalty(Method):
    """weight (||grad D(u)|| / target - 1)^2 + drift D(x)^2, in every Dmain."""

    def __init__(self, spec: WganGp) -> None:
        self.spec = spec

    def discriminator_penalty(self, inputs: DiscriminatorPenaltyInputs) -> PhaseResult:
        images = between(inputs.real, inputs.fake).detach().requires_grad_(True)
        logits = inputs.augmented_discriminator.scores(images, inputs.micro_batch.real_c)
        penalty = losses.slope_penalty(logits, images, self.spec.penalty_target)
        drift = inputs.real_logits.squeeze(1).square()
        loss = penalty * self.spec.penalty_weight + drift * self.spec.drift_weight
        return PhaseResult(loss, {"Loss/gradient_penalty": penalty.detach(), "Loss/D/reg": loss.detach()})


@implements(WganGp)
class WassersteinObjective:
    """The phases of an iteration; no state is carried to the next one."""

    def __init__(
        self,
        spec: WganGp,
        generator: GeneratorNetwork,
        augmented_discriminator: AugmentedDiscriminator,
        intervals: Intervals,  # noqa: ARG002
        methods: Sequence[Method] = (),
    ) -> None:
        generation = Generation(generator, spec.style_mixing)
        self.phases: tuple[Phase, ...] = (
            GeneratorMain(generation, augmented_discriminator, WASSERSTEIN, methods, spec.discriminator_steps),
            DiscriminatorMain(generation, augmented_discriminator, WASSERSTEIN, (GradientPenalty(spec), *methods)),
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return an empty state."""
        return {}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Ignore the empty state."""
