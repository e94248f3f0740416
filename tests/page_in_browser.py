"""The page as a reader's browser shows it, and everything that it must not do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, Locator, Page, Request, Response

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
WAIT_MS = 15_000
VIEWS = {"Now": "/", "History": "/history", "Pipeline": "/pipeline", "Trust": "/trust"}
"""By the name of its link."""
Theme = Literal["light", "dark"]

_NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
window.alert = (text) => window.violations.push(`alert: ${text}`);
"""
_OPEN_REQUESTS = re.compile(r"/api/v1/events")


@dataclass
class ReadersPage:
    """A window with the page, and what went on in it."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)
    """Errors that the console or a script reported, and requests to anything but the server."""
    requests: list[str] = field(default_factory=list)
    bytes_loaded: int = 0
    """Of all bodies that are whole, as they came over the wire."""

    def open(self, path: str = "/") -> None:
        """Goes there, and waits until the figures are drawn."""
        self.page.goto(self.address + path)
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Until the header says how fresh the figures are, and no figure is loading."""
        self.page.wait_for_function(
            """() => /[0-9]/.test(document.querySelector("[data-testid=as-of]")?.textContent)
              && document.querySelector("main h2") !== null
              && document.querySelector("main .loading") === null"""
        )

    @property
    def counted(self) -> int:
        """The total of the view Now."""
        return int(self.page.get_by_test_id("counted").inner_text().replace(",", ""))

    @property
    def state(self) -> Locator:
        """Live, Stale or Offline."""
        return self.page.get_by_test_id("state")

    def panel(self, title: str | re.Pattern[str]) -> Locator:
        """The figure of that title."""
        return self.page.get_by_role("region", name=title)

    def until_counted(self, calls: int) -> None:
        """Waits until the view Now shows this total."""
        self.page.wait_for_function(
            """(wanted) => document.querySelector("[data-testid=counted]")
                 ?.textContent.replaceAll(",", "") === wanted""",
            arg=str(calls),
        )

    def until_state(self, word: str) -> None:
        """Waits until the header says so."""
        self.page.wait_for_function(
            """(word) => document.querySelector("[data-testid=state]")
                 ?.textContent.trim().startsWith(word)""",
            arg=word,
            timeout=30_000,
        )

    def evaluate(self, script: str) -> Any:
        """What a script says of the page."""
        return self.page.evaluate(script)

    def policy_violations(self) -> list[str]:
        """What the content policy had to forbid, and alerts that a script showed."""
        found: list[str] = self.page.evaluate("window.violations")
        return found


@contextmanager
def readers_page(
    browser: Browser,
    address: str,
    *,
    width: int = 1440,
    theme: Theme = "light",
    reduced_motion: bool = False,
) -> Iterator[ReadersPage]:
    """A fresh window without a cache, of a height of 900."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        reduced_motion="reduce" if reduced_motion else "no-preference",
        locale="en-US",
    )
    context.set_default_timeout(WAIT_MS)
    try:
        page = context.new_page()
        page.add_init_script(_NOTE_VIOLATIONS)
        window = ReadersPage(page, address)
        _watch(window)
        yield window
    finally:
        context.close()


def _watch(window: ReadersPage) -> None:
    def requested(request: Request) -> None:
        window.requests.append(request.url)
        if not request.url.startswith((window.address + "/", "data:", "blob:")):
            window.problems.append(f"asked {request.url}")

    def answered(response: Response) -> None:
        if not _OPEN_REQUESTS.search(response.url):
            window.bytes_loaded += int(response.headers.get("content-length", "0"))

    page = window.page
    page.on("request", requested)
    page.on("response", answered)
    page.on("pageerror", lambda error: window.problems.append(f"script: {error}"))
    page.on(
        "console",
        lambda said: window.problems.append(said.text) if said.type == "error" else None,
    )
    page.on("dialog", lambda dialog: window.problems.append(f"dialog: {dialog.message}"))
