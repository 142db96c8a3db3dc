"""Tables and figures of StyleGAN2 (Karras et al. 2020b, "Analyzing and improving the image quality of StyleGAN")."""
