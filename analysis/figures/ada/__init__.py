"""Figures and tables of the ADA paper (Karras et al. 2020, "Training GANs with limited data")."""
