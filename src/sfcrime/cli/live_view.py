"""The view of `sfcrime run`: a live one on a terminal, a line every two seconds elsewhere.

Only the terminal's own 16 colours are used, and none carries a meaning that the text does not:
the view reads on dark and on light, and without colour. It fits 80 columns, and where there
are few lines it shows fewer call types.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from sfcrime.cli.movements_table import movements_table
from sfcrime.cli.output import note
from sfcrime.cli.state_text import down_text, restarts_text, state_text
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.domain.wall_clock import SAN_FRANCISCO
from sfcrime.pipeline.liveness import Liveness
from sfcrime.pipeline.overview import Counted, Overview

_LINE_S = 2.0
_RATE_OVER_S = 10.0
_NAME_WIDTH = 10
_MOST_WIDTH = 100
_EPOCH = datetime(1970, 1, 1)


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
            *_stale(self.liveness),
            _parts(self),
            _facts(self.overview),
            Text(),
            _accounting(self.overview, options.max_width),
        ]
        if counted is not None and counted.movements:
            # Two lines of border, one that is left for the cursor.
            taken = sum(len(console.render_lines(part, options)) for part in parts) + 3
            parts += movements_table(counted, options.size.height - taken)
        yield Panel(
            Group(*parts),
            title=_title(counted),
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
    now, stream = overview.accounting, overview.stream.step
    if stream == "starting" or step == "stopped":
        stream = step
    return (
        f"read {now.read:,} = counted {now.counted:,} + duplicate {now.duplicate:,} + "
        f"late {now.late:,} + rejected {now.rejected:,}; gaps {now.gaps:,}; "
        f"lag {overview.lag(topic_ends):,}; "
        f"producer {_down(overview, 'producer') or overview.producer.step}; "
        f"stream {_down(overview, 'stream') or stream}{_restarts(overview, '; restarts: ')}"
    ) + (f"; {state_text(liveness)}" if liveness and liveness.since_ms is not None else "")


class View:
    """The live view on a terminal, a line every two seconds elsewhere."""

    def __init__(self, console: Console, plain: bool, steps: list[str]) -> None:
        self._console = console
        self._steps = steps
        self._live = (
            Live(console=console, auto_refresh=False) if console.is_terminal and not plain else None
        )
        self._published, self._read = RateMeter(), RateMeter()
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
        liveness = overview.liveness(topic_ends, time.time_ns() // 1_000_000)
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
            note(line, console=self._console)


def _title(counted: Counted | None) -> Text:
    title = Text("sfcrime", style="bold")
    if counted is not None:
        title.append(f" · {terminal_safe(counted.generation.source_title)}")
        if counted.generation.synthetic:
            title.append("  ").append(" SYNTHETIC DATA ", style="black on yellow")
    return title


def _stale(liveness: Liveness | None) -> list[Text]:
    """Since when the numbers stand still, and why; nothing while they go on."""
    if liveness is None or liveness.since_ms is None:
        return []
    text = terminal_safe(state_text(liveness))
    return [Text(f"{text[0].upper()}{text[1:]}", style="bold yellow")]


def _down(overview: Overview, name: str) -> str:
    """Since when a part is down, and why; empty while it works."""
    parts = overview.supervision.parts
    return "".join(down_text(part) for part in parts if (part.name, part.state) == (name, "down"))


def _restarts(overview: Overview, before: str = "") -> str:
    """The parts that were started again; empty where none was."""
    again = [part for part in overview.supervision.parts if part.restarts]
    return before + restarts_text(again) if again else ""


def _parts(view: _View) -> Table:
    """Producer, stream and last batch: how much, how fast, and what else."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", min_width=_NAME_WIDTH, no_wrap=True, style="bold")
    table.add_column("Records", min_width=11, justify="right", no_wrap=True)
    table.add_column("Pace", min_width=9, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    overview, producer, stream = view.overview, view.overview.producer, view.overview.stream
    sent = producer.sent + producer.already_there
    step = stream.step if stream.step != "starting" else view.step
    table.add_row(
        "Producer",
        f"{sent:,}",
        f"{view.rates['published']:,.0f}/s",
        Text(
            terminal_safe(_down(overview, "producer") or producer.step)
            + _virtual(producer.virtual_ms)
        ),
    )
    table.add_row(
        "Stream",
        f"{overview.accounting.read:,}",
        f"{view.rates['read']:,.0f}/s",
        Text(terminal_safe(_down(overview, "stream") or step))
        .append(" · lag ")
        .append(f"{overview.lag(view.topic_ends):,}", style="bold"),
    )
    batch = overview.counted.last_batch if overview.counted else None
    if batch is not None:
        phases = {name: ms for name, ms in batch.phases_ms.items() if name != "triggerExecution"}
        slowest = max(phases, key=lambda name: phases[name], default=None)
        rest = "" if slowest is None else f"{slowest} {phases[slowest]:,} ms"
        table.add_row(
            f"Batch {batch.batch_id}",
            f"{batch.input_rows:,}",
            f"{batch.duration_ms:,} ms",
            Text(rest),
        )
    return table


def _facts(overview: Overview) -> Table:
    """Freshness, and where to look deeper."""
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=_NAME_WIDTH, no_wrap=True, style="bold")
    table.add_column(no_wrap=True, overflow="ellipsis")
    if overview.counted is not None:
        totals = overview.counted.totals
        as_of = _wall(totals.newest_call_us) if totals.newest_call_us else "no call yet"
        table.add_row("Data as of", as_of)
    if restarts := _restarts(overview):
        table.add_row("Restarts", terminal_safe(restarts))
    if overview.stream.ui_url:
        table.add_row("Spark UI", _link(f"{overview.stream.ui_url}/StreamingQuery/"))
    if overview.dashboard.url:
        table.add_row("Page", _link(overview.dashboard.url))
    return table


def _link(url: str) -> Text:
    return Text().append(url, style=Style(link=url, underline=True))


def _wall(wall_us: int) -> str:
    return f"{_EPOCH + timedelta(microseconds=wall_us):%a %Y-%m-%d %H:%M}"


def _virtual(virtual_ms: int | None) -> str:
    if virtual_ms is None:
        return ""
    wall = datetime.fromtimestamp(virtual_ms / 1000, UTC).astimezone(SAN_FRANCISCO)
    return f" · at {wall:%a %Y-%m-%d %H:%M}"


def _accounting(overview: Overview, width: int) -> Text:
    """The four outcomes on one line, as the sum that they are."""
    now = overview.accounting
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{now.read:,} read", style="bold").append(" = ")
    for style, name, number in (
        ("green", "counted", now.counted),
        ("cyan", "duplicate", now.duplicate),
        ("magenta", "late", now.late),
        ("red", "rejected", now.rejected),
    ):
        text.append(" + " if name != "counted" else "")
        text.append(f"{number:,} {name}", style=style if number else "dim")
    if not now.adds_up:
        return Text("DOES NOT ADD UP: ", style="bold red").append_text(text)
    verdict = "  ✓ adds up" if text.cell_len + 11 <= width else " ✓"
    return text.append(verdict, style="bold green")
