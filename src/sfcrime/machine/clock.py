"""The clock of this machine, as instants are kept."""

from __future__ import annotations

import time


def now_ms() -> int:
    """This instant, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
