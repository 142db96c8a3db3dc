"""One sentence about every setting that a sweep may assign, by its dotted key."""

from collections.abc import Mapping

Notes = Mapping[str, str]


def under(group: str, notes: Notes) -> dict[str, str]:
    """Return the notes with the keys `group.KEY`."""
    return {f"{group}.{name}": note for name, note in notes.items()}


ADAPTIVE: Notes = {
    "heuristic": "Which sign of overfitting controls p: `rt` from training images, `rv` from held-out ones.",
    "target": "Value of the heuristic that p is adjusted to.",
    "interval": "Iterations between two adjustments of p.",
    "horizon_kimg": "Thousands of images within which p can move by 1; less is faster.",
    "p_initial": "p at the start.",
    "p_max": "Upper limit of p; null: none.",
}
_PRECISION = {
    "precision": "Arithmetic of the convolutions.",
    "precision.dtype": "Number format in the highest resolutions.",
    "precision.top_resolutions": "How many of the highest resolutions use it; the rest is float32.",
    "precision.conv_clamp": "Limit to which outputs of convolutions are clamped; null: none.",
}
_NETWORK = {
    **_PRECISION,
    "type": "Family of the network.",
    "architecture": "How the resolutions are connected.",
    "mapping_layers": "Layers of the mapping network.",
    "channel_base": "Feature maps at resolution r are channel_base / r, at most channel_max.",
    "channel_max": "Most feature maps of a layer.",
    "resample_taps": "Coefficients of the filter for up- and downsampling.",
    "normalisation": "Normalisation of ProGAN's layers.",
    "equalised": "Whether weights are scaled at run time (equalised learning rate), in ProGAN.",
    "channels": "Base number of feature maps of BigGAN.",
    "embedding_dim": "Width of the embedded class.",
    "attention": "Resolution of BigGAN's self-attention layer.",
    "initialisation": "Distribution of BigGAN's initial weights.",
    "spectral_epsilon": "Added to the norm in BigGAN's spectral normalisation.",
}
_GENERATOR = {
    **_NETWORK,
    "rectified": "Whether the generator has ReLU in place of leaky ReLU, in ProGAN.",
    "bounded": "Whether images pass tanh, in ProGAN.",
    "z_dim": "Width of the latent z.",
    "w_dim": "Width of the intermediate latent w.",
    "normalize_label": "Whether the embedded class is normalised.",
    "modulation": "Whether styles scale activations or the weights of each image; both compute the same.",
    "demodulate": "Whether weights are demodulated (StyleGAN2, Table 4).",
    "spectral_norm": "Whether 3x3 convolutions are spectrally normalised (StyleGAN2, Table 4).",
    "noise_inputs": "Whether every 3x3 convolution adds noise.",
    "style": "Adaptive instance normalisation or weight demodulation, in StyleGAN.",
    "shared": "Whether BigGAN embeds the class once for all layers.",
    "hierarchical": "Whether each block of BigGAN has its own part of z.",
    "norm_epsilon": "Added to the variance in BigGAN's batch normalisation.",
    "statistics": "Whether BigGAN normalises by a micro-batch, or by the batch, which needs a GPU per micro-batch.",
    "standing_passes": "Batches that BigGAN averages statistics over before it generates images.",
}
_DISCRIMINATOR = {
    **_NETWORK,
    "capacity": "Multiplies channel_base and channel_max (ADA, Fig. 8b).",
    "minibatch_std_group": "Images over which minibatch standard deviation is computed; null: the micro-batch.",
    "minibatch_std_channels": "Feature maps that it adds at 4x4; 0: none.",
    "frozen_layers": "Layers that keep the weights they start from, counted from the image (Freeze-D).",
    "variety": "How ProGAN's discriminator sees the variety of a batch.",
}
_ADAM = {
    "lr": "Learning rate.",
    "beta1": "Decay of the mean of gradients.",
    "beta2": "Decay of the mean of squared gradients.",
    "epsilon": "Added to the root of the mean of squared gradients.",
    "regularize_every": "Iterations between two regularisation steps; null: in every step.",
}

