"""Tidy frames of what lies beside the tables: sheets of samples, outputs of probes, verdicts on claims."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims.verdicts import Judged, Verdicts
from analysis.notebook.columns import FRAMES
from analysis.results import sample_sheets
from analysis.results.load import Runs
from analysis.results.probe_outputs import probed
from trainer.config.probes import PROBES
from trainer.config.stored import is_within


def samples_frame(runs: Runs) -> pd.DataFrame:
    """Return one row per sheet of real or generated images."""
    return _frame("samples", (row for run in runs.frame.to_dict("records") for row in _sheets(runs, run)))


def probes_frame(runs: Runs) -> pd.DataFrame:
    """Return one row per array that a probe of a snapshot gave."""
    return _frame("probes", (row for probe in PROBES for row in _arrays(runs, probe)))


def claims_frame(verdicts: Verdicts) -> pd.DataFrame:
    """Return one row per claim, those not tested last."""
    tested = [_verdict(one) for one in verdicts.judged]
    untested = [{"claim": text, "verdict": "NOT TESTED", "reason": why} for text, why in verdicts.not_tested]
    return _frame("claims", [*tested, *untested])


def _frame(name: str, rows: Any) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(FRAMES[name]))


def _sheets(runs: Runs, run: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    place = runs.store.run(run["trial"])
    of_run = {name: run[name] for name in ("cell", "seed", "trial", "resolution_pixels")}
    reals = sample_sheets.reals(place)
    if reals:
        yield of_run | {"kind": "reals", "kimg": float("nan"), "path": reals}
    for kimg, path in sample_sheets.fakes(place).items():
        if is_within(kimg, run["horizon_kimg"]):
            yield of_run | {"kind": "fakes", "kimg": kimg, "path": path}


def _arrays(runs: Runs, probe: str) -> Iterator[dict[str, Any]]:
    for output in probed(runs, probe):
        for name, values in output.arrays().items():
            about = {"probe": probe, "array": name, "shape": values.shape, "values": values, "path": output.path}
            yield output.key_columns | about


def _verdict(judged: Judged) -> dict[str, Any]:
    evidence = judged.evidence
    return {
        "claim": judged.claim.text,
        "verdict": judged.verdict.value,
        "reason": "",
        "compared": evidence.compared,
        "less_cell": evidence.less_cell,
        "more_cell": evidence.more_cell,
        "less_runs": len(evidence.less),
        "more_runs": len(evidence.more),
        "less_median": _median(evidence.less),
        "more_median": _median(evidence.more),
        "p_value": judged.p_value,
        "p_corrected": judged.p_corrected,
        "interval_low": judged.interval[0],
        "interval_high": judged.interval[1],
        "seeds_needed": sum(judged.seeds_needed),
        "kwh_needed": judged.kwh_needed,
    }


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")
