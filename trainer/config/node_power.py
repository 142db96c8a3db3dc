"""The nominal power of a GPU node, for plans and for energy that was not metered."""

NODE_WATTS = 2200.0
NODE_DEVICES = 8
"""A node of 8 V100 at 275 W each: with ADA's 135 GPU-years (Karras et al. 2020) 325 MWh, as the paper states."""

WATTS_PER_GPU = NODE_WATTS / NODE_DEVICES
