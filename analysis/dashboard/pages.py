"""The pages as HTML: the same for the server and for static files, with links relative to the page."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup
from pydantic import BaseModel

from analysis.dashboard.api_types import answer_of, body_of, fields_of, kind_of
from analysis.dashboard.curve_view import TICKED, ClockView, CurveView, clock_view, curve_view
from analysis.dashboard.energy_view import energy_view
from analysis.dashboard.figure_list import figure_cards, figures_left_out
from analysis.dashboard.floor_view import FloorRow, floor_rows
from analysis.dashboard.live_store import LiveStore
from analysis.dashboard.logit_view import LogitView, logits_of_cells
from analysis.dashboard.machine_view import machine_view
from analysis.dashboard.published_view import PublishedRow, published_rows
from analysis.dashboard.sweep_list import claim_rows, sweep_card, sweep_list
from analysis.dashboard.sweep_view import SweepView, sweep_view
from analysis.dashboard.trial_view import trial_view
from analysis.dashboard.words import FILTERS
from analysis.html_templates import html_templates

TEMPLATES = html_templates("analysis.dashboard")
TEMPLATES.filters.update(FILTERS)


class Look(NamedTuple):
    """How pages are made: `ending` of their addresses; whether a server answers, and takes actions."""

    ending: str = ""
    is_live: bool = True
    may_act: bool = False
    reload_seconds: int = 0


class SweepData(BaseModel):
    """All that the page of a sweep draws from. `curves` by quantity.

    A live page has those of the score alone, no clock and no histograms: it asks for others when they are looked at.
    """

    view: SweepView
    published: list[PublishedRow]
    floors: list[FloorRow]
    logits: dict[str, LogitView]
    clock: ClockView | None
    score: str
    curves: dict[str, CurveView]


def index_page(live: LiveStore, look: Look) -> str:
    """Return the list of sweeps."""
    return _render("sweeps.html", "index", "", look, found=sweep_list(live))


def sweep_page(live: LiveStore, look: Look, sweep: str, *, without_data: bool = False) -> str:
    """Return the page of a sweep. Raises AnalysisError where there is none."""
    with live.one_revision() as revision:
        data = None if without_data else sweep_data(live, sweep, whole=not look.is_live)
        about = {"card": sweep_card(live, sweep), "view": sweep_view(live, sweep), "claims": claim_rows(live, sweep)}
        about |= {"published": published_rows(live, sweep)}
    about |= {"data": data, "revision": revision if look.is_live else ""}
    return _render("sweep.html", "sweep", f"sweeps/{sweep}", look, **about)


def sweep_data(live: LiveStore, sweep: str, *, whole: bool) -> SweepData:
    """Return the data of a sweep's page; with `whole`, the clock, and the curves of every metric, of p and of r_t."""
    view = sweep_view(live, sweep)
    first = curve_view(live, sweep)
    others = [name for name in (*view.metrics, *TICKED) if whole and name != first.quantity]
    curves = {first.quantity: first, **{name: curve_view(live, sweep, name) for name in others}}
    return SweepData(
        view=view,
        published=published_rows(live, sweep),
        floors=floor_rows(live, sweep),
        logits=logits_of_cells(live, sweep) if whole else {},
        clock=clock_view(live, sweep) if whole else None,
        score=first.quantity,
        curves=curves,
    )


def trial_page(live: LiveStore, look: Look, trial: str) -> str:
    """Return the page of a trial. Raises AnalysisError where there is none."""
    view = trial_view(live, trial)
    return _render("trial.html", "trial", f"trials/{trial}", look, view=view, data=view)


def figures_page(live: LiveStore, look: Look) -> str:
    """Return the gallery of figures."""
    about = {"cards": figure_cards(live), "left_out": figures_left_out(live)}
    return _render("figures.html", "figures", "figures", look, **about)


def energy_page(live: LiveStore, look: Look) -> str:
    """Return the energy ledger."""
    return _render("energy.html", "energy", "energy", look, view=energy_view(live))


def machine_page(live: LiveStore, look: Look) -> str:
    """Return the state of the machine and its queue."""
    return _render("machine.html", "machine", "machine", look, view=machine_view(live))


def api_page(look: Look, description: dict[str, Any]) -> str:
    """Return the documentation of the HTTP API, from its OpenAPI description."""
    about = {"description": description, "answer_of": answer_of, "body_of": body_of, "fields_of": fields_of}
    return _render("api.html", "api", "api", look, kind=_kind, **about)


def _kind(schema: Mapping[str, Any]) -> Markup:
    return Markup(kind_of(schema, lambda name: Markup('<a href="#{0}">{0}</a>').format(name)))


def error_page(look: Look, path: str, message: str) -> str:
    """Return a page that says what is wrong."""
    return _render("error.html", "error", path, look, message=message)


def _render(template: str, name: str, path: str, look: Look, **about: Any) -> str:
    root = "../" * path.count("/") or "./"
    about = {
        "data": None,
        "revision": "",
        **about,
        "page": name,
        "look": look,
        "root": root,
        "link": _links(root, look.ending),
    }
    return TEMPLATES.get_template(template).render(about)


def _links(root: str, ending: str) -> Any:
    """Return the function that makes addresses of pages: link() is the first, link("sweeps", name) that of a sweep."""

    def link(*parts: str) -> str:
        if not parts:
            return f"{root}index{ending}" if ending else root
        return root + "/".join(quote(part) for part in parts) + ending

    return link


def embedded(data: BaseModel | None) -> Markup:
    """Return data as JSON that can stand in a page: no letter of it is read as markup."""
    text = data.model_dump_json() if data else "null"
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


TEMPLATES.filters["embedded"] = embedded


def every_page(live: LiveStore, look: Look) -> Iterator[tuple[str, str]]:
    """Yield the path and the HTML of every page of a store.

    Pages of sweeps that cannot be read, and of what is named as a trial but no folder, are left out.
    """
    yield "index", index_page(live, look)
    for card in sweep_list(live).sweeps:
        if not card.problem:
            yield f"sweeps/{card.sweep}", sweep_page(live, look, card.sweep)
    for trial in filter(lambda trial: os.path.isdir(live.store.run(trial).path), live.store.trials()):
        yield f"trials/{trial}", trial_page(live, look, trial)
    yield "figures", figures_page(live, look)
    yield "energy", energy_page(live, look)
    yield "machine", machine_page(live, look)
