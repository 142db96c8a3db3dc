"""Figures of BigGAN (Brock et al. 2019)."""
