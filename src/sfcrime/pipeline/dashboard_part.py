"""The page as a part of `run`: it is started late, and whatever becomes of it, the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sfcrime.machine.child import Child
from sfcrime.pipeline.activity import DashboardActivity, activity_file
from sfcrime.pipeline.part import Part, part_failure
from sfcrime.settings import Settings

if TYPE_CHECKING:
    # It reads the database, whose import would delay the other parts.
    from sfcrime.pipeline.overview import Overview

STARTS_AFTER_S = 20.0
"""So long a run may take to its first statistic before the page is started beside it. It takes 6 s,
or 12 s without the start-up cache."""

PRIORITY = 10
"""Who looks at a backlog can wait for a moment; the job is not to lose its pace to the page."""


class DashboardPart:
    """The process of the page; never a reason for the run to end.

    Args:
        settings: of the run.
        on_step: told what becomes of it, a line each time.
    """

    def __init__(self, settings: Settings, on_step: Callable[[str], None]) -> None:
        self._part = Part("dashboard", ["dashboard"], settings.data_dir, PRIORITY)
        self._activity = activity_file(settings.data_dir, DashboardActivity)
        self._on_step = on_step
        self._began_s = time.monotonic()
        self._read_before: int | None = None
        self._is_given_up = False

    @property
    def child(self) -> Child | None:
        return self._part.child

    def look(self, settings: Settings, overview: Overview) -> None:
        """Starts it when it is time to, and again when it has ended; cheap, and to be called in
        the main thread again and again.

        Args:
            settings: of the run, with the addresses of its brokers.
            overview: what parts and store say now.
        """
        if self._part.child is None:
            if self._is_due(overview):
                self._part.start(settings)
        elif not self._is_given_up and self._part.exit_code is not None:
            self._start_again(settings, self._part.exit_code)

    def _is_due(self, overview: Overview) -> bool:
        """Whether this run has counted something: before, Spark needs every core."""
        if self._read_before is None:
            self._read_before = overview.accounting.read
        is_late = time.monotonic() - self._began_s >= STARTS_AFTER_S
        return is_late or overview.accounting.read > self._read_before

    def _start_again(self, settings: Settings, code: int) -> None:
        self._activity.unlink(missing_ok=True)
        if self._part.may_start_again():
            how = f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"
            self._on_step(f"the dashboard {how}; starting it again")
            self._part.start(settings)
        else:
            self._is_given_up = True
            failure = part_failure(self._part.name, code, self._part.log_path)
            why = failure.happened.splitlines()[-1]
            self._on_step(f"the run goes on without its page: {why} (see {self._part.log_path})")
