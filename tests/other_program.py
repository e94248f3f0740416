"""A part of a run whose program is another one, to be seen fail or stay."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from sfcrime.pipeline.part import Part

STAYS = "import signal; signal.pause()"


@dataclass
class OtherProgram(Part):
    """Runs a program of Python in place of `sfcrime`, and counts its starts."""

    program: str = STAYS
    starts: int = 0

    def start(self) -> None:
        self.starts += 1
        Part.start(self)

    def command(self) -> list[str]:
        return [sys.executable, "-c", self.program]
