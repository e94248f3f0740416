"""The form that asks for the token, sent by a real browser, which names the origin as it likes."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from page_in_browser import readers_page
from page_store import growing_store
from served_page import Server

TOKEN = "a-token-of-24-characters"  # noqa: S105 - of this test


def test_the_token_opens_the_view_that_was_asked_for(browser: Browser, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(TOKEN, encoding="ascii")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 10)
    server = Server(tmp_path / "data", {"SFCRIME_DASHBOARD_TOKEN_FILE": str(token_file)})
    with server.running(), readers_page(browser, server.address) as window:
        window.page.goto(f"{server.address}/trust?dark=1")
        window.page.get_by_label("This page asks for a token.").fill(TOKEN)
        window.page.get_by_role("button", name="Open").click()
        window.wait_until_drawn()
        assert window.page.url.startswith(f"{server.address}/trust")
        assert window.policy_violations() == []
