"""The page as a part of a run: when it is started, and what becomes of it when it ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from running import settings_in, wait_until
from sfcrime.domain.outcomes import Accounting
from sfcrime.machine.child import start_child
from sfcrime.pipeline import dashboard_part
from sfcrime.pipeline.activity import (
    DashboardActivity,
    ProducerActivity,
    StreamActivity,
    read_activity,
    write_activity,
)
from sfcrime.pipeline.dashboard_part import DashboardPart
from sfcrime.pipeline.overview import Counted, Overview
from sfcrime.pipeline.part import Part
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Totals
from store_samples import GENERATION

ENDS_AT_ONCE = "import sys; print('no page today'); sys.exit(4)"
STAYS = "import time; time.sleep(300)"


class OtherProgram(Part):
    """A part whose program is another one, to be seen fail or stay."""

    program = STAYS
    starts = 0

    def start(self, settings: Settings) -> None:
        self.starts += 1
        self.child = start_child([sys.executable, "-c", self.program], self.log_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, KafkaSettings())


class Watched:
    """A page whose program is another one, and what was said of it."""

    def __init__(self, settings: Settings, program: str) -> None:
        self.said: list[str] = []
        self.part = OtherProgram("dashboard", ["dashboard"], settings.data_dir)
        self.part.program = program
        self.page = DashboardPart(settings, self.said.append)
        self.page._part = self.part
        self._settings = settings

    def look(self, read: int) -> None:
        self.page.look(self._settings, overview(read))

    def look_after_it_ended(self, read: int) -> None:
        wait_until(lambda: self.part.exit_code is not None, "the end of the page")
        self.look(read)


def overview(read: int) -> Overview:
    totals = Totals(
        accounting=Accounting(read=read, counted=read, duplicate=0, late=0, rejected=0, gaps=0),
        batches=1,
        last_batch_id=0,
        committed_ms=None,
        newest_call_us=None,
    )
    counted = Counted(GENERATION, totals, (), None, ())
    return Overview(ProducerActivity(), StreamActivity(step="running"), counted)


def test_the_page_is_started_once_this_run_has_counted_something(settings: Settings) -> None:
    watched = Watched(settings, STAYS)
    try:
        watched.look(1_000)  # of the run before
        watched.look(1_000)
        assert watched.part.starts == 0
        watched.look(1_001)
        watched.look(1_002)
        assert watched.part.starts == 1
        assert watched.said == []
    finally:
        if watched.page.child is not None:
            watched.page.child.stop()


def test_the_page_waits_no_longer_than_that_for_a_first_statistic(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard_part, "STARTS_AFTER_S", 0.0)
    watched = Watched(settings, STAYS)
    try:
        watched.look(0)
        assert watched.part.starts == 1
    finally:
        if watched.page.child is not None:
            watched.page.child.stop()


def test_a_page_that_was_killed_is_started_again_and_its_old_address_forgotten(
    settings: Settings,
) -> None:
    watched = Watched(settings, STAYS)
    watched.look(0)
    watched.look(1)
    assert watched.page.child is not None
    write_activity(settings.data_dir, DashboardActivity(url="http://127.0.0.1:1"))
    killed = watched.page.child
    os.kill(killed.pid, signal.SIGKILL)

    watched.look_after_it_ended(2)

    try:
        assert watched.page.child is not killed
        assert watched.page.child.is_running()
        assert read_activity(settings.data_dir, DashboardActivity).url == ""
        assert watched.said == ["the dashboard was killed (signal 9); starting it again"]
    finally:
        watched.page.child.stop()


def test_a_page_that_ends_again_and_again_is_left_out_with_one_note(settings: Settings) -> None:
    watched = Watched(settings, ENDS_AT_ONCE)
    watched.look(0)
    watched.look(1)
    for _ in range(8):
        watched.look_after_it_ended(1)

    assert watched.part.starts == 6
    assert watched.said[:5] == ["the dashboard ended (exit code 4); starting it again"] * 5
    (last,) = watched.said[5:]
    assert last == (
        "the run goes on without its page: The dashboard ended (exit code 4): no page today "
        f"(see {settings.data_dir / 'run' / 'dashboard.log'})"
    )
