"""The table of call types in the live view: a bar a window, and the change of the last full one."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sfcrime.domain.safe_text import terminal_safe
from sfcrime.pipeline.overview import Counted
from sfcrime.statistics.movement import Movement

_BLOCKS = "▁▂▃▄▅▆▇█"
_NO_CALLS = "·"
_NO_SUCH_HOUR = " "

_LABEL_WIDTH = 24
_LEAST_TYPES = 3


def movements_table(counted: Counted, room: int) -> list[RenderableType]:
    """The commonest call types, and what the columns mean.

    Args:
        counted: has movements.
        room: lines there are for it; a few types are shown in any case.
    """
    windows, minutes = len(counted.movements[0].by_window), counted.generation.window_minutes
    left_out = _left_out(counted.left_out)
    shown = max(_LEAST_TYPES, min(len(counted.movements), room - 2 - len(left_out)))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Call type", width=_LABEL_WIDTH, no_wrap=True, overflow="ellipsis")
    table.add_column("Calls", justify="right", min_width=7, no_wrap=True)
    table.add_column(f"{windows} windows of {minutes} min", min_width=windows, no_wrap=True)
    table.add_column("Change", justify="right", min_width=6, no_wrap=True)
    for each in counted.movements[:shown]:
        table.add_row(
            Text(terminal_safe(each.call_type)),
            f"{each.calls:,}",
            _sparkline(each),
            _change(each),
        )
    parts: list[RenderableType] = [Text(), table, *left_out]
    if room >= shown + 5 + len(left_out):
        parts += [Text(), _legend()]
    return parts


def _left_out(calls: int) -> list[Text]:
    if not calls:
        return []
    return [Text(f"{calls:,} calls of the rarest raw types are left out.", style="dim")]


def _legend() -> Text:
    return Text(
        "Bars: each type to its own peak; the last one is still filling. "
        "Change: last full window\nagainst the one before it, where that had 20 calls.",
        style="dim",
    )


def _sparkline(each: Movement) -> Text:
    """A glyph a window: bars to the type's own peak, a dot for none, a blank for the hour that
    the wall clock left out; the window that is still filling is dim."""
    peak = max((calls for calls in each.by_window if calls is not None), default=0)
    glyphs = [
        _NO_SUCH_HOUR
        if calls is None
        else _BLOCKS[-(-calls * len(_BLOCKS) // peak) - 1]
        if calls
        else _NO_CALLS
        for calls in each.by_window
    ]
    return Text("".join(glyphs[:-1]), style="cyan").append("".join(glyphs[-1:]), style="dim")


def _change(each: Movement) -> str:
    """Against the window before; nothing where too few calls would make it chance. No colour:
    more calls are neither good nor bad."""
    if each.change is None:
        return ""
    if round(each.change * 100) == 0:
        return "= 0%"
    return f"{'▲' if each.change > 0 else '▼'} {abs(each.change):.0%}"
