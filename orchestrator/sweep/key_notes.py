"""One sentence about every key of a sweep file and its groups, for the JSON schema and the documentation."""

from orchestrator.sweep.setting_notes import ADAPTIVE, SETTINGS, Notes, under

SWEEP: Notes = {
    "sweep": "Name of the sweep: lower-case letters, digits, - and _.",
    "question": "The question that the sweep answers, in words.",
    "include": "Files whose settings this one overrides.",
    "base": "Settings of every run: dotted keys of the configuration, `preset` and `data`.",
    "cells": "Named groups of settings, together one axis.",
    "zip": "Axes that vary together; all lists have the same length.",
    "grid": "Axes whose values are combined.",
    "when": "Further settings and axes in those cells where a condition holds.",
    "derive": "Settings computed from others, in order.",
    "exclude": "Cells that match one of these are dropped; a list of values matches any of them.",
    "seeds": "A number of seeds, or a list of them: each cell runs once per seed; or sequential ones.",
    "horizon_kimg": "Length of training in thousands of real images shown, rounded up to a whole iteration.",
    "metrics": "What to measure on every snapshot.",
    "detector": "The feature network of the metrics.",
    "distance": "The perceptual distance of path lengths and projections.",
    "evaluation_seeds": "Number of sets of generated images for each metric; their spread is its error.",
    "probes": "Measurements of a snapshot that are not one number, made by evaluation jobs.",
    "watch": "How often runs evaluate, report and save.",
    "resources": "What one run needs of a machine.",
    "score": "The metric that ranks cells; by default the first.",
    "figures": "Figures to draw; by default the general ones.",
    "claims": "Hypotheses to test, in the grammar of claims, or as `prose: ...`.",
    "published": "Values that a paper prints, shown beside ours.",
    "search": "Configurations to sample instead of listing them.",
    "stop": "Rules that end runs early.",
    "budget": "The most that the sweep may cost; a plan above it is refused.",
    "underpowered": "Why claims have too few seeds to be decided; without it they are refused.",
    "because": "In a tier: why it leaves out cells, values, figures or claims, by name.",
    "tiers": "The same question at other sizes, chosen by `--tier NAME`; null removes a key.",
}

_WEIGHTS = {"generator_weight": "Weight for the generator.", "discriminator_weight": "Weight for the discriminator."}
_WHEN = {"when": "The dimension exists only where this holds."}

