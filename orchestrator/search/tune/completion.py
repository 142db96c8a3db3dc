"""The file in which the driver of a search reports that the search is complete."""

import json
from pathlib import Path

from orchestrator.store.layout import Store
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_points import study_name
from trainer.files import replace_file


def finish_file(store: Store, sweep: Sweep) -> Path:
    """Return the file in which a driver in a cluster says that it has come to the end of a search."""
    return store.plan(sweep.key).with_name("finished.json")


def finish(store: Store, sweep: Sweep) -> None:
    """Say that a search is through."""
    assert sweep.spec.search
    told = {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials}
    replace_file(finish_file(store, sweep), json.dumps(told))


def is_finished(store: Store, sweep: Sweep) -> bool:
    """Return whether a driver has come to the end of this very search."""
    assert sweep.spec.search
    try:
        told = json.loads(finish_file(store, sweep).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told == {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials})
