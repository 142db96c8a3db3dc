"""What the dashboard refuses: other names, other paths, actions without token or from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.figures.render import render
from analysis.synthetic_store import id_of, write_store
from analysis.tables.store import ResultStore
from tests.analysis.stores import WHOLE, loaded
from tests.dashboard.serving import TOKEN, Served, served

TRIAL = id_of(WHOLE[0])
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OUTSIDE = (
    "/files/samples/{trial}/..%2ftrial.json",
    "/files/samples/{trial}/../trial.json",
    "/files/samples/../../{trial}/reals.png",
    "/files/samples/{trial}/%2e%2e%2ftrial.json",
    "/files/samples/..%2f..%2f/reals.png",
    "/files/samples/{trial}/..%5ctrial.json",
    "/files/samples/{trial}/reals.png%00.json",
    "/files/samples/{trial}/fakes-000004000.png/../../trial.json",
    "/files/figures/synthetic/..%2f..%2fsweeps%2fsynthetic%2fplan.json",
    "/files/figures/../sweeps/synthetic/plan.json",
    "/files/figures/synthetic/fid_curves.provenance.json",
    "/assets/../server.py",
    "/assets/..%2fserver.py",
    "/assets//etc/passwd",
    "/sweeps/..%2f..%2f..%2fetc",
    "/trials/..%2f..",
    "/api/sweeps/../../..",
    "/api/trials/..",
    "/api/trials/{trial}%0a",
    "/api/figures/../verified",
    "/api/figures/..%2f..%2felsewhere/verified",
    "/api/sweeps/..%2f..%2felsewhere",
    "/api/sweeps/..%2f..%2felsewhere/changes?since=0",
    "/api/sweeps/..%2f..%2felsewhere/published",
    "/api/sweeps/synthetic/logits?trial=..%2f..%2f..%2felsewhere",
    "/sweeps/../../elsewhere",
)


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    store = write_store(tmp_path_factory.mktemp("acting") / "store", WHOLE[:2], step_kimg=50.0, files=False)
    with served(store, may_act=True) as found:
        yield found


@pytest.fixture(scope="module")
def closed(store: ResultStore) -> Iterator[Served]:
    with served(store, is_open=False) as found:
        yield found


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_leads_out_of_what_is_served(site: Served, path: str) -> None:
    answer = site.get(path.format(trial=TRIAL))
    assert answer.status in (400, 404)
    assert b"schema_version" not in answer.body
    assert b"root:" not in answer.body


def test_a_plan_outside_of_the_store_is_not_read(site: Served) -> None:
    elsewhere = site.live.store.path.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    plan = site.live.store.plan("synthetic").read_bytes()
    (elsewhere / "plan.json").write_bytes(plan)
    for name in ("../../elsewhere", "..%2f..%2felsewhere"):
        assert site.get(f"/api/sweeps/{name}").status == 404
        assert site.get(f"/sweeps/{name}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        b'{"action": "extend", "target": "synthetic", "horizon_kimg": 1e400}',
        b'{"action": "cancel", "target": "\\ud800"}',
        b'{"action": "cancel", "target": "a\\u0000b"}',
        b"{{{",
        b"[]",
        b"\xff",
        b"",
    ],
)
def test_a_request_that_cannot_be_read_is_refused(acting: Served, body: bytes) -> None:
    headers = BEARER | {"Content-Type": "application/json"}
    assert acting.ask("POST", "/api/actions", body, headers).status in (400, 404, 422)


def test_a_link_that_leads_out_of_the_store_is_not_followed(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", WHOLE[:1], step_kimg=50.0, files=True)
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    picture = store.run(TRIAL).samples / "reals.png"
    picture.unlink()
    picture.symlink_to(secret)
    render("fid_curves", *loaded(store))
    figure = store.figures("synthetic") / "fid_curves.png"
    figure.unlink()
    figure.symlink_to(secret)
    with served(store) as found:
        for path in (f"/files/samples/{TRIAL}/reals.png", "/files/figures/synthetic/fid_curves.png"):
            answer = found.get(path)
            assert (answer.status, b"secret" in answer.body) == (404, False)


@pytest.mark.parametrize(
    "path", ["/", "/api/sweeps", "/nope", "/assets/style.css", f"/files/samples/{TRIAL}/reals.png"]
)
def test_every_answer_forbids_what_a_page_does_not_need(site: Served, path: str) -> None:
    headers = site.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


def test_another_name_of_this_machine_is_refused(site: Served) -> None:
    assert site.get("/api/sweeps", Host="evil.example:80").status == 421
    assert site.get("/api/sweeps", Host=f"localhost:{site.port}").status == 200
    assert site.get("/api/sweeps", Host=f"[::1]:{site.port}").status == 200


def test_without_allow_actions_there_are_none(site: Served) -> None:
    assert "/api/actions" not in site.get("/openapi.json").json["paths"]
    assert 'id="actions"' not in site.get("/sweeps/synthetic").text
    assert site.post("/api/actions", {"action": "cancel", "target": "synthetic"}, BEARER).status in (404, 405)


def test_a_closed_dashboard_shows_nothing_without_its_token(closed: Served) -> None:
    for path in ("/", "/api/sweeps", "/assets/style.css", "/openapi.json"):
        assert closed.get(path).status == 403
        assert closed.get(path, **BEARER).status == 200
    assert closed.get("/?token=wrong").status == 403


def test_the_printed_address_leaves_the_token_in_a_cookie(closed: Served) -> None:
    answer = closed.get(f"/sweeps/synthetic?token={TOKEN.replace(' ', '+')}&x=1")
    assert answer.status == 303
    assert answer.headers["location"] == "/sweeps/synthetic?x=1"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert closed.get("/", Cookie=cookie.partition(";")[0]).status == 200


def test_a_redirect_never_leaves_the_server(closed: Served) -> None:
    answer = closed.get(f"//evil.example/?token={TOKEN.replace(' ', '+')}")
    assert not answer.headers.get("location", "/").startswith(("//", "http"))


def test_an_action_needs_the_token(acting: Served) -> None:
    request = {"action": "cancel", "target": "synthetic"}
    here = {"Origin": acting.url}
    assert acting.post("/api/actions", request, here).status == 403
    assert acting.post("/api/actions", request, here | {"Cookie": "adasweep=wrong"}).status == 403


def test_an_action_is_taken_from_our_own_pages_only(acting: Served) -> None:
    request = {"action": "cancel", "target": "synthetic"}
    cookie = {"Cookie": f'adasweep="{TOKEN}"'}
    for headers in (cookie, cookie | {"Origin": "http://evil.example"}, BEARER | {"Origin": "null"}):
        assert acting.post("/api/actions", request, headers).status == 403


def test_an_action_on_what_is_not_there_is_refused(acting: Served) -> None:
    for target in ("nope", "--help", "../..", "000000000000"):
        assert acting.post("/api/actions", {"action": "cancel", "target": target}, BEARER).status == 404
    assert acting.post("/api/actions", {"action": "delete", "target": "synthetic"}, BEARER).status == 422
    assert acting.post("/api/actions", {"action": "extend", "target": "synthetic"}, BEARER).status == 409


def test_a_cancelled_trial_is_cancelled_by_the_command_line(tmp_path: Path) -> None:
    waiting = WHOLE[0]._replace(kimg=40.0, state="preempted")  # type: ignore[arg-type]
    store = write_store(tmp_path / "store", [waiting], step_kimg=20.0, files=False)
    with served(store, may_act=True) as found:
        cookie = {"Cookie": f'adasweep="{TOKEN}"', "Origin": found.url}
        answer = found.post("/api/actions", {"action": "cancel", "target": TRIAL}, cookie)
        assert (answer.status, answer.json) == (200, {"message": "1 trial cancelled."})
        assert (store.run(TRIAL).attempt(1) / "cancel").exists()
        again = found.post("/api/actions", {"action": "retry", "target": "synthetic"}, cookie)
        assert again.status == 200
