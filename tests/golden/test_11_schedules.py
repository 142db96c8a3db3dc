"""p over time for given signs, the EMA decay, and Adam with lazy regularisation."""

from typing import Any

import pytest
import torch

from tests.golden.cases import assert_close, cases, load
from trainer.augment.ada import AdaAugmenter
from trainer.augment.overfitting import SIGNS
from trainer.config.augment import AdaAugment
from trainer.config.training import Adam
from trainer.training.schedules import ema_beta, lazy_adam

FILE = "11_schedules.json"
META, _ = load(FILE)


def numbered(key: str) -> list[int]:
    return list(range(len(META.get(key, []))))


def ada_of(settings: dict[str, Any]) -> AdaAugmenter:
    return AdaAugmenter(
        AdaAugment(
            target=settings.get("target", 0.6),
            interval=settings.get("interval", 4),
            horizon_kimg=settings.get("kimg", 500),
            p_initial=settings.get("p0", 0.0),
        )
    )


@cases(FILE, numbered("ada"))
def test_p_follows_the_reference(case: int) -> None:
    golden = META["ada"][case]
    ada, settings = ada_of(golden["kw"]), golden["kw"]
    course = []
    for update, mean in enumerate(golden["signs_mean"], start=1):
        ada.observe({SIGNS: torch.tensor([mean], dtype=torch.float64)})
        ada.step(update * settings.get("interval", 4), settings["batch"])
        course.append(ada.p)
    assert_close(torch.tensor(course), golden["p"], 1e-6)


@cases(FILE, numbered("ema"))
def test_moving_average_decays_as_in_the_reference(case: int) -> None:
    golden = META["ema"][case]
    beta = ema_beta(golden["ema_kimg"], golden["ema_rampup"], golden["batch"], golden["cur_nimg"])
    assert beta == pytest.approx(golden["beta"], rel=1e-12)


@cases(FILE, numbered("lazy_reg"))
def test_adam_is_corrected_as_in_the_reference(case: int) -> None:
    golden = META["lazy_reg"][case]
    beta1, beta2 = golden["betas"]
    lazy = lazy_adam(Adam(lr=golden["lr"], beta1=beta1, beta2=beta2, regularize_every=golden["interval"]))
    assert lazy.lr == pytest.approx(golden["lr_eff"], rel=1e-12)
    assert lazy.betas == pytest.approx(golden["betas_eff"], rel=1e-12)
    assert lazy.gain == golden["gain"]
