"""Whatever is asked of the API, it answers as its description says, and never fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from analysis.synthetic_store import write_store
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.serving import TOKEN, Served, served

SLOW = "/api/machine/doctor"
"""Starts a process of its own for every request, which it takes no part of."""
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = write_store(tmp_path_factory.mktemp("fuzzed") / "store", WHOLE[:2], step_kimg=50.0, files=False)
    loaded(store)
    with served(store, may_act=True) as found:
        yield found


@pytest.fixture
def description(fuzzed: Served) -> Any:
    return schemathesis.openapi.from_url(f"{fuzzed.url}/openapi.json")


api = schemathesis.pytest.from_fixture("description").exclude(path=SLOW)


@api.parametrize()
@hypothesis.settings(max_examples=10, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_no_request_makes_the_server_fail(case: Case[Any]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    case.call_and_validate(headers=headers, checks=CHECKS)


def test_the_page_on_the_dashboard_lists_every_request(fuzzed: Served) -> None:
    page = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    paths = [path.replace("{sweep}", "SWEEP").replace("{trial}", "TRIAL") for path in _described(fuzzed)]
    assert [path for path in paths if f"{path}`" not in page and f"{path}?" not in page] == []


def _described(site: Served) -> list[str]:
    return list(site.get("/openapi.json").json["paths"])
