"""The file with which the driver of a search reports its completion."""

import json
from pathlib import Path

from orchestrator.store.layout import Store
from orchestrator.sweep.reader import Sweep
from orchestrator.sweep.search_points import study_name
from trainer.files import replace_file


def finish_file(store: Store, sweep: Sweep) -> Path:
    """Return the file that a driver in a cluster writes when a search is complete."""
    return store.plan(sweep.key).with_name("finished.json")


def finish(store: Store, sweep: Sweep) -> None:
    """Report that a search is complete."""
    assert sweep.spec.search
    document = {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials}
    replace_file(finish_file(store, sweep), json.dumps(document))


def is_finished(store: Store, sweep: Sweep) -> bool:
    """Return whether a driver has completed exactly this search."""
    assert sweep.spec.search
    try:
        document = json.loads(finish_file(store, sweep).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(document == {"study": study_name(sweep.spec), "trials": sweep.spec.search.trials})
