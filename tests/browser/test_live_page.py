"""The page while calls are counted, without a server, and over a store that holds nothing yet."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Route, expect

from page_in_browser import readers_page
from page_store import growing_store
from served_page import Server, until_gone
from sfcrime.dashboard.questions.overview import SNAPSHOT_HOURS
from sfcrime.pipeline.activity import PartState, SupervisionActivity, write_activity


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


def test_an_hour_that_is_over_is_not_shown_as_the_running_one(
    browser: Browser, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data")
    with growing_store(tmp_path / "data") as store:
        store.add("Passing Call", 10)
        with server.running(), readers_page(browser, server.address) as window:
            window.open()
            hours = window.panel("Calls an hour against the usual")
            hours.get_by_role("button", name="As a table").click()
            rows = hours.get_by_role("row")
            expect(rows.filter(has_text="so far")).to_contain_text("10")
            held: list[Route] = []
            window.page.route("**/api/v1/hours**", lambda route: held.append(route))
            store.add("Passing Call", 5)
            for hour in range(1, SNAPSHOT_HOURS + 2):
                store.add("Passing Call", 1, hour=hour)
                window.until_counted(15 + hour)
                expect(rows.filter(has_text="so far")).to_have_count(1)
            for route in held:
                route.continue_()
            window.page.unroute("**/api/v1/hours**")
            expect(rows.filter(has_text="so far")).to_contain_text("7 AM")
            expect(rows.filter(has_text="12 AM").first).to_contain_text("15")


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
            window.page.reload()
            window.wait_until_drawn()
            window.page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
            expect(window.state).to_contain_text("Stale")
            with growing_store(tmp_path / "data") as next_job:
                next_job.add("Passing Call", 1)
                window.until_state("Live")
                window.until_counted(11)


def test_a_part_that_is_down_is_named_since_when_and_live_again_once_it_works(
    browser: Browser, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    server = Server(data_dir)
    with growing_store(data_dir) as store:
        store.add("Passing Call", 10)
        with server.running(), readers_page(browser, server.address) as window:
            window.open("/pipeline")
            store.beat()
            say(data_dir, "up", restarts=0)
            window.until_state("Live")
            table = window.panel("State").get_by_role("region", name="The parts of the run")
            expect(table).to_contain_text("broker")

            say(data_dir, "down", restarts=1)
            window.until_state("Stale since Mon, Nov 30, 2026, 1:02:03 AM")
            expect(window.page.get_by_role("complementary")).to_contain_text(
                "The broker is down: it was killed by signal 9."
            )
            broker = table.get_by_role("row").filter(has_text="broker")
            expect(broker).to_contain_text("down since Mon, Nov 30, 2026, 1:02:03 AM")
            expect(broker.get_by_role("cell").nth(1)).to_have_text("1")
            way = window.page.get_by_role("list", name="The way of a record")
            expect(way.get_by_role("listitem").filter(has_text="Kafka topic")).to_contain_text(
                "down since"
            )
            window.page.goto(server.address)
            window.until_state("Stale since")
            assert window.counted == 10

            store.beat()
            say(data_dir, "up", restarts=1)
            window.until_state("Live")
            expect(window.page.get_by_role("complementary")).to_have_count(0)
            assert window.problems == []


def say(data_dir: Path, state: Literal["up", "down"], restarts: int) -> None:
    """What the supervisor of a run says at this moment of its broker, and of its stream."""
    since_ms = 1_796_029_323_000  # 2026-11-30T09:02:03Z
    reason = "was killed by signal 9" if restarts else ""
    parts = (
        PartState("broker", state, since_ms, restarts, reason),
        PartState("stream", "up", since_ms, 0, ""),
    )
    # A clock may differ by as much: what is said is believed for half a minute, not a quarter.
    seen_ms = time.time_ns() // 1_000_000 + 14_000
    write_activity(data_dir, SupervisionActivity(since_ms - 60_000, seen_ms, parts))


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
