"""The table of aims says what was measured, for each set of instructions."""

from typing import Any

import pytest

from benchmarks.aims import aims_table, named

FP32 = {"name": "iteration, tiny32 (32²)", "slow_name": "official, grouped", "fast_name": "native"}


def lines(found: dict[str, Any], *words: str) -> list[str]:
    return [line for line in aims_table(found).splitlines() if all(word in line for word in words)]


@pytest.mark.parametrize(("ratio", "result"), [(3.0, "met"), (2.99, "missed")])
def test_a_speed_up_is_met_at_its_bound(ratio: float, result: str) -> None:
    found = {"iteration": {"rows": [FP32 | {"fast_name": "native bf16", "ratio": 9.0}, FP32 | {"ratio": ratio}]}}
    assert lines(found, "laptop", "AVX-512") == [
        f"| laptop preset against the official formulation | tiny32 | AVX-512 | ≥ 3 | {ratio:.2f} | {result} |"
    ]
    assert "not measured" in lines(found, "laptop", "AVX2")[0]


@pytest.mark.parametrize(("ratio", "result"), [(1.1, "met"), (1.2, "missed")])
def test_an_overhead_is_met_up_to_its_bound(ratio: float, result: str) -> None:
    row = {"name": "iteration, 256²", "slow_name": "bgc, p 0.5", "fast_name": "no augmentation", "ratio": ratio}
    found = {"augmentation, AVX2": {"rows": [row | {"slow_name": "bgc, p 0", "ratio": 1.0}, row]}}
    assert lines(found, "augmentation", "256²", "AVX2")[0].endswith(f"| ≤ 1.1 | {ratio:.2f} | {result} |")


def test_a_part_is_kept_apart_for_avx2() -> None:
    assert (named("iteration", "AVX-512"), named("iteration", "AVX2")) == ("iteration", "iteration, AVX2")
