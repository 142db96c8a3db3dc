"""The dashboard as a web server: pages, files and the API, for one store."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from analysis.dashboard import api, pages
from analysis.dashboard.actions import ActionRefused
from analysis.dashboard.files import MEDIA, assets, figure_file, sheet_file
from analysis.dashboard.guard import AccessGuard, AccessPolicy
from analysis.dashboard.live_store import LiveStore
from analysis.errors import AnalysisError, ResultStoreError
from trainer.errors import UserError, printable

GZIP_BYTES = 2000
DESCRIPTION = "A sweep's results, as its dashboard shows them."


def application(
    live: LiveStore, policy: AccessPolicy, *, may_act: bool = False, ready: Callable[[], None] = lambda: None
) -> FastAPI:
    """Return the application for a store, guarded by `policy`; with `may_act`, it takes actions.

    It calls `ready` when the tables are read and the first page can be shown at once.
    """
    look = pages.Look(may_act=may_act)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with live.following():
            pages.index_page(live, look)
            ready()
            yield

    app = FastAPI(title="adasweep", description=DESCRIPTION, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.include_router(api.router(live, may_act=may_act))
    _add_pages(app, live, look)
    _add_files(app, live)
    _add_refusals(app, look)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_BYTES, compresslevel=3)
    app.add_middleware(AccessGuard, policy=policy)
    return app


def _add_pages(app: FastAPI, live: LiveStore, look: pages.Look) -> None:
    made: dict[str, Callable[[], str]] = {
        "/": lambda: pages.index_page(live, look),
        "/figures": lambda: pages.figures_page(live, look),
        "/energy": lambda: pages.energy_page(live, look),
        "/machine": lambda: pages.machine_page(live, look),
        "/api": lambda: pages.api_page(look, app.openapi()),
    }
    for path, make in made.items():
        app.add_api_route(path, _page(make), include_in_schema=False, response_class=HTMLResponse)

    @app.get("/sweeps/{sweep:path}", include_in_schema=False, response_class=HTMLResponse)
    def sweep(sweep: str, *, regions: bool = False) -> str:
        return pages.sweep_page(live, look, sweep, without_data=regions)

    @app.get("/trials/{trial}", include_in_schema=False, response_class=HTMLResponse)
    def trial(trial: str) -> str:
        return pages.trial_page(live, look, trial)


def _page(make: Callable[[], str]) -> Callable[[], str]:
    def page() -> str:
        return make()

    return page


def _add_files(app: FastAPI, live: LiveStore) -> None:
    own = assets()

    @app.get("/assets/{name:path}", include_in_schema=False)
    def asset(name: str) -> Response:
        if name not in own:
            raise ResultStoreError("no such file")
        return FileResponse(own[name], media_type=MEDIA[own[name].suffix])

    @app.get("/files/samples/{trial}/{name}", include_in_schema=False)
    def sheet(trial: str, name: str) -> Response:
        return FileResponse(sheet_file(live, trial, name), media_type="image/png")

    @app.get("/files/figures/{sweep:path}/{name}", include_in_schema=False)
    def figure(sweep: str, name: str) -> Response:
        path = figure_file(live, sweep, name)
        return FileResponse(path, media_type=MEDIA[path.suffix])


def _add_refusals(app: FastAPI, look: pages.Look) -> None:
    def refused(request: Request, error: Exception) -> Response:
        code = (
            error.status_code if isinstance(error, HTTPException) else 409 if isinstance(error, ActionRefused) else 404
        )
        message = str(error.detail) if isinstance(error, HTTPException) else str(error)
        if request.url.path.startswith(("/api/", "/files/", "/assets/")):
            return JSONResponse({"detail": message}, code)
        return HTMLResponse(pages.error_page(look, request.url.path.lstrip("/"), message), code)

    @app.exception_handler(RequestValidationError)
    def misunderstood(_request: Request, error: RequestValidationError) -> Response:
        """Say what does not fit, without repeating what was sent: that may be no JSON, or no text at all."""
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        return JSONResponse({"detail": printable("; ".join(told))}, 422)

    kinds: Any = (AnalysisError, UserError, HTTPException)
    for kind in kinds:
        app.add_exception_handler(kind, refused)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises UserError where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family, socket.SOCK_STREAM)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
    except OSError as error:
        place.close()
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{host}:{port}", f"cannot listen here ({reason})", "choose another --port, or 0 for any"
        ) from None
    place.listen()
    return place


def web_server(app: FastAPI) -> uvicorn.Server:
    """Return a server for the application: `run(sockets=[...])` answers until the process is asked to stop."""
    settings: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 2,
    }
    return uvicorn.Server(uvicorn.Config(app, **settings))