SETTINGS: Notes = {
    "preset": "A published configuration to start from.",
    "preset_devices": "Devices that preset auto is meant for.",
    "horizon_kimg": "Length of training of these cells, in thousands of real images shown.",
    "resources.gpus": "GPUs of one run; a share of one where the backend can share them.",
    "resources.cpus": "CPU cores of one run.",
    "resources.memory_gib": "Memory of one run in GiB.",
    "resources.minutes": "Time limit to request from a cluster; null: the cluster's.",
    "data": "A known data set, or the path of a folder or ZIP.",
    "data.source": "The same as `data`.",
    "data.subset": "Number of images drawn from the set; by default all.",
    "data.subset_seed": "Seed of that drawing; by default the run's seed.",
    "data.validation": "Number of further images held out, for r_v and histograms of logits.",
    "data.mirror": "Whether flipped images are added, which doubles the set.",
    "data.labels": "Whether the networks learn the classes of the set.",
    "generator": "The generator, by the name of its family.",
    **under("generator", _GENERATOR),
    "discriminator": "The discriminator, by the name of its family.",
    **under("discriminator", _DISCRIMINATOR),
    "objective": "The loss, by name.",
    "objective.type": "Name of the loss.",
    "objective.style_mixing": "Probability that an image mixes the styles of two latents.",
    "objective.discriminator_steps": "Steps of the discriminator per step of the generator.",
    "objective.r1_gamma": "Weight of R1, the penalty on the discriminator's gradient at real images.",
    "objective.path_length_weight": "Weight of path length regularisation; 0: off.",
    "objective.path_length_decay": "Share by which a step moves the mean path length.",
    "objective.path_length_batch_shrink": "Path lengths are computed from the batch divided by this.",
    "objective.penalty_weight": "Weight of WGAN-GP's gradient penalty.",
    "objective.penalty_target": "Slope of D that WGAN-GP's penalty aims at.",
    "objective.drift_weight": "Weight of the squared score, which keeps WGAN-GP's scores near zero.",
    "augment": "Augmentation of what the discriminator sees, by name.",
    "augment.type": "Name of the augmentation.",
    "augment.pipe": "Transforms: a group, or b(lit), g(eom), c(olor), f(ilter), n(oise), c(utout) together.",
    "augment.p": "Constant probability of each transform.",
    **under("augment", ADAPTIVE),
    "augment.fade": "When PA-GAN's next bit fades in: as in its paper or in its code.",
    "augment.policy": "Transforms of DiffAugment, in order.",
    "augment.r1_at": "Whether R1 is taken at augmented or original images, in DiffAugment.",
    "augment.applied_to": "Which images DiffAugment changes; anything but all leaks.",
    "augment.transform": "The transform applied to real images only, which leaks.",
    "methods": "Methods that extend the objective, by name or with settings; their order has no effect.",
    **under("generator_optimizer", _ADAM),
    "generator_optimizer": "Adam of the generator.",
    **under("discriminator_optimizer", _ADAM),
    "discriminator_optimizer": "Adam of the discriminator.",
    "ema": "Moving average of the generator, from which images are generated.",
    "ema.half_life_kimg": "Its half-life in thousands of images.",
    "ema.rampup": "Limit of the half-life as a share of the images seen so far; null: none.",
    "ema.beta": "Decay per iteration, instead of a half-life.",
    "ema.start_kimg": "Until then the average equals the generator.",
    "batch": "Images of one iteration, over all devices.",
    "micro_batch": "Images in one pass of the networks; divides `batch`.",
    "transfer": "The weights to start from: the path of a snapshot, or a trial that is trained first.",
    "transfer.cell": "Cell whose trial to start from.",
    "transfer.sweep": "Sweep of that cell: the name of a bundled one, or a file; by default this one.",
    "transfer.tier": "Tier of that sweep; by default the same as here.",
    "transfer.at": "Moment to start from: `last`, `best`, or thousands of images.",
    "transfer.seed": "Seed of the source, or `same`: each seed starts from its own.",
}
