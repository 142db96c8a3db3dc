"""Read one trial directory into rows of the tables, noting what had to be skipped."""

import math
from functools import partial
from typing import NamedTuple

from analysis.tables.attempts import SECONDS_PER_HOUR, attempts_in
from analysis.tables.jsonl_rows import last_rows, lines, metric_row, tick_row, unreadable_note
from analysis.tables.schema import Row
from analysis.tables.standing import standing_as_json, standing_of
from analysis.tables.store import folder_note, signature
from trainer.config.augment import AdaAugment
from trainer.config.stored import Malformed
from trainer.config.train import TrainConfig
from trainer.config.trial_file import read_trial_file
from trainer.record import RunDir, RunRecord, read_record
from trainer.recording.sweep_state import NEW


class TrialRows(NamedTuple):
    """The table rows of one trial; `run` is None if its configuration, or a folder, cannot be read."""

    trial: str
    run: Row | None
    metrics: list[Row]
    ticks: list[Row]
    attempts: list[Row]
    skipped: list[str]


def read_trial(run: RunDir) -> TrialRows:
    """Return the rows of the trial in `run`. The last line per (kimg, key) wins; invalid lines are in `skipped`."""
    skipped: list[str] = []
    state_of_files = signature(run)
    trial = run.path.name
    if folder := run.unreadable_folder():
        return TrialRows(trial, None, [], [], [], [folder_note(folder)])
    malformed: list[Malformed] = []
    about = read_trial_file(run.trial, malformed)
    if about is None:
        why = malformed[0].why if malformed else "missing"
        return TrialRows(trial, None, [], [], [], [f"{trial}/trial.json: {why}; the trial is skipped"])
    ticked, measured = lines(run.ticks, skipped), lines(run.metrics, skipped)
    attempts = [attempt._asdict() for attempt in attempts_in(run, ticked, measured, skipped)]
    keys = ("kimg", "metric", "identity")
    metrics = last_rows(measured, keys, partial(metric_row, trial))
    ticks = last_rows(ticked, ("kimg",), partial(tick_row, trial))
    records, standing = _records(run, skipped), standing_of(run)
    row: Row = {
        "trial": trial,
        "signature": state_of_files,
        "created_unix_s": about.created,
        **_config_columns(about.config),
        **_record_columns(records, ticks, run.first_attempt()),
        "recorded_state": standing.state if standing.attempts else NEW,
        "standing_json": standing_as_json(standing),
        **_divergence_columns(run, records, metrics, skipped),
        "skipped": skipped,
    }
    return TrialRows(trial, row, metrics, ticks, attempts, skipped)


def _config_columns(config: TrainConfig) -> Row:
    data, augment = config.data, config.augment
    return {
        "config_json": config.model_dump_json(),
        "dataset_fingerprint": data.fingerprint,
        "resolution_pixels": data.resolution,
        "subset_images": data.subset,
        "training_images": data.subset * (2 if data.mirror else 1),
        "augment": augment.type,
        "augment_target": augment.target if isinstance(augment, AdaAugment) else None,
    }


def _records(run: RunDir, skipped: list[str]) -> list[RunRecord]:
    """Return the readable records in order of attempt. An attempt without a record has not started."""
    malformed: list[Malformed] = []
    records = [record for attempt in run.attempts() if (record := read_record(run.record(attempt), malformed))]
    skipped += [unreadable_note(one) for one in malformed]
    return records


def _record_columns(records: list[RunRecord], ticks: list[Row], first: int) -> Row:
    """Return what the records say: costs of all attempts, and what those from `first` on, which count, have done."""
    training = [record for record in records if record.work == "train"]
    last = training[-1] if training else None
    metered = [record.energy for record in records if record.energy.joules is not None]
    speeds = [speed for tick in ticks if (speed := tick.get("images_per_second")) is not None]
    counting = [record for record in records if record.attempt >= first]
    return {
        "attempts": len(records),
        "message": last.message if last else "",
        "kimg": max((record.kimg for record in counting), default=0.0),
        "hours": sum(max(record.updated - record.started, 0.0) for record in records) / SECONDS_PER_HOUR,
        "images_per_second": sorted(speeds)[len(speeds) // 2] if speeds else (last and last.images_per_second),
        "nan_gradients": last.nan_gradients if last else 0,
        "energy_joules": sum(energy.joules or 0.0 for energy in metered) if metered else None,
        "energy_methods": sorted({energy.method for energy in metered}),
        "unmetered_attempts": len(records) - len(metered),
        "codes": sorted({record.code for record in counting if record.code}),
        "ops": sorted({record.ops for record in counting}),
        "processors": sorted({record.processor for record in counting if record.processor}),
    }


def _divergence_columns(run: RunDir, records: list[RunRecord], metrics: list[Row], skipped: list[str]) -> Row:
    """Return when and why the run diverged: its worker reported divergence, or a metric of any sweep is NaN."""
    signs = [(row["kimg"], f"{row['metric']} is {row['value']}") for row in metrics if math.isnan(row["value"])]
    reported: list[tuple[float, str]] = []
    last = next((record for record in reversed(records) if record.work == "train"), None)
    if last and last.diverged:
        counting = (line for line in lines(run.events, skipped) if (line.get("attempt") or 1) >= run.first_attempt())
        events = [line for line in counting if line.get("event") == "diverged"]
        reported = [(last.kimg, last.message), *((line["kimg"], str(line.get("rule", ""))) for line in events)]
    kimg, because = min([*signs, *reported], default=(None, None))
    by_worker = min(reported, default=(None, None))[0]
    return {"diverged_kimg": kimg, "diverged_because": because, "worker_diverged_kimg": by_worker}
