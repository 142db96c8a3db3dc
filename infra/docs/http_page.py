"""The reference of the dashboard's HTTP API, from its OpenAPI description."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from analysis.dashboard.api import router
from analysis.dashboard.api_types import answer_of, body_of, fields_of, kind_of
from analysis.dashboard.live_store import LiveStore
from analysis.tables.store import ResultStore

INTRODUCTION = """# HTTP API

What the pages of the [dashboard](dashboard.md) show, as typed JSON. A running dashboard describes itself at `/api`, and
in OpenAPI at `/openapi.json`. `Authorization: Bearer TOKEN` passes the token. Numbers that are missing, infinite or not
numbers are null."""


def openapi() -> dict[str, Any]:
    """Return the OpenAPI description of the whole API, with its actions."""
    app = FastAPI(title="adasweep")
    app.include_router(router(LiveStore(ResultStore(Path("store"))), may_act=True))
    return app.openapi()


def http_page() -> str:
    """Return the page of all requests and of the types of their answers."""
    described = openapi()
    requests = [part for path, methods in described["paths"].items() for part in _requests(path, methods)]
    schemas = described["components"]["schemas"]
    types = [part for name in sorted(schemas) if "HTTP" not in name for part in _type(name, schemas[name])]
    return "\n\n".join([INTRODUCTION, "## Requests", *requests, "## Types", *types]) + "\n"


def _requests(path: str, methods: Mapping[str, Any]) -> Iterator[str]:
    for method, request in methods.items():
        yield f"### {method.upper()} {path}"
        sends = f" Sends: {_kind(body)}." if (body := body_of(request)) else ""
        yield f"{request['description'].strip()}{sends} Answer: {_kind(answer_of(request))}."
        rows = [
            f"| `{one['name']}` | {one['in']} | {one.get('description', '')} |" for one in request.get("parameters", ())
        ]
        if rows:
            yield "\n".join(["| parameter | in | meaning |", "|---|---|---|", *rows])


def _type(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}"
    yield schema.get("description", "").replace("\n", " ")
    rows = [f"| {key and f'`{key}`'} | {_kind(value)} |" for key, value in fields_of(schema).items()]
    if rows:
        yield "\n".join(["| field | type |", "|---|---|", *rows])


def _kind(schema: Mapping[str, Any]) -> str:
    return kind_of(schema, lambda name: f"[{name}](#{name.lower()})")
