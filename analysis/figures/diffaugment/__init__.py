"""Tables and figures of DiffAugment (Zhao et al. 2020)."""
