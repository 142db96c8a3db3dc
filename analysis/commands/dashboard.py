"""dashboard: sweeps, trials, figures and energy in a browser, live or as static pages."""

import math
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.commands.sweep_results import readable
from analysis.console import print_json, print_line
from analysis.tables.store import ResultStore, open_store
from trainer.command_line.group import epilog, new_app
from trainer.command_line.options import DEFAULT_STORE, JsonOption, StoreOption
from trainer.errors import UserError

if TYPE_CHECKING:
    from analysis.dashboard.live_store import LiveStore

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
KwhOption = Annotated[float | None, typer.Option("--per-kwh", min=0, help="Price of a kWh, to show what sweeps cost.")]
GpuHourOption = Annotated[float | None, typer.Option("--per-gpu-hour", min=0, help="Price of a GPU-hour.")]
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
    per_kwh: KwhOption = None,
    per_gpu_hour: GpuHourOption = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> int:
    """Browse sweeps in a browser: grids, curves, claims, samples, energy; live while they run."""
    if watch and export is None:
        raise UserError("--watch", "keeps exported pages up to date", "add --export DIR")
    for option, price in (("--per-kwh", per_kwh), ("--per-gpu-hour", per_gpu_hour)):
        if price is not None and not math.isfinite(price):
            raise UserError(option, f"{price:g} is no price", "give a number from 0 on")
    with readable(open_store(store)) as place, suppress(KeyboardInterrupt):
        live = _live(place, per_kwh, per_gpu_hour)
        if export is not None:
            return _export(live, export, watch=watch, as_json=as_json)
        _serve(live, (host, port), token, may_act=allow_actions, as_json=as_json)
    return 0


def _live(place: ResultStore, per_kwh: float | None, per_gpu_hour: float | None) -> "LiveStore":
    from analysis.dashboard.live_store import LiveStore
    from analysis.dashboard.prices import Prices

    return LiveStore(place, prices=Prices(per_kwh, per_gpu_hour))


def _export(live: "LiveStore", folder: Path, *, watch: bool, as_json: bool) -> int:
    from analysis.dashboard.export import export_pages, watch_pages

    pages = export_pages(live, folder)
    first = folder / "index.html"
    if as_json:
        print_json({"index": str(first), "pages": pages})
    else:
        print_line(f"{first}  ({pages} pages)")
    if watch:
        watch_pages(live, folder)
    return 0


def _serve(live: "LiveStore", address: tuple[str, int], token: str | None, *, may_act: bool, as_json: bool) -> None:
    from analysis.dashboard.guard import LOOPBACK, AccessPolicy
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

    def ready() -> None:
        if as_json:
            print_json({"url": url, "pid": os.getpid()})
        else:
            print_line(f"Dashboard of {live.store.path}: {url}")
            print_line("Ctrl-C stops it.")

    web_server(application(live, policy, may_act=may_act, ready=ready)).run(sockets=[listening])
