"""Names of metrics: their meaning, errors for wrong ones, and which values are comparable."""

from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.results.score import Score, best_first
from trainer.config.metrics.families import DETECTORS, DISTANCES, FAMILIES, Family
from trainer.config.metrics.names import (
    MetricNameError,
    better,
    detector_name,
    is_deviation,
    main_name,
    metric_identity,
    parse_metric,
    value_names,
)
from trainer.config.options import RunOptions
from trainer.evaluation.families import MEASURES
from trainer.metrics.detectors.table import TABLE
from trainer.perceptual.table import TABLE as PERCEPTUAL


@pytest.mark.parametrize(
    ("name", "family", "generated", "full"),
    [
        ("fid2k", "fid", 2000, False),
        ("fid50k_full", "fid", 50_000, True),
        ("kid500", "kid", 500, False),
        ("is10k", "is", 10_000, False),
        ("pr50k3_full", "pr", 50_000, True),
        ("pr5k", "pr", 5000, False),
    ],
)
def test_a_name_says_family_number_and_reference(name: str, family: str, generated: int, full: bool) -> None:
    spec = parse_metric(name)
    assert (spec.name, spec.family, spec.generated, spec.full) == (name, family, generated, full)


def test_test_images_are_part_of_a_metrics_name_and_identity() -> None:
    spec, full = parse_metric("fid10k_test"), parse_metric("fid10k_full")
    assert (spec.test, spec.full, spec.generated, spec.real(8000)) == (True, False, 10_000, 8000)
    assert parse_metric("pr50k3_test").name == "pr50k3_test"
    assert value_names(spec, "lite0") == ("fid10k_test-lite0",)
    identities = {metric_identity(one, "detector", "0123456789abcdef", 8000, 0) for one in (spec, full)}
    assert len(identities) == 2
    with pytest.raises(MetricNameError):
        parse_metric("is10k_test")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("fdi2k", "fid2k"),
        ("fid", "fid2k"),
        ("FID50K", "did you mean fid50k?"),
        ("FID50", "did you mean fid50?"),
        ("Kid7_Full", "did you mean kid7_full?"),
        ("fdi20", "did you mean fid20?"),
        ("fid_50", "did you mean fid50?"),
        ("FID1", "did you mean fid"),
        ("kid50k_ful", "kid50k_full"),
        ("fid0k", "fid50k"),
        ("colour", "such as fid2k"),
        ("fid1", "2 or more"),
        ("ppl2k", "did you mean ppl2k_"),
        ("fid2k_wend", "fid2k"),
    ],
)
def test_a_wrong_name_gets_one_line_with_a_way_out(wrong: str, hint: str) -> None:
    with pytest.raises(MetricNameError) as caught:
        parse_metric(wrong)
    assert repr(wrong) in str(caught.value)
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_run_options_refuse_what_does_not_exist() -> None:
    with pytest.raises(ValidationError, match="did you mean fid2k") as caught:
        RunOptions(horizon_kimg=1, data_path="x", cache_dir="y", metrics=("fdi2k",), detector="light0")
    assert "did you mean lite0" in str(caught.value)


def test_a_detector_is_named_before_its_path() -> None:
    assert detector_name("inception:/some/where/file.pt") == "inception"
    assert value_names(parse_metric("fid2k"), "inception:/some/where/file.pt") == ("fid2k-inception",)


def test_a_metric_of_several_numbers_has_several_names() -> None:
    assert value_names(parse_metric("pr2k"), "lite0") == ("pr2k_precision-lite0", "pr2k_recall-lite0")
    assert value_names(parse_metric("is2k"), "lite0") == ("is2k_mean-lite0", "is2k_std-lite0")


@pytest.mark.parametrize(
    ("name", "generated", "path"),
    [
        ("ppl2k_wend", 2000, "wend"),
        ("ppl10k_zfull_crop", 10_000, "zfull_crop"),
        ("ppl2_wend", 50_000, "wend"),
        ("ppl_zfull", 50_000, "zfull_crop"),
    ],
)
def test_a_path_length_says_which_path(name: str, generated: int, path: str) -> None:
    spec = parse_metric(name)
    assert (spec.family, spec.generated, spec.path, spec.full) == ("ppl", generated, path, False)