GROUPS: Notes = {
    **under(
        "Watch",
        {
            "evaluate_every_kimg": "Interval of snapshots and metrics.",
            "tick_kimg": "Interval of rows with p, r_t, speed and losses.",
            "sample_every_kimg": "Interval of sheets of generated images.",
            "checkpoint_every_kimg": "Interval of checkpoints.",
            "checkpoint_every_minutes": "A checkpoint is also saved after this many minutes.",
            "checkpoints_kept": "Number of checkpoints kept.",
            "sheet_columns": "Columns of a sheet of images.",
            "sheet_rows": "Rows of a sheet of images.",
            "snapshots_kept": "Which snapshots are kept: `all` or `best-and-last`.",
            "evaluation": "`inline`: measure while training pauses; `later`: in jobs of their own.",
            "ops": "Compiled (`native`) or plain torch operations (`reference`).",
            "threads": "Threads of torch.",
        },
    ),
    **under(
        "RequestedResources",
        {key.removeprefix("resources."): note for key, note in SETTINGS.items() if "resources." in key}
        | {
            "within": "With `auto`: the fastest number that needs at most this many times the least energy.",
        },
    ),
    **under(
        "SequentialSeeds",
        {
            "from": "Seeds with which every cell starts.",
            "to": "Most seeds of a cell.",
            "until": "`claims`: seeds are added to the cells of claims that are not decided.",
        },
    ),
    **under("Budget", {"kwh": "Energy.", "gpu_hours": "Hours of GPUs.", "cpu_hours": "Hours of CPU cores."}),
    **under(
        "When", {"if": "Condition on settings.", "set": "Settings where it holds.", "grid": "Axes where it holds."}
    ),
    **under(
        "Search",
        {
            "trials": "Number of configurations.",
            "space": "The values of each key.",
            "sampler": "How configurations are drawn: `tpe` learns from earlier ones, `random` does not.",
            "over_seeds": "What of a configuration's trials is minimised: the `mean` of their scores, or the `worst`.",
            "driver": "`optuna` on any backend, or `ray_tune` inside a Ray cluster.",
            "startup": "Number of random configurations before `tpe` begins.",
            "parallel": "Configurations at a time.",
            "seed": "Seed of the sampler.",
        },
    ),
    **under("Uniform", {**_WHEN, "uniform": "Lowest and highest number."}),
    **under("LogUniform", {**_WHEN, "log_uniform": "Lowest and highest number, on a logarithmic scale."}),
    **under("Whole", {**_WHEN, "int": "Lowest and highest whole number."}),
    **under("Choice", {**_WHEN, "choice": "All values."}),
    **under(
        "Median",
        {
            "type": "Name of the rule.",
            "from_kimg": "The rule does not apply earlier.",
            "others": "Least number of other runs to compare with.",
        },
    ),
    **under(
        "Asha",
        {
            "type": "Name of the rule.",
            "first_kimg": "First rung, in thousands of images.",
            "factor": "Of the runs at a rung, one in so many continues; rungs grow by it.",
        },
    ),
    **under(
        "DivergedRule",
        {
            "type": "Name of the rule.",
            "factor": "How many times worse than its own best a score must be.",
            "from_kimg": "The rule does not apply earlier.",
        },
    ),
    **under(
        "PublishedValue",
        {
            "of": "The cell, as a side of a claim: `ada & subset=1000`.",
            "metric": "The metric, or one of its values.",
            "value": "The printed value.",
            "spread": "What is printed behind ±.",
            "unit": "Unit of the printed value.",
            "source": "Where it is printed.",
            "aggregate": "What of several runs is compared, each at its best snapshot.",
            "tolerance": "Share of the value within which ours counts as the same.",
            "detector": "The paper's feature network.",
            "not_comparable": "What is known to differ.",
        },
    ),
    **under(
        "AuxiliaryRotation",
        {"type": "Name of the method.", **_WEIGHTS},
    ),
    **under(
        "BalancedConsistency",
        {
            "type": "Name of the method.",
            "transform": "The transform under which scores should not change.",
            "real_weight": "Weight for real images.",
            "fake_weight": "Weight for generated images.",
        },
    ),
    **under(
        "DiscriminatorNoise",
        {
            "type": "Name of the method.",
            "strength": "Strength of the noise.",
            "decay": "Decay of the moving mean of scores.",
        },
    ),
    **under(
        "LatentConsistency",
        {"type": "Name of the method.", "radius": "Standard deviation of the shift of latents.", **_WEIGHTS},
    ),
    **under(
        "LeCam",
        {
            "type": "Name of the method.",
            "weight": "Weight of the penalty.",
            "decay": "Decay of the moving means.",
            "one_sided": "Whether only scores beyond the mean are penalised.",
        },
    ),
    **under(
        "OrthogonalRegularisation",
        {
            "type": "Name of the method.",
            "beta": "Weight for the generator.",
            "discriminator_beta": "Weight for the discriminator.",
        },
    ),
    **under(
        "ProgressiveGrowing",
        {
            "type": "Name of the method.",
            "first_resolution": "Resolution at the start.",
            "stable_kimg": "Thousands of images at each resolution.",
            "fade_kimg": "Thousands of images while the next resolution fades in.",
            "batches": "Batch by resolution.",
            "lr_factors": "Factor of the learning rate by resolution.",
            "hold_iterations": "Iterations between two evaluations of the schedule.",
            "reset_optimizers": "Whether Adam is reset where a fade begins or ends.",
        },
    ),
    **under("PseudoAugmentation", {"type": "Name of the method.", **ADAPTIVE}),
    **under("ShallowMapping", {"type": "Name of the method.", "layers": "Layers of the mapping network."}),
    **under("SpectralNormalisation", {"type": "Name of the method."}),
}
"""Keys of the groups of a sweep file and of the methods, by the name of their type in the JSON schema."""
