"""Half precision trains, and resumes bit for bit."""

import pytest
import torch

from tests.support.trials import TrialMaker
from trainer.attempt.run import read_attempt, run_attempt
from trainer.files import read_lines
from trainer.record import RunDir
from trainer.runtime.signals import StopRequest
from trainer.state import checkpoint

HALF = {"precision": {"dtype": "bf16", "top_resolutions": 2, "conv_clamp": 256.0}}


def train(trials: TrialMaker, run: RunDir, *horizons: float) -> dict[str, torch.Tensor]:
    for number, horizon in enumerate(horizons, start=1):
        trials.job(run, number, horizon_kimg=horizon, tick_kimg=0.02, checkpoint_every_kimg=0.1)
        assert run_attempt(read_attempt(run.path, number), StopRequest()) == 0
    state = checkpoint.found(run.checkpoints)[0].load()
    assert state is not None
    return state


@pytest.mark.slow
def test_bf16_resumes_bit_equal(trials: TrialMaker) -> None:
    settings = {"generator": HALF, "discriminator": HALF}
    calm, halved = trials.make("calm", **settings), trials.make("halved", **settings)
    expected, got = train(trials, calm, 0.104), train(trials, halved, 0.056, 0.104)
    weights = [name for name in expected if not name.startswith("sums/")]
    assert [name for name in weights if not torch.equal(expected[name], got[name])] == []
    assert all(torch.isfinite(expected[name]).all() for name in weights if name.startswith(("G/", "D/", "G_ema/")))
    assert all(row["nan_gradients"] == 0 for row in read_lines(calm.ticks))


@pytest.mark.slow
def test_bf16_is_near_float32(trials: TrialMaker) -> None:
    half = train(trials, trials.make("half", generator=HALF, discriminator=HALF), 0.008)
    full = train(trials, trials.make("full"), 0.008)
    for name in ("G/synthesis.b16.conv1.weight", "D/b16.conv0.weight"):
        assert not torch.equal(half[name], full[name])
        assert torch.allclose(half[name], full[name], atol=0.01)
