"""What is ordered of the processes of a service: see points/sitecustomize.py, which they load."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Orders:
    """Orders as files of a folder, which is made.

    Args:
        folder: the processes are told of it by `FAULTS_FOLDER`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def kill_at(self, point: str, pid: int = 0) -> None:
        """Whoever is the next to reach the point kills this process; 0: itself."""
        self._order("point", {"point": point, "pid": pid})

    def move_clock(self, of: str, step_s: int, until_s: float) -> None:
        """The clock of the processes whose command line holds `of` is wrong by `step_s`, until an
        instant of the monotonic clock."""
        self._order("clock", {"of": of, "step_s": step_s, "until_s": until_s})

    def were_carried_out(self) -> bool:
        """Whether somebody has reached the ordered point."""
        return (self.folder / "point.fired").exists()

    def was_clock_moved(self) -> bool:
        """Whether a process was shown the time that was ordered."""
        return (self.folder / "clock.seen").exists()

    def withdraw(self) -> None:
        """Nothing is ordered any more."""
        for order in self.folder.iterdir():
            order.unlink()

    def _order(self, name: str, order: Mapping[str, Any]) -> None:
        """Puts an order in place as a whole."""
        for done in ("point.fired", "clock.seen"):
            (self.folder / done).unlink(missing_ok=True)
        partial = self.folder / f"{name}.part"
        partial.write_text(json.dumps(order), "utf-8")
        partial.replace(self.folder / f"{name}.json")
