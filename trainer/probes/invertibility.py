"""The condition number of a trial's augmentation at every p (Karras et al. 2020, ADA, App. C)."""

import numpy as np

from trainer.augment.invertibility import condition_numbers
from trainer.config.augment import AdaAugment, FixedAugment
from trainer.errors import UserError
from trainer.probes.context import ProbeContext, ProbeResults

STEPS = 21


def probe(context: ProbeContext, count: int | None = None) -> ProbeResults:
    """Return `p` [k], `transform` [t] and `condition` [t k]; inf if not invertible.

    Raises UserError for a trial without a pipe.
    """
    augment = context.config.augment
    if not isinstance(augment, AdaAugment | FixedAugment):
        raise UserError("probe invertibility", f"the augmentation {augment.type} has no pipe", "remove the probe")
    p = np.linspace(0, 1, count or STEPS)
    found = [condition_numbers(augment.pipe, context.config.data.resolution, float(value)) for value in p]
    names = list(found[0])
    table = np.array([[numbers[name] for numbers in found] for name in names])
    return ProbeResults({"p": p, "transform": np.array(names), "condition": table})
