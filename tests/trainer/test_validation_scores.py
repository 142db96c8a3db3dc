"""How many validation images are scored in an iteration: a whole batch where r_v moves p, else one micro-batch."""

from typing import Any

import pytest

from tests.support.trials import TrialMaker
from trainer.files import read_lines
from trainer.runtime.launch import launch

SHORT: dict[str, Any] = {"horizon_kimg": 0.032, "checkpoint_every_kimg": 0.032, "tick_kimg": 0.032}


@pytest.mark.parametrize(("heuristic", "share"), [("rv", 1), ("rt", 1 / 2)])
def test_r_v_is_of_as_many_validation_as_training_images(trials: TrialMaker, heuristic: str, share: float) -> None:
    run = trials.make("run", augment={"type": "ada", "heuristic": heuristic})
    trials.job(run, **SHORT)
    assert launch(["run", "--dir", str(run.path), "--attempt", "1"], 1) == 0
    rows = list(read_lines(run.path / "logits.jsonl"))
    assert sum(sum(row["validation"]) for row in rows) == share * 1000 * SHORT["horizon_kimg"]
