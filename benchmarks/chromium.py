"""Chromium as benchmarks watch the page with: no window, and a note of each total it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAM = "chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_WAIT_MS = 60_000

# A change is noted in the task after the frame that shows it: what was painted, not what was set.
# The clock is the machine's own, the one that commits are stamped with.
_NOTE_TOTALS = """
(() => {
  window.shownTotals = [];
  window.paints = {};
  const now = () => performance.timeOrigin + performance.now();
  let last = "";
  const look = () => {
    const element = document.querySelector("[data-testid=counted]");
    const text = element ? element.textContent.replace(/[^0-9]/g, "") : "";
    if (text === "" || text === last) return;
    last = text;
    requestAnimationFrame(() => setTimeout(() => {
      if (window.shownTotals.length === 0) window.paints.total = performance.now();
      window.shownTotals.push([now(), Number(text)]);
    }, 0));
  };
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true,
  });
  for (const type of ["paint", "largest-contentful-paint"]) {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.paints[entry.name || type] = entry.startTime;
    }).observe({ type, buffered: true });
  }
})();
"""


def browser_is_there() -> bool:
    """Whether Playwright is installed, and a Chromium that it can drive."""
    return find_spec("playwright") is not None and shutil.which(PROGRAM) is not None


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser that ends with the block.

    Raises:
        RuntimeError: there is none.
    """
    if not browser_is_there():
        raise RuntimeError("the page is watched by Chromium: install chromium, and run: make dev")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(PROGRAM), args=list(FLAGS)
        )
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, address: str, *, await_total: bool = True) -> Page:
    """The page in a window of its own without a cache, once it shows a total."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(_NOTE_TOTALS)
    page.goto(address)
    if await_total:
        page.wait_for_function("() => window.shownTotals.length > 0", timeout=_WAIT_MS)
    return page


def shown_totals(page: Page) -> list[tuple[float, int]]:
    """Every total that was shown, with the time (ms since 1970) at which it stood there."""
    return [(at_ms, total) for at_ms, total in page.evaluate("window.shownTotals")]


def paints_ms(page: Page) -> dict[str, float]:
    """Since the page was asked for: first paints, the largest, and the first total."""
    return {name: round(ms, 1) for name, ms in page.evaluate("window.paints").items()}
