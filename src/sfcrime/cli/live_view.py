"""The view of `sfcrime run`: a live one on a terminal, lines elsewhere.

Only the terminal's own 16 colours are used, and none carries a meaning that the text does not:
the view reads on dark and on light, and without colour. It fits 80 columns, and where there
are few lines it shows fewer call types.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from sfcrime.cli.live_figures import (
    accounting_line,
    facts_table,
    parts_table,
    stale_lines,
    title_of,
)
from sfcrime.cli.movements_table import movements_table
from sfcrime.cli.output import note
from sfcrime.cli.state_text import down_text, restarts_text, state_text
from sfcrime.machine.clock import now_ms
from sfcrime.pipeline.liveness import Liveness, LivenessWatch
from sfcrime.pipeline.overview import Overview

_LINE_S = 2.0
_RATE_OVER_S = 10.0
_MOST_WIDTH = 100


class RateMeter:
    """Records a second over the last ten seconds, from totals seen at moments."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def rate(self, now_s: float, total: int) -> float:
        """Takes one more look, and gives the rate since the oldest kept one."""
        self._seen.append((now_s, total))
        while now_s - self._seen[0][0] > _RATE_OVER_S:
            self._seen.popleft()
        since_s, before = self._seen[0]
        return (total - before) / (now_s - since_s) if now_s > since_s else 0.0


@dataclass(frozen=True, slots=True)
class _View:
    """Everything that is drawn; laid out when the size of the terminal is known."""

    overview: Overview
    topic_ends: Mapping[int, int]
    rates: Mapping[str, float]
    step: str
    liveness: Liveness | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        counted = self.overview.counted
        width = min(options.max_width, _MOST_WIDTH)
        options = options.update(width=width - 4)  # inside of the border
        parts: list[RenderableType] = [
            *stale_lines(self.liveness),
            parts_table(self.overview, self.overview.lag(self.topic_ends), self.rates, self.step),
            facts_table(self.overview),
            Text(),
            accounting_line(self.overview, options.max_width),
        ]
        if counted is not None and counted.movements:
            # Two lines of border, one that is left for the cursor.
            taken = sum(len(console.render_lines(part, options)) for part in parts) + 3
            parts += movements_table(counted, options.size.height - taken)
        yield Panel(
            Group(*parts),
            title=title_of(counted),
            title_align="left",
            subtitle=Text("A call is not a crime: it is a request for service. Ctrl-C stops."),
            subtitle_align="left",
            border_style="cyan",
            box=box.ROUNDED,
            width=width,
        )


def draw(
    overview: Overview,
    topic_ends: Mapping[int, int],
    rates: Mapping[str, float],
    step: str,
    liveness: Liveness | None = None,
) -> RenderableType:
    """The whole view.

    Args:
        overview: what parts and store say.
        topic_ends: last stable offsets by partition.
        rates: records a second, "published" and "read".
        step: what the supervisor last did.
        liveness: whether the numbers go on; None where there are none.
    """
    return _View(overview, topic_ends, rates, step, liveness)


def plain_line(
    overview: Overview,
    topic_ends: Mapping[int, int],
    step: str,
    liveness: Liveness | None = None,
) -> str:
    """One line for a log: what is done, what adds up, what is left.

    Args:
        overview: what parts and store say.
        topic_ends: last stable offsets by partition.
        step: what the supervisor last did; "stopped" at the end.
        liveness: whether the numbers go on; None where there are none, and at the end.
    """
    now, producer, stream = overview.accounting, overview.producer.step, overview.stream.step
    if stream == "starting" or step == "stopped":
        stream = step
    if step != "stopped":
        producer = _down(overview, "producer") or producer
        stream = _down(overview, "stream") or stream
    line = (
        f"read {now.read:,} = counted {now.counted:,} + duplicate {now.duplicate:,} + "
        f"late {now.late:,} + rejected {now.rejected:,}; gaps {now.gaps:,}; "
        f"lag {overview.lag(topic_ends):,}; producer {producer}; stream {stream}"
    )
    if overview.restarted:
        line += f"; restarts: {restarts_text(overview.restarted)}"
    if liveness is not None and liveness.since_ms is not None:
        line += f"; {state_text(liveness)}"
    return line


def _down(overview: Overview, name: str) -> str:
    part = overview.down(name)
    return "" if part is None else down_text(part)


class View:
    """The live view on a terminal; elsewhere lines, one every two seconds at most, and none that
    says what the one before it said."""

    def __init__(self, console: Console, plain: bool, steps: list[str]) -> None:
        self._console = console
        self._steps = steps
        self._live = (
            Live(console=console, auto_refresh=False) if console.is_terminal and not plain else None
        )
        self._published, self._read = RateMeter(), RateMeter()
        self._liveness = LivenessWatch()
        self._printed = 0.0
        self._drawn: object = None

    def __enter__(self) -> View:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, overview: Overview, topic_ends: Mapping[int, int]) -> None:
        """Draws, or prints where it is time to."""
        now = time.monotonic()
        liveness = overview.liveness(topic_ends, now_ms(), self._liveness)
        rates = {
            "published": self._published.rate(now, sum(topic_ends.values())),
            "read": self._read.rate(now, overview.accounting.read),
        }
        if self._live is not None:
            shown = (overview, dict(topic_ends), rates, self._steps[-1], liveness)
            if (shown, self._console.size) != self._drawn:
                self._drawn = shown, self._console.size
                self._live.update(draw(*shown), refresh=True)
        elif now - self._printed >= _LINE_S:
            self._printed = now
            line = plain_line(overview, topic_ends, self._steps[-1], liveness)
            if line != self._drawn:
                self._drawn = line
                note(line, console=self._console)
