"""Finding the w and the noise with which a generator makes a given image (Karras et al. 2020b, App. D)."""
