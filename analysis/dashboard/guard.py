"""Who may ask the dashboard what: hosts, the token, the origin of actions, and the headers of every answer."""

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
READING = frozenset({"GET", "HEAD"})


class AccessPolicy(NamedTuple):
    """`hosts`: names under which the server may be asked, empty for any. `token` opens what needs one.

    With `is_open`, reading needs none. The name of the `cookie` has the port: a browser shares cookies between ports.
    """

    token: str
    is_open: bool
    hosts: frozenset[str] = LOOPBACK
    cookie: str = "adasweep"


class AccessGuard:
    """Refuses what the policy does not allow before it reaches the application, and adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = answer_of(scope, self.policy)
        await (answer or self.app)(scope, receive, with_headers)


def answer_of(scope: Scope, policy: AccessPolicy) -> Response | None:
    """Return the answer to a request that is refused, or sent on with a cookie; None for one that may pass."""
    headers = Headers(scope=scope)
    if policy.hosts and hostname(headers.get("host", "")) not in policy.hosts:
        return PlainTextResponse("This server is not known by that name.", 421)
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    is_reading = scope["method"] in READING
    if is_reading and "token" in query and _same(query["token"], policy.token):
        return _welcomed(scope, query, policy)
    knows = _same(_bearer(headers), policy.token) or _same(_cookie(headers, policy.cookie), policy.token)
    if not (knows or (policy.is_open and is_reading)):
        return PlainTextResponse(
            "The token is missing or wrong: open the address that `adasweep dashboard` printed.", 403
        )
    if not is_reading and not _is_same_origin(headers):
        return PlainTextResponse("Actions are taken from the dashboard's own pages only.", 403)
    return None


def hostname(host: str) -> str:
    """Return a Host header without its port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _welcomed(scope: Scope, query: dict[str, str], policy: AccessPolicy) -> Response:
    """Return the way to the same page without the token in its address; the browser keeps it from now on."""
    rest = urlencode({name: value for name, value in query.items() if name != "token"})
    target = "/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else "")
    answer = RedirectResponse(target, 303)
    answer.set_cookie(policy.cookie, policy.token, httponly=True, samesite="strict")
    return answer


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_same_origin(headers: Headers) -> bool:
    """Return whether a request comes from a page of this server, or from no page at all but with the token itself."""
    origin = headers.get("origin")
    if origin is None:
        return bool(_bearer(headers))
    return origin.partition("://")[2] == headers.get("host")


def _same(given: str, token: str) -> bool:
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
