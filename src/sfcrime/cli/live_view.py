"""The live terminal view of `sfcrime run`: pure drawing of an `Overview`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sfcrime.cli.output import terminal_safe
from sfcrime.domain.wall_clock import SAN_FRANCISCO, to_iso
from sfcrime.pipeline.overview import Counted, Overview
from sfcrime.statistics.movement import Movement

_BLOCKS = "▁▂▃▄▅▆▇█"
_RATE_OVER_S = 10.0


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


def draw(
    overview: Overview, topic_ends: Mapping[int, int], rates: Mapping[str, float], step: str
) -> RenderableType:
    """The whole view.

    Args:
        overview: what parts and store say.
        topic_ends: last stable offsets by partition.
        rates: records a second, "published" and "read".
        step: what the supervisor last did.
    """
    counted = overview.counted
    parts: list[RenderableType] = [
        _parts(overview, topic_ends, rates, step),
        _accounting(overview),
    ]
    if counted is not None and counted.movements:
        parts.append(_types(counted))
    parts.append(
        Text("A call is not a crime: it is a request for service.  Ctrl-C stops.", style="dim")
    )
    return Panel(Group(*parts), title=_title(counted), border_style="blue", box=box.ROUNDED)


def plain_line(overview: Overview, topic_ends: Mapping[int, int], step: str) -> str:
    """One line for a log: what is done, what adds up, what is left."""
    now = overview.accounting
    return (
        f"read {now.read:,} = counted {now.counted:,} + duplicate {now.duplicate:,} + "
        f"late {now.late:,} + rejected {now.rejected:,}; gaps {now.gaps:,}; "
        f"lag {overview.lag(topic_ends):,}; producer {overview.producer.step}; "
        f"stream {overview.stream.step if step == 'running' else step}"
    )


def _title(counted: Counted | None) -> str:
    if counted is None:
        return "sfcrime"
    synthetic = "  [black on yellow] SYNTHETIC DATA [/]" if counted.generation.synthetic else ""
    return f"sfcrime · {terminal_safe(counted.generation.source_title)}{synthetic}"


def _parts(
    overview: Overview, topic_ends: Mapping[int, int], rates: Mapping[str, float], step: str
) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    producer, stream = overview.producer, overview.stream
    sent = f"{producer.sent + producer.already_there:,} records, {rates['published']:,.0f}/s"
    table.add_row("Producer", f"{producer.step}: {sent}{_virtual(producer.virtual_ms)}")
    table.add_row(
        "Stream",
        f"{stream.step if stream.step != 'starting' else step}: "
        f"{rates['read']:,.0f} records/s, lag {overview.lag(topic_ends):,}",
    )
    counted = overview.counted
    if counted is not None and counted.last_batch is not None:
        batch = counted.last_batch
        slowest = max(
            (phase for phase in batch.phases_ms.items() if phase[0] != "triggerExecution"),
            key=lambda phase: phase[1],
            default=("", 0),
        )
        table.add_row(
            "Batch",
            f"{batch.batch_id}: {batch.input_rows:,} records in {batch.duration_ms:,} ms "
            f"({slowest[0]} {slowest[1]:,} ms), {batch.state_rows:,} ids kept",
        )
    if counted is not None:
        totals = counted.totals
        as_of = to_iso(totals.newest_call_us) if totals.newest_call_us else "no call yet"
        watermark = to_iso(totals.watermark_us) if totals.watermark_us else "none yet"
        table.add_row("Data as of", f"{as_of} (San Francisco wall clock)")
        table.add_row("Watermark", f"{watermark} (ids before it are forgotten)")
    if stream.ui_url:
        table.add_row("Spark UI", f"{stream.ui_url}/StreamingQuery/")
    return table


def _virtual(virtual_ms: int | None) -> str:
    if virtual_ms is None:
        return ""
    wall = datetime.fromtimestamp(virtual_ms / 1000, UTC).astimezone(SAN_FRANCISCO)
    return f", now at {wall:%a %Y-%m-%d %H:%M}"


def _accounting(overview: Overview) -> Text:
    now = overview.accounting
    text = Text("\n")
    text.append(f"{now.read:,} read", style="bold")
    text.append(" = ")
    for style, name, number in (
        ("green", "counted", now.counted),
        ("cyan", "duplicate", now.duplicate),
        ("yellow", "late", now.late),
        ("red", "rejected", now.rejected),
    ):
        text.append(f"{number:,} {name}", style=style if number else "dim")
        text.append(" + " if name != "rejected" else "   ")
    text.append("adds up" if now.adds_up else "DOES NOT ADD UP", style="bold green")
    text.append("\n")
    return text


def _types(counted: Counted) -> Table:
    windows = len(counted.movements[0].by_window)
    minutes = counted.generation.window_minutes
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column(f"Calls of the last {windows} windows of {minutes} min", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("by window, the newest still filling", no_wrap=True)
    table.add_column("last full", justify="right")
    for each in counted.movements:
        table.add_row(
            terminal_safe(each.call_type),
            f"{each.calls:,}",
            Text(_sparkline(each), style="cyan"),
            _change(each),
        )
    return table


def _sparkline(each: Movement) -> str:
    highest = max((calls for calls in each.by_window if calls is not None), default=0)
    if not highest:
        return ""
    return "".join(
        " " if calls is None else _BLOCKS[calls * (len(_BLOCKS) - 1) // highest]
        for calls in each.by_window
    )


def _change(each: Movement) -> Text:
    """Against the window before; nothing where too few calls would make it chance."""
    if each.change is None:
        return Text("", style="dim")
    return Text(f"{each.change:+.0%}", style="green" if each.change <= 0 else "magenta")
