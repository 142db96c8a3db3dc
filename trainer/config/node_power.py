"""The nominal power of a node, for plans and for energy that was not metered."""

from typing import Annotated

from pydantic import Field

from trainer.config.spec import Positive, PositiveInt, Settings

NODE_WATTS = 2200.0
NODE_DEVICES = 8
"""A node of 8 V100 at 275 W each: with ADA's 135 GPU-years (Karras et al. 2020) 325 MWh, as the paper states."""


class NodePower(Settings):
    """The power of a node of `devices` GPUs (or CPU cores, if it has no GPUs) in use: `watts` times `overhead`.

    `overhead` covers what the site needs besides the node, such as cooling. The paper's formula is duration x devices /
    devices of a node x power of a node (Karras et al. 2020).
    """

    watts: Positive = NODE_WATTS
    devices: PositiveInt = NODE_DEVICES
    overhead: Annotated[float, Field(ge=1, le=10)] = 1.0

    @property
    def device_watts(self) -> float:
        """Return the share of one device in watts, overhead included."""
        return self.watts * self.overhead / self.devices


WATTS_PER_GPU = NodePower().device_watts
