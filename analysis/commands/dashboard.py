"""dashboard: sweeps, trials, figures and energy in a browser, live or as static pages."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.sweep_results import is_writable
from analysis.console import print_json, print_line
from analysis.tables.store import ResultStore, open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import UserError

EXAMPLES = """Examples:
  adasweep dashboard
  adasweep dashboard --port 9000 --allow-actions
  adasweep dashboard --host 0.0.0.0     elsewhere: the address printed has a token
  adasweep dashboard --export site      static pages, for any web server or none
"""
PORT = 8765
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 for any.")]
HostOption = Annotated[
    str, typer.Option("--host", help="Address to listen on; beyond this machine, a token is needed.")
]
TokenOption = Annotated[
    str | None, typer.Option("--token", envvar="ADASWEEP_TOKEN", help="Token to ask for.", show_default="a random one")
]
ActionsOption = Annotated[bool, typer.Option("--allow-actions", help="Let pages cancel, retry and extend.")]
ExportOption = Annotated[
    Path | None, typer.Option("--export", metavar="DIR", help="Write static pages to a folder instead.")
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Keep exported pages up to date.")]
LEAST_LETTERS = 16

app = new_app()


@app.command(epilog=epilog(EXAMPLES))
def dashboard(
    port: PortOption = PORT,
    host: HostOption = "127.0.0.1",
    token: TokenOption = None,
    allow_actions: ActionsOption = False,
    export: ExportOption = None,
    watch: WatchOption = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Browse sweeps in a browser: grids, curves, claims, samples, energy; live while they run."""
    if watch and export is None:
        raise UserError("--watch", "keeps exported pages up to date", "add --export DIR")
    with _readable(open_store(store)) as place, suppress(KeyboardInterrupt):
        if export is not None:
            return _export(place, export, watch=watch, as_json=as_json)
        _serve(place, (host, port), token, may_act=allow_actions, as_json=as_json)
    return 0


def _export(place: ResultStore, folder: Path, *, watch: bool, as_json: bool) -> int:
    from analysis.dashboard.export import export_pages, watch_pages
    from analysis.dashboard.live_store import LiveStore

    live = LiveStore(place)
    pages = export_pages(live, folder)
    first = folder / "index.html"
    if as_json:
        print_json({"index": str(first), "pages": pages})
    else:
        print_line(f"{first}  ({pages} pages)")
    if watch:
        watch_pages(live, folder)
    return 0


def _serve(place: ResultStore, address: tuple[str, int], token: str | None, *, may_act: bool, as_json: bool) -> None:
    from analysis.dashboard.guard import LOOPBACK, AccessPolicy
    from analysis.dashboard.live_store import LiveStore
    from analysis.dashboard.server import application, listen, web_server

    if token is not None and len(token) < LEAST_LETTERS:
        raise UserError("--token", f"is shorter than {LEAST_LETTERS} letters", "choose a longer one, or leave it out")
    is_here = address[0] in LOOPBACK
    asked, key = token is not None or not is_here, token or secrets.token_urlsafe(24)
    listening = listen(*address)
    port = listening.getsockname()[1]
    hosts = LOOPBACK if is_here else frozenset[str]()
    policy = AccessPolicy(key, is_open=not asked, hosts=hosts, cookie=f"adasweep-{port}")
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    url = f"http://{shown}:{port}/" + (f"?token={key}" if asked or may_act else "")
    if as_json:
        print_json({"url": url, "pid": os.getpid()})
    else:
        print_line(f"Dashboard of {place.path}: {url}")
        print_line("Ctrl-C stops it.")
    web_server(application(LiveStore(place), policy, may_act=may_act)).run(sockets=[listening])


@contextmanager
def _readable(store: ResultStore) -> Iterator[ResultStore]:
    """Give the store; one that may only be read, with a folder of our own for its tables."""
    if is_writable(store.tables):
        yield store
        return
    with tempfile.TemporaryDirectory(prefix="adasweep-tables-") as folder:
        yield replace(store, collected=Path(folder))
