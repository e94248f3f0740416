"""What the fault runs share: the calls that are replayed, and a table of what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TO_THE_END = ("--speed", "max", "--until-caught-up", "--no-dashboard")


@dataclass(frozen=True)
class CallFiles:
    """The same calls in three orders, and how many there are."""

    is_real: bool
    calls: list[dict[str, str]]
    """Newest first, as the portal exports them."""
    by_order: dict[str, Path]

    def oldest_to_a_minute(self, at_least: int) -> int:
        """A number of oldest calls, `at_least` or a few more, that cuts no minute in two: the
        same calls whatever order the file has within a minute."""
        minutes = sorted(call["call_date_time"][:16] for call in self.calls)
        number = at_least
        while minutes[number] == minutes[number - 1]:
            number += 1
        return number


class Table:
    """Lines that are printed at the end of a test, past pytest's capture."""

    def __init__(self, title: str) -> None:
        self.lines = [title]

    def add(self, *columns: object) -> None:
        self.lines.append("  ".join(f"{column!s:<14}" for column in columns).rstrip())