def test_numbers_are_named_by_what_they_come_from() -> None:
    feature_networks = ("lite0", "vgg16:/a/file.pt")
    assert value_names(parse_metric("ppl2k_wend"), *feature_networks) == ("ppl2k_wend-vgg16",)
    assert value_names(parse_metric("swd2k"), *feature_networks) == ("swd2k",)
    assert value_names(parse_metric("msssim2k"), *feature_networks) == ("msssim2k",)


@pytest.mark.parametrize(
    ("score", "recorded"),
    [
        ("fid2k", "fid2k-lite0"),
        ("fid2k-lite0", "fid2k-lite0"),
        ("pr2k_recall", "pr2k_recall-lite0"),
        ("pr2k", "pr2k_precision-lite0"),
        ("ppl2k_wend", "ppl2k_wend-stlpips"),
        ("swd2k", "swd2k"),
        ("swd2k_16", "swd2k_16"),
        ("", ""),
    ],
)
def test_a_score_is_found_under_its_recorded_name(score: str, recorded: str) -> None:
    assert main_name(score, "lite0") == recorded


def test_every_family_says_which_way_is_better() -> None:
    assert better("fid2k-lite0") == "lower"
    assert better("pr2k_recall-lite0") == "higher"
    assert better("ppl2_wend-vgg16") == better("swd2k_16") == "lower"


def test_a_metric_of_one_row_is_ranked_by_the_direction_that_its_row_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "density", Family("Density", "Density of samples (Naeem et al. 2020)", "higher"))
    runs = pd.DataFrame({"diverged": False, "best": [0.2, 0.9, 0.5], "seed": [0, 1, 2]})
    score = Score("density2k-lite0", "")
    assert list(best_first(runs, score)["best"]) == [0.9, 0.5, 0.2]
    assert (score.family, score.worst) == ("Density", float("-inf"))
    assert better("density2k-lite0") == "higher"


def test_a_standard_deviation_is_not_a_score() -> None:
    assert is_deviation("is2k_std-lite0")
    assert not is_deviation("is2k_mean-lite0")
    assert not is_deviation("swd2k_16")


def test_the_direction_of_an_unknown_metric_is_not_guessed() -> None:
    with pytest.raises(MetricNameError, match="no metric is called 'density2k'"):
        better("density2k")


def test_every_family_is_implemented_and_every_detector_too() -> None:
    assert set(FAMILIES) == set(MEASURES)
    assert set(DETECTORS) == set(TABLE)
    assert set(DISTANCES) == set(PERCEPTUAL)


BASE: dict[str, Any] = {"source": "d", "reference": "r", "num_real": 2000, "seed": 0, "mirror": False}


@pytest.mark.parametrize(
    "other",
    [{"source": "e"}, {"reference": "s"}, {"num_real": 1000}, {"seed": 1}, {"seed": None}, {"mirror": True}],
    ids=str,
)
def test_identity_changes_with_all_that_decides_a_value(other: dict[str, str | int]) -> None:
    spec = parse_metric("fid2k")
    assert metric_identity(spec, **BASE) != metric_identity(spec, **{**BASE, **other})


def test_identity_does_not_change_with_how_a_name_is_written() -> None:
    same = {metric_identity(parse_metric(name), **BASE) for name in ("pr2k", "pr2k3", "pr2000")}
    assert len(same) == 1
    assert len(same.pop()) == 8


def test_known_identities_stay_what_they_were() -> None:
    """Numbers recorded by earlier versions may still be compared with new ones."""
    known = metric_identity(parse_metric("fid2k"), "d", "r", 2000, 0)
    assert known == "177889e5"


def test_inception_score_has_no_reference() -> None:
    spec = parse_metric("is2k")
    assert metric_identity(spec, **BASE) == metric_identity(spec, **{**BASE, "reference": "s", "num_real": 5})
