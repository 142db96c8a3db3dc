import json
from pathlib import Path

from trainer.strict_json import strict_json


def refused(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_what_is_no_number_becomes_null_however_deep() -> None:
    value = {"a": [1.5, float("nan"), (float("-inf"), None)], "b": {"c": float("inf")}, "where": Path("store")}
    told = json.loads(strict_json(value), parse_constant=refused)
    assert told == {"a": [1.5, None, [None, None]], "b": {"c": None}, "where": "store"}
