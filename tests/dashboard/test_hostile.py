"""Whatever is asked of a dashboard, and whatever is in the files of its store, it answers and never fails."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from analysis.dashboard.export import export_pages
from analysis.dashboard.live_store import LiveStore
from analysis.errors import AnalysisError
from analysis.figures.render import render
from analysis.synthetic_store import id_of, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.serving import TOKEN, Answer, Served, served
from tests.dashboard.test_odd_stores import PLACES, TRIAL
from tests.support.fuzzing import LASTING, fuzz_for

MARKUP = "<img src=x onerror=alert(1)>"
RUN = id_of(WHOLE[0])
PATHS = (
    *("/sweeps/{}", "/trials/{}", "/assets/{}", "/files/samples/{}/{}", "/files/figures/{}/{}", "/{}"),
    *("/api/sweeps/{}", "/api/sweeps/{}/curves", "/api/sweeps/{}/clock", "/api/sweeps/{}/changes", "/api/{}"),
    *("/api/sweeps/{}/logits", "/api/sweeps/{}/published", "/api/sweeps/{}/claims", "/api/trials/{}"),
    *("/api/figures/{}/verified", "/api/sweeps", "/", "/figures"),
)
ODD_TEXT = st.sampled_from(
    [
        *("..", ".", "", "/", "//", "\\", "\0", "\r\nX: y", "synthetic/", "synthetic/..", "../synthetic", "nan"),
        *(MARKUP, "{{7*7}}", "%s", "%2e%2e", "\u202e", "\U0001f600", "a" * 300, "-1", "1e400", "'; DROP", "con"),
        *(f"{RUN}\n", RUN.upper(), "reals.png", "fakes-000004000.png", "fid_curves.png", "*", "[", "~", "$HOME"),
    ]
)
OWN_TEXT = st.sampled_from(["synthetic", RUN, TRIAL, "p", "r_t", "fid50k", "0" * 16, TOKEN])
TEXT = OWN_TEXT | ODD_TEXT | st.text(max_size=20)
ENCODED = TEXT.map(lambda text: quote(text, safe="", errors="surrogatepass")) | st.text(
    "!$&'()*+,-./:;=@_~%", max_size=9
)
QUERY = st.dictionaries(
    st.sampled_from(["quantity", "trial", "since", "regions", "token", "x"]), ENCODED, max_size=3
).map(lambda asked: "&".join(f"{name}={value}" for name, value in asked.items()))
HEADERS = st.dictionaries(
    st.sampled_from(["Cookie", "Authorization", "Range", "If-None-Match", "Origin", "Accept-Encoding"]),
    st.sampled_from(["bytes=0-1", "bytes=9-1", "bytes=-", "adasweep=x", "=;=;", "Bearer \xff", "*", "gzip;q=x"]),
    max_size=2,
)  # fmt: skip
JSON = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.lists(TEXT, max_size=2)
BODY = (
    st.dictionaries(st.sampled_from(["action", "target", "horizon_kimg", "x"]), JSON, max_size=4).map(json.dumps)
    | st.text(max_size=20)
    | st.just("[" * 100_000)
).map(lambda text: text.encode(errors="surrogatepass"))


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]

    def of(self, site: Served) -> Answer:
        return site.ask(self.method, self.path, self.body, self.headers)


def _reading() -> st.SearchStrategy[Asked]:
    filled = st.tuples(st.sampled_from(PATHS), ENCODED, ENCODED).map(lambda parts: parts[0].format(*parts[1:]))
    path = st.tuples(filled, QUERY).map(lambda parts: "?".join(filter(None, parts)))
    return st.builds(Asked, st.sampled_from(["GET", "HEAD", "OPTIONS", "DELETE"]), path, st.none(), HEADERS)


def _acting() -> st.SearchStrategy[Asked]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    return st.builds(Asked, st.just("POST"), st.just("/api/actions"), BODY, st.just(headers))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    """A store with a figure and sheets of samples."""
    store = write_store(tmp_path_factory.mktemp("drawn") / "store", WHOLE[:4], step_kimg=50.0)
    render("fid_curves", *loaded(store))
    return store


@pytest.fixture(scope="module")
def site(drawn: ResultStore) -> Iterator[Served]:
    with served(drawn, may_act=True) as found:
        yield found


@LASTING
def test_no_address_no_header_and_no_body_makes_the_server_fail(site: Served, seconds: float) -> None:
    def judge(asked: Asked) -> None:
        answer = asked.of(site)
        assert answer.status < 500, asked
        assert MARKUP.encode() not in answer.body or "json" in answer.headers["content-type"], asked
        assert not asked.path.startswith(("/files/", "/assets/")) or b"schema_version" not in answer.body, asked
        assert "x" not in answer.headers, asked

    fuzz_for(seconds, _reading() | _acting(), judge)


FILES = (
    *("{trial}/trial.json", "{trial}/metrics.jsonl", "{trial}/ticks.jsonl", "{trial}/events.jsonl"),
    *("{trial}/logits.jsonl", "{trial}/attempts/001/record.json", "{trial}/attempts/001/job.json"),
    *("sweeps/synthetic/plan.json", "sweeps/synthetic/runs.jsonl", "sweeps/{odd}/plan.json", "{trial}/lease.json"),
    *("figures/synthetic/fid_curves.provenance.json", "figures/synthetic/fid_curves.csv", "tables/runs/00.parquet"),
)  # fmt: skip


class Damage(NamedTuple):
    """A file of a store, and what becomes of it: cut off after a share, or given another value, or another content."""

    file: str
    share: float
    key: str
    value: Any
    content: bytes | None


DAMAGE = st.builds(
    Damage,
    st.sampled_from(FILES),
    st.floats(0, 1),
    st.sampled_from(["", "sweep", "cells", "kimg", "value", "metric", "time", "state", "config", "claims", "p"]),
    JSON,
    st.none() | st.binary(max_size=20) | st.sampled_from([b"[" * 100_000, b"9" * 5000, b"{}", b"[]", b"null\n"]),
)  # fmt: skip


def _spoil(store: ResultStore, damage: Damage) -> None:
    trial = store.run(TRIAL).path.relative_to(store.path)
    path = store.path / damage.file.format(trial=trial, odd="odd")
    before = path.read_bytes() if path.is_file() else b"{}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damage.content if damage.content is not None else _changed(before, damage))


def _changed(content: bytes, damage: Damage) -> bytes:
    """Return a content with one value replaced in its last line or document, or cut off."""
    *lines, last = [content] if content.startswith(b"{\n") else content.strip().split(b"\n")
    try:
        value = json.loads(last)
    except ValueError:
        value = None
    if not damage.key or not isinstance(value, dict):
        return content[: int(len(content) * damage.share)]
    return b"\n".join([*lines, json.dumps(value | {damage.key: damage.value}).encode(), b""])


@LASTING
def test_no_store_is_too_spoilt_for_a_dashboard_and_its_pages(
    drawn: ResultStore, tmp_path: Path, seconds: float
) -> None:
    def judge(damages: list[Damage]) -> None:
        root = tmp_path / "store"
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(tmp_path / "pages", ignore_errors=True)
        shutil.copytree(drawn.path, root)
        store = ResultStore(root)
        for damage in damages:
            _spoil(store, damage)
        with served(store) as found:
            answers = {place: found.get(place).status for place in PLACES}
        assert [place for place, status in answers.items() if status >= 500] == []
        try:
            export_pages(LiveStore(store), tmp_path / "pages")
        except AnalysisError:
            return

    fuzz_for(seconds, st.lists(DAMAGE, min_size=1, max_size=3), judge)
