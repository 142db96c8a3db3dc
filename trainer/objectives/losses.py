"""Loss functions: pure functions of logits, images and gradients, with one value per sample.

[1] Goodfellow et al. 2014, "Generative adversarial nets", Sec. 3 (non-saturating logistic loss)
[2] Mescheder et al. 2018, "Which training methods for GANs do actually converge?", Eq. 9 (R1)
[3] Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", Sec. 3.2 (path length)
[4] Gulrajani et al. 2017, "Improved training of Wasserstein GANs", Eq. 3
[5] Lim and Ye 2017, "Geometric GAN" (hinge loss)
[6] Mao et al. 2017, "Least squares generative adversarial networks"
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from trainer.ops.convolution import input_gradients_only


def generator_logistic(fake_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return f(-D(G(z))), f = softplus: -log sigmoid D(G(z)) [1]."""
    return F.softplus(-fake_logits).squeeze(1)


def fake_logistic(fake_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return f(D(G(z))): -log(1 - sigmoid D(G(z))) [1]."""
    return F.softplus(fake_logits).squeeze(1)


def real_logistic(real_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return f(-D(x)): -log sigmoid D(x) [1]."""
    return F.softplus(-real_logits).squeeze(1)


def raised(logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return -D(x), whose descent raises the logits [4, 5]."""
    return -logits.squeeze(1)


def lowered(logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return D(x), whose descent lowers the logits [4]."""
    return logits.squeeze(1)


def fake_hinge(fake_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return max(0, 1 + D(G(z))) [5]."""
    return F.relu(1 + fake_logits).squeeze(1)


def real_hinge(real_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return max(0, 1 - D(x)) [5]."""
    return F.relu(1 - real_logits).squeeze(1)


def fake_squares(fake_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return D(G(z))^2 [6]."""
    return fake_logits.square().squeeze(1)


def real_squares(real_logits: Float[Tensor, "n 1"]) -> Float[Tensor, " n"]:
    """Return (D(x) - 1)^2 [6]."""
    return (real_logits - 1).square().squeeze(1)


def r1_penalty(logits: Float[Tensor, "n 1"], images: Float[Tensor, "n c h w"]) -> Float[Tensor, " n"]:
    """Return ||grad_x sum D(x)||^2 of every image, differentiable; the loss is gamma/2 times this [2]."""
    with input_gradients_only():
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))


def slope_penalty(
    logits: Float[Tensor, "n 1"], images: Float[Tensor, "n c h w"], target: float = 1.0
) -> Float[Tensor, " n"]:
    """Return (||grad_u D(u)|| / target - 1)^2 of every image u, differentiable [4]."""
    with input_gradients_only():
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    norm: Tensor = gradient.flatten(1).norm(dim=1)
    return (norm / target - 1).square()


def image_noise(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return y of the path length: standard normal noise divided by sqrt(h w) [3]."""
    return torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])


def path_lengths(
    images: Float[Tensor, "n c h w"], ws: Float[Tensor, "n layers wdim"], noise: Float[Tensor, "n c h w"]
) -> Float[Tensor, " n"]:
    """Return ||J_w^T y||, J_w^T y = grad_w (g(w) . y), root mean square over layers, differentiable [3, Eq. 4]."""
    with input_gradients_only():
        (gradient,) = torch.autograd.grad((images * noise).sum(), ws, create_graph=True)
    return gradient.square().sum(dim=2).mean(dim=1).sqrt()


def moved_mean(mean: Float[Tensor, ""], new: Float[Tensor, ""], decay: float) -> Float[Tensor, ""]:
    """Return a <- a + decay (new - a), differentiable in `new`: the moving mean of path lengths [3, App. B]."""
    return mean.lerp(new, decay)


def path_length_penalty(lengths: Float[Tensor, " n"], target: Float[Tensor, ""]) -> Float[Tensor, " n"]:
    """Return (||J_w^T y|| - a)^2 [3, Eq. 4]. The gradient flows through `target` a as well."""
    return (lengths - target).square()
