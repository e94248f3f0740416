"""What the tests in a browser share: Chromium, and one server over a store that nobody writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, sync_playwright

from page_in_browser import FLAGS, ReadersPage, readers_page
from page_store import add_hostile_text, fill
from required import needs_chromium
from running import wait_until
from served_page import OpenPage, Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module, not of the session: while it is open, no other test can run an event loop."""
    chromium = needs_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Over ten weeks of calls, and hostile text that was counted while it ran; nobody counts any
    more."""
    needs_chromium()
    data_dir = tmp_path_factory.mktemp("page") / "data"
    fill(data_dir)
    server = Server(data_dir)
    with server.running():
        wait_until(lambda: server.knows_batch(9), "the ten weeks in the server's memory")
        add_hostile_text(data_dir)
        wait_until(lambda: server.knows_batch(10), "the newest batch in the server's memory")
        yield server


@pytest.fixture
def open_page(browser: Browser, server: Server) -> OpenPage:
    """Opens a fresh window on the shared server; its flags are those of `readers_page`."""

    def opened(**flags: object) -> AbstractContextManager[ReadersPage]:
        return readers_page(browser, server.address, **flags)  # type: ignore[arg-type]

    return opened
