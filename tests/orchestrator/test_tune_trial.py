"""What a trial of a search with Ray Tune reports, without Ray."""

from pathlib import Path

import pytest

from orchestrator.search.tune.trial import Reported, TrialSpec
from orchestrator.store.layout import Store
from trainer.config.job import Resources
from trainer.config.options import RunOptions
from trainer.files import append_lines
from trainer.recording.fence import Fence
from trainer.recording.set_aside import set_aside


@pytest.fixture
def spec(tmp_path: Path) -> TrialSpec:
    options = RunOptions(horizon_kimg=8, data_path=tmp_path / "set.zip", cache_dir=tmp_path, metrics=("fid50",))
    return TrialSpec(
        store=tmp_path,
        trial="0123456789ab",
        options=options,
        resources=Resources(),
        sweep="searched",
        metrics=("fid50",),
        detector=options.detector,
        score="fid50-lite0",
        code=Store(tmp_path).root,
    )


def score(spec: TrialSpec, **values: float) -> None:
    rows = [{"kimg": float(kimg[1:]), "metric": spec.score, "value": value} for kimg, value in values.items()]
    append_lines(spec.run.metrics, rows)


def test_every_score_is_reported_once_with_the_best_so_far(spec: TrialSpec) -> None:
    reported = Reported()
    score(spec, k1=9.0, k2=7.0)
    assert list(reported.new(spec)) == [(1.0, 9.0), (2.0, 7.0)]
    score(spec, k3=8.0)
    assert list(reported.new(spec)) == [(3.0, 7.0)]
    assert list(reported.new(spec)) == []


def test_a_trial_that_starts_over_reports_its_scores_again(spec: TrialSpec, capsys: pytest.CaptureFixture[str]) -> None:
    reported = Reported()
    score(spec, k1=9.0, k2=7.0)
    list(reported.new(spec))
    set_aside(spec.run, 2, Fence(spec.run.lease, 2))
    assert list(reported.new(spec)) == []
    score(spec, k1=8.0)
    assert list(reported.new(spec)) == [(1.0, 8.0)]
    assert capsys.readouterr().err.count("reports its scores again") == 1
    assert list(Reported(2.0, abandoned=0).new(spec)) == [(1.0, 8.0)]
    assert list(Reported(1.0, abandoned=1).new(spec)) == []
