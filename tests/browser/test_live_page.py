"""The page while calls are counted, without a server, and over a store that holds nothing yet."""

from __future__ import annotations

import signal
from pathlib import Path

from playwright.sync_api import Browser, expect

from page_in_browser import readers_page
from page_store import growing_store
from served_page import Server, until_gone


def test_numbers_move_with_every_batch_and_what_changed_is_listed(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 1_000)
        with server.running(), readers_page(browser, server.address) as window:
            window.open()
            window.until_state("Live")
            window.until_counted(1_000)
            store.add("Noise Nuisance", 234, "GOA")
            window.until_counted(1_234)
            store.add("Fireworks At Pier", 5, "OTS", hour=1)
            window.until_counted(1_239)
            changes = window.panel("Just counted")
            expect(changes.get_by_text("Notes without a standard type")).to_have_count(1)
            expect(changes.get_by_text("Noise Nuisance")).to_have_count(1)
            assert window.problems == []
            assert window.policy_violations() == []


def test_a_paused_page_stands_still_and_catches_up_when_it_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 10)
        with server.running(), readers_page(browser, server.address) as window:
            window.open()
            window.until_counted(10)
            pause = window.page.get_by_role("banner").get_by_role("button")
            pause.click()
            store.add("Passing Call", 7)
            expect(pause).to_contain_text("1 batch behind")
            assert window.counted == 10
            pause.click()
            window.until_counted(17)


def test_without_a_server_the_page_says_offline_and_goes_on_once_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 10)
        with server.running() as running, readers_page(browser, server.address) as window:
            window.open()
            window.until_state("Live")
            running.signal(signal.SIGKILL)
            until_gone(running)
            window.until_state("Offline")
            assert window.counted == 10
            store.add("Passing Call", 90)
            with server.running():
                window.until_state("Live")
                window.until_counted(100)


def test_a_store_that_nobody_writes_to_is_shown_as_stale_with_the_reason(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 10)
        with server.running(), readers_page(browser, server.address) as window:
            window.open()
            window.until_state("Live")
            # The job ends while somebody looks; the next one is seen as well.
            store.close()
            window.until_state("Stale")
            expect(window.page.get_by_role("complementary")).to_contain_text("has ended")
            with growing_store(tmp_path / "data") as next_job:
                next_job.add("Passing Call", 1)
                window.until_state("Live")
                window.until_counted(11)


def test_an_empty_store_is_an_empty_page_that_fills_by_itself(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with server.running(), readers_page(browser, server.address) as window:
        window.page.goto(server.address)
        expect(window.page.locator("main .empty").first).to_be_visible()
        with growing_store(tmp_path / "data") as store:
            store.add("Passing Call", 42)
            window.until_counted(42)
        assert [each for each in window.problems if "503" not in each] == []
