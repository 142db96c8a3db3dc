"""FID, KID, inception score, precision and recall, against reference numbers."""

import json
import math

import numpy as np
import pytest

from tests.golden.cases import Arrays, assert_close, below, cases, load, tensor
from trainer.metrics.fid import fid
from trainer.metrics.inception_score import inception_score
from trainer.metrics.kid import kid, mmd2
from trainer.metrics.moments import gaussian_of
from trainer.metrics.ppl import slerp
from trainer.metrics.precision_recall import precision_recall

META, ARRAYS = load("09_metrics.npz")
CASES = META.get("cases", {})


def of(case: str) -> Arrays:
    return below(ARRAYS, case)


@cases("09_metrics.npz", list(CASES))
def test_mean_and_covariance(case: str) -> None:
    arrays = of(case)
    gaussian = gaussian_of(arrays["real"], batch=97)
    assert_close(gaussian.mean, arrays["real_mean"], 1e-6)
    assert_close(np.square(gaussian.root).sum(1), arrays["real_cov_diag"], 1e-6)


@cases("09_metrics.npz", list(CASES))
def test_fid(case: str) -> None:
    arrays = of(case)
    assert_close(fid(arrays["real"], arrays["gen"]), arrays["fid"], 1e-6)


@cases("09_metrics.npz", list(CASES))
def test_kid(case: str) -> None:
    arrays, drawn = of(case), CASES[case]["kid"]
    mine = kid(arrays["real"], arrays["gen"], drawn["num_subsets"], drawn["max_subset_size"], drawn["seed"])
    assert_close(mine, arrays["kid_f64"], 1e-6)
    assert_close(mine, arrays["kid"], 1e-3)


@cases("09_metrics.npz", list(CASES))
def test_kid_of_one_subset_that_is_everything(case: str) -> None:
    arrays = of(case)
    if math.isnan(arrays["kid_fullset_f64"]):
        pytest.skip("the reference needs two sets of one size for this")
    assert_close(mmd2(arrays["real"], arrays["gen"]), arrays["kid_fullset_f64"], 1e-6)


@cases("09_metrics.npz", list(CASES))
def test_inception_score(case: str) -> None:
    arrays = of(case)
    splits = CASES[case]["is_"]["splits"]
    assert_close(np.array(inception_score(arrays["is_probs"], splits)), arrays["is_mean_std"], 1e-5)


@cases("09_metrics.npz", list(CASES))
def test_precision_and_recall(case: str) -> None:
    arrays, asked = of(case), CASES[case]["pr"]
    n = asked["n"]
    mine = np.array(precision_recall(arrays["real"][:n], arrays["gen"][:n], asked["k"]))
    assert np.abs(mine - arrays["pr_exact"]).max() <= 2 / n
    assert np.abs(mine - arrays["pr_fp16"]).max() <= 3 / n


@cases("09_metrics.npz", list(CASES))
def test_slerp(case: str) -> None:
    arrays = of(case)
    start, end, t = (tensor(arrays[f"slerp_{name}"]) for name in "abt")
    assert_close(slerp(start, end, t), arrays["slerp_out"], 1e-6)


def test_every_case_names_its_arguments() -> None:
    if not CASES:
        pytest.skip("no reference numbers here")
    assert all({"kid", "is_", "pr"} <= set(case) for case in CASES.values()), json.dumps(META)
