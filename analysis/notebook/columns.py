"""The columns of the frames for notebooks: for each its unit and a sentence, taken from the tables where they agree."""

import pandas as pd

from analysis.tables.column_notes import COLUMN_NOTES, NO_UNIT, ColumnNote


def _text(meaning: str) -> ColumnNote:
    return ColumnNote(NO_UNIT, meaning)


def _of_table(table: str, *columns: str) -> dict[str, ColumnNote]:
    return {column: COLUMN_NOTES[table][column] for column in columns}


_KIMG = "thousands of images"
_METRIC = "unit of the metric"
_CELL = {"cell": _text("Label of the cell: its settings on the axes of the sweep.")}
_METHOD = {
    "method": _text("Label of the cell without its training images; in a search, the rank of the configuration."),
    "dataset": _text("Name of the data set; empty if the sweep has only one."),
}
_RUN = {"seed": _text("Seed of training."), "trial": COLUMN_NOTES["runs"]["trial"]}
_SIZE = _of_table("runs", "training_images")
_SNAPSHOT = {"kimg": ColumnNote(_KIMG, "Progress of the snapshot.")}

FRAMES: dict[str, dict[str, ColumnNote]] = {
    "runs": {
        **_CELL,
        **_METHOD,
        **_SIZE,
        **_RUN,
        "state": _text(
            "new, pending, running, done, short, stopped, diverged, failed, cancelled, preempted, lost, unreadable; "
            "in this sweep."
        ),
        "kimg": ColumnNote(_KIMG, "Progress, at most the horizon."),
        "horizon_kimg": ColumnNote(_KIMG, "Where training ends in this sweep."),
        "best": ColumnNote(_METRIC, "Best score."),
        "best_kimg": ColumnNote(_KIMG, "Where the best score was measured."),
        "last": ColumnNote(_METRIC, "Last score."),
        "last_kimg": ColumnNote(_KIMG, "Where the last score was measured."),
        "diverged": _text("Whether the run diverged before its horizon."),
        **_of_table("runs", "diverged_kimg", "diverged_because", "augment", "augment_target", "subset_images"),
        **_of_table("runs", "resolution_pixels", "dataset_fingerprint", "created_unix_s", "attempts", "message"),
        **_of_table("runs", "hours", "images_per_second", "nan_gradients", "energy_joules", "energy_methods"),
        **_of_table("runs", "unmetered_attempts", "codes", "ops", "processors"),
    },
    "curves": {
        **_CELL,
        **_METHOD,
        **_SIZE,
        **_RUN,
        **_SNAPSHOT,
        "metric": COLUMN_NOTES["metrics"]["metric"],
        "identity": COLUMN_NOTES["metrics"]["identity"],
        "value": ColumnNote(_METRIC, "The value, a mean where several evaluation seeds were used."),
        "deviation": ColumnNote(_METRIC, "Standard deviation over evaluation seeds; missing for a single one."),
        "seeds": ColumnNote("evaluations", "Number of evaluation seeds."),
    },
    "ticks": {
        **_CELL,
        **_METHOD,
        **_SIZE,
        **_RUN,
        **{name: note for name, note in COLUMN_NOTES["ticks"].items() if name not in ("trial", "stats")},
    },
    "statistics": {
        **_CELL,
        **_METHOD,
        **_SIZE,
        **_RUN,
        "kimg": COLUMN_NOTES["ticks"]["kimg"],
        "statistic": _text("Name of a loss, score or penalty."),
        "value": ColumnNote("1", "Its mean over the tick."),
    },
    "claims": {
        "claim": _text("The claim as the sweep states it."),
        "verdict": _text("PASS, FAIL, UNDERPOWERED, UNDECIDED (of sequential seeds, more are to come), or NOT TESTED."),
        "reason": _text("Why it was not tested."),
        "compared": _text("The quantity that was compared."),
        "less_cell": _text("Cell claimed to have the lower numbers."),
        "more_cell": _text("Cell claimed to have the higher numbers."),
        "less_runs": ColumnNote("runs", "Runs of the lower cell that count."),
        "more_runs": ColumnNote("runs", "Runs of the higher cell that count."),
        "less_median": ColumnNote(_METRIC, "Median of the lower cell."),
        "more_median": ColumnNote(_METRIC, "Median of the higher cell."),
        "p_value": ColumnNote("1", "Exact p-value of the rank sum."),
        "p_corrected": ColumnNote("1", "The p-value after Holm's correction over all claims of the sweep."),
        "interval_low": ColumnNote(_METRIC, "Lower end of the 95 % bootstrap interval of the difference of medians."),
        "interval_high": ColumnNote(_METRIC, "Upper end of that interval."),
        "seeds_needed": ColumnNote("runs", "Further runs that a verdict needs, both cells together."),
        "kwh_needed": ColumnNote("kWh", "Energy of those runs, at the mean of the cells so far."),
    },
    "configurations": {**_CELL, **_RUN},
    "samples": {
        **_CELL,
        **_RUN,
        **_SNAPSHOT,
        "kind": _text("fakes, or reals (which have no kimg)."),
        "resolution_pixels": COLUMN_NOTES["runs"]["resolution_pixels"],
        "path": _text("File of the sheet, a PNG."),
    },
    "probes": {
        **_CELL,
        **_RUN,
        **_SNAPSHOT,
        "probe": _text("Name of the probe."),
        "array": _text("Name of the array among its outputs."),
        "shape": _text("Shape of the array."),
        "values": ColumnNote("unit of the array", "The array."),
        "path": _text("File that holds it, an NPZ."),
    },
}
"""The frames of SweepFrames. `configurations` has a further column for every dotted key of a configuration."""


def described(frame: str) -> pd.DataFrame:
    """Return the columns of a frame with their units and meanings."""
    rows = [(name, note.unit, note.meaning) for name, note in FRAMES[frame].items()]
    return pd.DataFrame(rows, columns=["column", "unit", "meaning"])
