"""Projection: find the w and the noise that reproduce a given image (Karras et al. 2020b, App. D)."""
