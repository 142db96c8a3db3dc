"""Adam for a worker that compiles nothing."""

import inspect

import torch
from torch.optim import Adam


class EagerAdam(Adam):
    """torch's Adam, without the wrappers that import torch's compiler at the first call: 800 modules.

    They only exclude these methods from compilation, and disable gradients in `step`, as here.
    """

    add_param_group = inspect.unwrap(Adam.add_param_group)
    zero_grad = inspect.unwrap(Adam.zero_grad)
    state_dict = inspect.unwrap(Adam.state_dict)
    load_state_dict = inspect.unwrap(Adam.load_state_dict)
    step = torch.no_grad()(inspect.unwrap(Adam.step))
