"""FID, KID, inception score, precision and recall, against reference numbers."""

import math

import numpy as np
import pytest

from tests.golden.cases import Arrays, assert_close, below, cases, check, load, stored, tensor
from trainer.metrics.fid import fid
from trainer.metrics.inception_score import inception_score
from trainer.metrics.kid import kid, mmd2
from trainer.metrics.moments import gaussian_of
from trainer.metrics.ppl import slerp
from trainer.metrics.precision_recall import precision_recall

FILE = "09_metrics.npz"
META, ARRAYS = load(FILE)
CASES = META.get("cases", {})


NAMES = list(CASES)


def of(case: str, *names: str) -> Arrays:
    """Return the arrays of a case; skip the test if any of `names` is missing."""
    arrays = below(ARRAYS, case)
    stored(arrays, *names)
    return arrays


def asked(kind: str) -> list[str]:
    """Return the cases of a metric."""
    return [case for case in NAMES if kind in CASES[case]]


@cases(FILE, NAMES)
def test_mean_and_covariance(case: str) -> None:
    arrays = of(case, "real")
    gaussian = gaussian_of(arrays["real"], batch=97)
    check(arrays, "real_mean", gaussian.mean, 1e-6)
    check(arrays, "real_cov_diag", np.square(gaussian.root).sum(1), 1e-6)


@cases(FILE, NAMES)
def test_fid(case: str) -> None:
    arrays = of(case, "real", "gen", "fid")
    assert_close(fid(arrays["real"], arrays["gen"]), arrays["fid"], 1e-6)


@cases(FILE, asked("kid"))
def test_kid(case: str) -> None:
    arrays, drawn = of(case, "real", "gen"), CASES[case]["kid"]
    mine = kid(arrays["real"], arrays["gen"], drawn["num_subsets"], drawn["max_subset_size"], drawn["seed"])
    check(arrays, "kid_f64", mine, 1e-6)
    check(arrays, "kid", mine, 1e-3)


@cases(FILE, NAMES)
def test_kid_of_one_subset_that_is_everything(case: str) -> None:
    arrays = of(case, "real", "gen", "kid_fullset_f64")
    if math.isnan(arrays["kid_fullset_f64"]):
        pytest.skip("the reference needs two sets of one size for this")
    assert_close(mmd2(arrays["real"], arrays["gen"]), arrays["kid_fullset_f64"], 1e-6)


@cases(FILE, asked("is_"))
def test_inception_score(case: str) -> None:
    arrays = of(case, "is_probs", "is_mean_std")
    splits = CASES[case]["is_"]["splits"]
    assert_close(np.array(inception_score(arrays["is_probs"], splits)), arrays["is_mean_std"], 1e-5)


@cases(FILE, asked("pr"))
def test_precision_and_recall(case: str) -> None:
    arrays, settings = of(case, "real", "gen"), CASES[case]["pr"]
    n = settings["n"]
    mine = np.array(precision_recall(arrays["real"][:n], arrays["gen"][:n], settings["k"]))
    for name, samples in (("pr_exact", 2), ("pr_fp16", 3)):
        if name in arrays:
            assert np.abs(mine - arrays[name]).max() <= samples / n


@cases(FILE, NAMES)
def test_slerp(case: str) -> None:
    arrays = of(case, "slerp_a", "slerp_b", "slerp_t", "slerp_out")
    start, end, t = (tensor(arrays[f"slerp_{name}"]) for name in "abt")
    assert_close(slerp(start, end, t), arrays["slerp_out"], 1e-6)
