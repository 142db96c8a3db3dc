"""What each column of the Parquet tables means, and its unit; the reference of the documentation is made from this."""

from typing import NamedTuple

NO_UNIT = "–"
"""The unit of texts, truth values and numbers without one."""


class ColumnNote(NamedTuple):
    """The unit of a column, and one sentence about it."""

    unit: str
    meaning: str


def _text(meaning: str) -> ColumnNote:
    return ColumnNote(NO_UNIT, meaning)


_TRIAL = {"trial": _text("Id of the trial: a hash of its resolved configuration.")}
_KIMG = "thousands of images"
_MOMENT = ColumnNote("s since 1970 (UTC)", "When the row was written.")
_NAN_GRADIENTS = "Gradients that were not finite and were replaced."

COLUMN_NOTES: dict[str, dict[str, ColumnNote]] = {
    "runs": {
        **_TRIAL,
        "signature": _text("Changes with any file that the row was read from."),
        "created_unix_s": ColumnNote("s since 1970 (UTC)", "When the trial was created."),
        "config_json": _text("The resolved configuration, as JSON."),
        "dataset_fingerprint": _text("Hash of the decoded images and labels of the data set."),
        "resolution_pixels": ColumnNote("pixels", "Side of the square images."),
        "subset_images": ColumnNote("images", "Images drawn from the data set, before mirroring."),
        "training_images": ColumnNote("images", "Images trained on, with mirror images."),
        "augment": _text("Type of augmentation."),
        "augment_target": ColumnNote("1", "Target of the overfitting heuristic; missing where p is not adaptive."),
        "attempts": ColumnNote("attempts", "How often the trial was started, by any sweep."),
        "recorded_state": _text("State of the trial for all sweeps, as recorded."),
        "standing_json": _text("Attempts, stops and cancellations, from which the state in a sweep follows, as JSON."),
        "message": _text("Last words of the last training attempt."),
        "kimg": ColumnNote(_KIMG, "Real images shown to the discriminator so far."),
        "hours": ColumnNote(
            "h", "Time of all attempts of the trial together, also of those that other sweeps asked for."
        ),
        "images_per_second": ColumnNote("images/s", "Median speed of training."),
        "nan_gradients": ColumnNote("elements", _NAN_GRADIENTS),
        "energy_joules": ColumnNote(
            "J", "Energy of all metered attempts of the trial, also of those that other sweeps asked for."
        ),
        "energy_methods": _text("How the energy was measured or estimated."),
        "unmetered_attempts": ColumnNote("attempts", "Attempts whose energy is unknown."),
        "codes": _text("Versions of the code that trained the trial."),
        "ops": _text("Implementations of the operations that it ran with."),
        "processors": _text("GPUs, or CPUs and their instruction sets, that it ran on; empty for earlier versions."),
        "diverged_kimg": ColumnNote(_KIMG, "When the run diverged; missing if it did not."),
        "diverged_because": _text("Why it counts as diverged."),
        "worker_diverged_kimg": ColumnNote(_KIMG, "When its worker reported divergence."),
        "skipped": _text("Files and lines of the trial that could not be read."),
    },
    "metrics": {
        **_TRIAL,
        "attempt": _text("Number of the attempt that evaluated."),
        "kimg": ColumnNote(_KIMG, "The snapshot that was evaluated."),
        "metric": _text("Full name of the metric, with its detector."),
        "identity": _text("Hash of everything that the value depends on; only values of one identity compare."),
        "basis": _text("The identity without the evaluation seed."),
        "value": ColumnNote("unit of the metric", "The value."),
        "num_real": ColumnNote("images", "Real images compared with."),
        "num_generated": ColumnNote("images", "Generated images."),
        "reference": _text("Data set compared with."),
        "seed": _text("Evaluation seed: of the latents, not of training."),
        "evaluation_seconds": ColumnNote("s", "Time that the evaluation took."),
        "time_unix_s": _MOMENT,
    },
    "ticks": {
        **_TRIAL,
        "attempt": _text("Number of the attempt that trained."),
        "kimg": ColumnNote(_KIMG, "Progress at the end of the tick."),
        "time_unix_s": _MOMENT,
        "seconds_per_kimg": ColumnNote("s per thousand images", "Time per progress in this tick."),
        "images_per_second": ColumnNote("images/s", "Speed in this tick."),
        "p": ColumnNote("1", "Probability of augmentation."),
        "r_t": ColumnNote("1", "Overfitting heuristic E[sign D(x)] of real training images."),
        "r_v": ColumnNote("1", "Overfitting heuristic from held-out images; missing where none are held out."),
        "lr": ColumnNote("1", "Learning rate of the generator, where it was recorded."),
        "nan_gradients": ColumnNote("elements", _NAN_GRADIENTS),
        "memory_gib": ColumnNote("GiB", "Peak memory of the worker: on the GPU if there is one, else resident memory."),
        "energy_joules": ColumnNote("J", "Energy of the attempt up to this tick."),
        "stats": _text("Means over the tick by name: losses, scores, penalties."),
    },
    "attempts": {
        **_TRIAL,
        "number": _text("Number of the attempt at its trial, from 1."),
        "sweep": _text("Sweep that submitted it."),
        "state": _text("How it ended."),
        "seconds": ColumnNote("s", "Time from start to end."),
        "training_seconds": ColumnNote("s", "Time spent on training."),
        "metrics_seconds": ColumnNote("s", "Time spent on metrics."),
        "gpus": ColumnNote("devices", "GPUs in use; a share of one is a fraction."),
        "cpus": ColumnNote("cores", "CPU cores in use."),
        "joules": ColumnNote("J", "Energy; missing if unknown."),
        "method": _text("How the energy was measured or estimated."),
        "coverage": ColumnNote("1", "Share of its time that was metered."),
        "used": ColumnNote("1", "Share of its work that the result is built on."),
        "device_watts": ColumnNote("W", "Nominal power of a device of its node; missing if no profile says it."),
        "work": _text("What it did: train or evaluate."),
        "from_kimg": ColumnNote(_KIMG, "Progress from which it trained."),
        "to_kimg": ColumnNote(_KIMG, "Progress of the trial at its end."),
    },
}
