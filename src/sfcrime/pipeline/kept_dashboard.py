"""The page as a part of `run`: it is started late, and whatever becomes of it, the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sfcrime.errors import SfcrimeError
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.pipeline.kept_part import KeptPart
from sfcrime.pipeline.part import Part
from sfcrime.settings import Settings

if TYPE_CHECKING:
    # It reads the database, whose import would delay the other parts.
    from sfcrime.pipeline.overview import Overview

STARTS_AFTER_S = 20.0
"""So long a run may take to its first statistic before the page is started beside it. It takes 6 s,
or 12 s without the start-up cache."""

TRIED_AGAIN_AFTER_S = 300.0
"""What keeps the page from starting may pass, and nobody else would start it again."""

PRIORITY = 10
"""Who looks at a backlog can wait for a moment; the job is not to lose its pace to the page."""


class KeptDashboard:
    """The page; never a reason for the run to end.

    Args:
        settings: of the run.
        on_step: told what becomes of it, a line each time.
    """

    def __init__(self, settings: Settings, on_step: Callable[[str], None]) -> None:
        self.process = Part("dashboard", ["dashboard"], settings, PRIORITY, says=DashboardActivity)
        self.part = KeptPart(self.process, settings.supervision.give_up_after_s, on_step)
        self._on_step = on_step
        self._began_s = time.monotonic()
        self._read_before: int | None = None
        self._has_begun = False

    def look(self, overview: Overview) -> None:
        """Starts it when it is time to, and again when it has ended; cheap, and to be called in
        the main thread again and again.

        Args:
            overview: what parts and store say now.
        """
        try:
            if self._has_begun:
                self._keep_up()
            elif self._is_due(overview):
                self._has_begun = True
                self.part.start()
        except (SfcrimeError, OSError) as error:
            told = error.happened if isinstance(error, SfcrimeError) else str(error)
            why = told.splitlines()[-1]
            self.part.rests(f"cannot be kept up: {why}", TRIED_AGAIN_AFTER_S)
            log = self.process.log_path
            self._on_step(
                f"the run goes on without its page for {TRIED_AGAIN_AFTER_S / 60:.0f} minutes: "
                f"{why} (see {log})"
            )

    def _keep_up(self) -> None:
        data_dir = self.process.settings.data_dir
        if self.process.exit_code is None and read_activity(data_dir, DashboardActivity).url:
            self.part.works()
        self.part.look()

    def _is_due(self, overview: Overview) -> bool:
        """Whether this run has counted something: before, Spark needs every core."""
        if self._read_before is None:
            self._read_before = overview.accounting.read
        is_late = time.monotonic() - self._began_s >= STARTS_AFTER_S
        return is_late or overview.accounting.read > self._read_before
