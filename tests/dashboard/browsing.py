"""A headless Chromium that looks at pages: nothing may be complained of, and no request may leave the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


@contextmanager
def chromium(path: str) -> Iterator[Any]:
    """Start the Chromium at `path`, and stop it."""
    with sync_playwright() as found:
        started = found.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@contextmanager
def opened(browser: Any, url: str, width: int = 1280, **settings: Any) -> Iterator[Any]:
    """Open a page; at the end, nothing was complained of, and every request went to the place of `url`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    told: list[str] = []
    allowed = ("file:", "data:", "blob:") if url.startswith("file:") else (url.split("/", 3)[2],)
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: None if _is_ours(request.url, allowed) else told.append(f"asked {request.url}"))
    page.goto(url, timeout=90_000)
    yield page
    context.close()
    assert told == []


def _is_ours(url: str, allowed: tuple[str, ...]) -> bool:
    return url.startswith(allowed) or url.split("/", 3)[2] in allowed
