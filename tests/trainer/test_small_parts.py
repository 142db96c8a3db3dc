"""Small parts of the worker: cadence, divergence check, fence, telemetry sums, records."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.files import append_lines, read_lines
from trainer.record import RunRecord, State, beat, read_record
from trainer.recording.fence import Fence, FencedOut
from trainer.recording.telemetry import EDGES, TickSums
from trainer.training.divergence import divergence
from trainer.training.schedules import is_due, is_on


@given(st.integers(1, 64), st.floats(0.1, 5), st.integers(1, 400))
def test_scheduled_events_do_not_depend_on_interruptions(batch: int, every_kimg: float, steps: int) -> None:
    kept = sum(is_on(every_kimg, batch * step, batch) for step in range(1, steps + 1))
    crossed = sum(is_due(every_kimg, batch * (step - 1), batch * step) for step in range(1, steps + 1))
    assert kept == crossed
    if every_kimg * 1000 >= batch:
        assert kept == int(batch * steps / (every_kimg * 1000))


@pytest.mark.parametrize(
    ("means", "bad", "rule"),
    [
        ({"Loss/G/loss": 1.0}, 0, None),
        ({"Loss/G/loss": float("nan")}, 0, "non-finite loss"),
        ({"Loss/G/loss": 1.0}, 0.4, None),
        ({"Loss/G/loss": 1.0}, 0.5, "non-finite gradients"),
        ({"Loss/scores/fake": -2e4}, 0, "exploding logits"),
    ],
)
def test_divergence_check_names_the_rule(means: dict[str, float], bad: float, rule: str | None) -> None:
    assert divergence(means, bad) == rule


def test_fence_holds_back_a_superseded_worker(tmp_path: Path) -> None:
    lease = tmp_path / "lease.json"
    Fence(lease, 1).check()
    lease.write_text(json.dumps({"token": 2}))
    Fence(lease, 2).check()
    with pytest.raises(FencedOut):
        Fence(lease, 1).check()


def test_tick_sums_survive_saving() -> None:
    whole, first, second = TickSums(), TickSums(), TickSums()
    values = [torch.randn(8) * 20, torch.randn(5)]
    for v in values:
        whole.add({"Loss/scores/real": v, "x": v})
    first.add({"Loss/scores/real": values[0], "x": values[0]})
    second.load_state_dict(first.state_dict())
    second.add({"Loss/scores/real": values[1], "x": values[1]})
    assert second.means() == whole.means()
    assert second.histograms() == whole.histograms()
    assert sum(whole.histograms()["train"]) == 13
    assert whole.histograms()["validation"] is None
    assert len(whole.histograms()["train"]) == len(EDGES) - 1


def test_torn_last_line_is_skipped_and_closed_off(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_lines(path, [{"kimg": 1}])
    with path.open("a") as file:
        file.write('{"kimg": 2, "val')
    append_lines(path, [{"kimg": 3}])
    assert [row["kimg"] for row in read_lines(path)] == [1, 3]


def test_half_written_record_is_not_a_record(tmp_path: Path) -> None:
    path = tmp_path / "001" / "record.json"  # a record of attempt 1, where it belongs
    path.parent.mkdir()
    record = RunRecord(attempt=1, state=State.RUNNING, kimg=0, horizon_kimg=1, started=1, updated=1, host="h", pid=1)
    written = beat(path, record, kimg=0.5)
    assert read_record(path) == written
    path.write_text(path.read_text()[:50])
    assert read_record(path) is None
    assert read_record(tmp_path / "absent.json") is None
