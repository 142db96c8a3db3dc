"""Tables and figures of progressive growing (Karras et al. 2018)."""
