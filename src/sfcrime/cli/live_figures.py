"""What the live view is made of: parts, facts and the sum of the four outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from rich.style import Style
from rich.table import Table
from rich.text import Text

from sfcrime.cli.state_text import restarts_text, state_text
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.domain.wall_clock import SAN_FRANCISCO, second_iso
from sfcrime.pipeline.liveness import Liveness
from sfcrime.pipeline.overview import Counted, Overview

_NAME_WIDTH = 10
_EPOCH = datetime(1970, 1, 1)


def title_of(counted: Counted | None) -> Text:
    """What is counted, and whether it is made up."""
    title = Text("sfcrime", style="bold")
    if counted is not None:
        title.append(f" · {terminal_safe(counted.generation.source_title)}")
        if counted.generation.synthetic:
            title.append("  ").append(" SYNTHETIC DATA ", style="black on yellow")
    return title


def stale_lines(liveness: Liveness | None) -> list[Text]:
    """Since when the numbers stand still, and why; nothing while they go on."""
    if liveness is None or liveness.since_ms is None:
        return []
    text = terminal_safe(state_text(liveness))
    return [Text(f"{text[0].upper()}{text[1:]}", style="bold yellow")]


def parts_table(
    overview: Overview, lag: int, rates: Mapping[str, float], supervisor_step: str
) -> Table:
    """Producer, stream and last batch: how much, how fast, and what else."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("", min_width=_NAME_WIDTH, no_wrap=True, style="bold")
    table.add_column("Records", min_width=11, justify="right", no_wrap=True)
    table.add_column("Pace", min_width=9, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    producer, stream = overview.producer, overview.stream
    sent = producer.sent + producer.already_there
    step = stream.step if stream.step != "starting" else supervisor_step
    table.add_row(
        "Producer",
        f"{sent:,}",
        f"{rates['published']:,.0f}/s",
        _down_text(overview, "producer")
        or Text(terminal_safe(producer.step) + _virtual(producer.virtual_ms)),
    )
    table.add_row(
        "Stream",
        f"{overview.accounting.read:,}",
        f"{rates['read']:,.0f}/s",
        (_down_text(overview, "stream") or Text(terminal_safe(step)))
        .append(" · lag ")
        .append(f"{lag:,}", style="bold"),
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


def facts_table(overview: Overview) -> Table:
    """Freshness, and where to look deeper."""
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=_NAME_WIDTH, no_wrap=True, style="bold")
    table.add_column(no_wrap=True, overflow="ellipsis")
    if overview.counted is not None:
        totals = overview.counted.totals
        as_of = _wall(totals.newest_call_us) if totals.newest_call_us else "no call yet"
        table.add_row("Data as of", as_of)
    if overview.restarted:
        table.add_row("Restarts", terminal_safe(restarts_text(overview.restarted)))
    if overview.stream.ui_url:
        table.add_row("Spark UI", _link(f"{overview.stream.ui_url}/StreamingQuery/"))
    page = _down_text(overview, "dashboard")
    if page or overview.dashboard.url:
        table.add_row("Page", page or _link(overview.dashboard.url))
    return table


def _down_text(overview: Overview, name: str) -> Text | None:
    """Since when a part is down: the reason stands above, with the whole date."""
    part = overview.down(name)
    if part is None:
        return None
    return Text(f"down since {second_iso(part.since_ms)[11:]}", style="bold yellow")


def _link(url: str) -> Text:
    return Text().append(url, style=Style(link=url, underline=True))


def _wall(wall_us: int) -> str:
    return f"{_EPOCH + timedelta(microseconds=wall_us):%a %Y-%m-%d %H:%M}"


def _virtual(virtual_ms: int | None) -> str:
    if virtual_ms is None:
        return ""
    wall = datetime.fromtimestamp(virtual_ms / 1000, UTC).astimezone(SAN_FRANCISCO)
    return f" · at {wall:%a %Y-%m-%d %H:%M}"


def accounting_line(overview: Overview, width: int) -> Text:
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
