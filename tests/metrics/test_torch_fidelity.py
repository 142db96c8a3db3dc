"""An optional comparison with torch-fidelity, which needs a matching torchvision."""

import numpy as np
import pytest
import torch

from tests.metrics.features import gaussian_rows
from trainer.metrics.fid import fid
from trainer.metrics.inception_score import inception_score
from trainer.metrics.kid import mmd2

fidelity = pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed here", exc_type=ImportError)


def sets() -> tuple[np.ndarray, np.ndarray]:
    return gaussian_rows(300, 64, seed=1), gaussian_rows(300, 64, seed=2, shift=0.1)


def test_fid_is_the_same() -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    real, generated = sets()
    theirs = [fid_features_to_statistics(torch.from_numpy(rows)) for rows in (real, generated)]
    value = fid_statistics_to_metric(*theirs, verbose=False)["frechet_inception_distance"]
    unbiased = len(real) / (len(real) - 1)  # they divide the covariance by n - 1
    shift = np.square(real.mean(0) - generated.mean(0)).sum()
    assert value - shift == pytest.approx((fid(real, generated) - shift) * unbiased, rel=1e-4)


def test_kid_of_whole_sets_is_the_same() -> None:
    from torch_fidelity.metric_kid import polynomial_mmd

    real, generated = sets()
    theirs = polynomial_mmd(real, generated, degree=3, gamma=None, coef0=1)
    assert mmd2(real, generated) == pytest.approx(theirs, rel=1e-6)


def test_inception_score_is_the_same() -> None:
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.from_numpy(gaussian_rows(200, 20, seed=3))
    theirs = isc_features_to_metric(logits, splits=5, shuffle=False)
    ours = inception_score(logits.softmax(1).numpy(), splits=5)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-6)
