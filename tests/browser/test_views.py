"""Each view with data: what it shows, asks for and keeps in its address; and hostile text."""

from __future__ import annotations

import gzip
import re
import sqlite3
from contextlib import closing
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from page_in_browser import VIEWS
from page_store import HOSTILE, HOSTILE_CODE
from served_page import OpenPage, Server

MOST_REQUESTS = 16
"""Of the first load of any view: page, script, style, icon, the event stream, and its figures."""
MOST_BYTES = 120_000
"""Of page, script, style and icon together, compressed; figures are not part of it."""
NOTES = "Notes without a standard type"
NAMES, CHANGES = "What the calls are about", "Just counted"
"""Titles of figures."""


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_its_figures_and_asks_nothing_of_any_other_machine(
    open_page: OpenPage, server: Server, view: str
) -> None:
    with open_page() as window:
        window.open(VIEWS[view])
        page = window.page
        if view == "Now":
            assert window.counted == _calls(server)
        expect(page.get_by_test_id("as-of")).to_contain_text("Oct 10, 2018, 12:01 AM")
        expect(page.get_by_test_id("synthetic").first).to_contain_text(
            re.compile("synthetic", re.IGNORECASE)
        )
        expect(page.get_by_role("link", name=view, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        expect(page.get_by_role("alert")).to_have_count(0)
        panels = page.locator("main section.panel")
        assert panels.count() >= 3
        for panel in panels.all():
            expect(panel.get_by_role("heading").first).not_to_be_empty()
        assert window.problems == []
        assert window.policy_violations() == []


def _calls(server: Server) -> int:
    """By the store's own cells."""
    with closing(sqlite3.connect(server.store)) as database:
        calls: int = database.execute("SELECT sum(calls) FROM cell").fetchone()[0]
    return calls


def test_the_numbers_of_the_page_are_those_of_the_store(
    open_page: OpenPage, server: Server
) -> None:
    with closing(sqlite3.connect(server.store)) as database:
        query = "SELECT sum(calls) FROM cell WHERE window_s >= ? AND window_s < ?"
        nine = (1_538_989_200, 1_538_992_800)  # 2018-10-08T09:00:00 and an hour later
        (calls,) = database.execute(query, nine).fetchone()
    with open_page() as window:
        window.open("/history?since=2018-10-08T09:00&until=2018-10-08T10:00")
        expect(window.page.get_by_role("main")).to_contain_text(f"{calls:,} calls")


def test_text_that_means_harm_is_shown_as_it_is_and_does_nothing(open_page: OpenPage) -> None:
    with open_page() as window:
        window.open(f"/?category={NOTES.replace(' ', '%20')}")
        changes = window.panel(CHANGES)
        for shown in HOSTILE.values():  # a note is not shown before it is asked for
            expect(changes.get_by_text(shown, exact=True)).to_have_count(0)
        changes.get_by_role("checkbox", name="Labels as the dispatcher typed them").check()
        for shown in HOSTILE.values():
            for title in (NAMES, CHANGES):
                panel = window.panel(title)
                expect(panel.get_by_text(shown, exact=True)).to_have_count(1)
        expect(window.panel(CHANGES).get_by_text(HOSTILE_CODE, exact=True)).to_have_count(12)
        assert window.problems == []
        assert window.policy_violations() == []
        assert (
            window.evaluate("document.querySelectorAll('main script, main svg[onload]').length")
            == 0
        )
        assert window.evaluate("document.querySelectorAll('a[href^=javascript]').length") == 0


def test_a_hostile_name_in_the_address_restores_its_own_view(open_page: OpenPage) -> None:
    with open_page() as window:
        for name, shown in HOSTILE.items():
            window.open(f"/?{urlencode({'type': name})}")
            names = window.panel(NAMES)
            expect(names.get_by_role("listitem").last).to_have_text(shown)
            expect(names.get_by_role("row").last).to_contain_text(shown)
        assert window.problems == []
        assert window.policy_violations() == []


def test_what_is_looked_at_stands_in_the_address_and_comes_back_with_it(
    open_page: OpenPage,
) -> None:
    with open_page() as window:
        window.open()
        window.page.get_by_role("link", name=NOTES).first.click()
        expect(window.page).to_have_url(re.compile(r"category=Notes"))
        hostile = "<script>alert(1)</script>"
        expect(window.panel(NAMES).get_by_text(hostile, exact=True)).to_be_attached()
        address = window.page.url
        window.page.go_back()
        expect(window.page).to_have_url(f"{window.address}/")
        expect(window.page.get_by_role("link", name=NOTES).first).to_be_visible()
        with open_page() as other:
            other.open(address.removeprefix(other.address))
            expect(other.panel(NAMES).get_by_text(hostile, exact=True)).to_be_attached()


def test_a_broken_address_shows_the_view_without_what_it_cannot_mean(
    open_page: OpenPage,
) -> None:
    with open_page() as window:
        window.open("/?since=yesterday&until=%3Cscript%3E&speed=-1&after=x")
        expect(window.page.get_by_role("alert")).to_have_count(0)
        assert window.problems == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_first_load_keeps_to_its_budget(open_page: OpenPage, view: str) -> None:
    with open_page() as window:
        window.open(VIEWS[view])
        assert len(window.requests) <= MOST_REQUESTS, window.requests
        files = [url for url in window.requests if "/api/" not in url]
        sizes = [len(gzip.compress(window.page.request.get(url).body())) for url in files]
        assert len(files) == 4, files
        assert sum(sizes) <= MOST_BYTES, sizes


def test_the_chosen_colours_stay_after_a_reload(open_page: OpenPage) -> None:
    with open_page(theme="light") as window:
        window.open()
        window.page.get_by_role("combobox", name="Colours").select_option("dark")
        assert window.evaluate("document.documentElement.dataset.theme") == "dark"
        window.page.reload()
        window.wait_until_drawn()
        assert window.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_list_of_changes_can_be_filtered(open_page: OpenPage) -> None:
    with open_page() as window:
        window.open()
        changes = window.panel(CHANGES)
        changes.get_by_role("checkbox", name="Labels as the dispatcher typed them").check()
        changes.get_by_role("searchbox").fill("fire")
        expect(changes.get_by_text("Fire \U0001f525 truck \U0001f692", exact=True)).to_be_visible()
        expect(changes.get_by_text("<script>alert(1)</script>", exact=True)).to_have_count(0)
