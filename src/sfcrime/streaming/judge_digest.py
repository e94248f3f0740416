"""Which judge a process has: a digest of all that decides a verdict.

Workers may run on other machines, from another copy of the code. Two of them that would judge a
record differently must not count into the same numbers, so each tally carries the worker's digest,
and the driver takes no other than its own. No input but the code itself.
"""

from __future__ import annotations

import msgspec
import orjson

from sfcrime.domain.code_digest import code_digest
from sfcrime.domain.outcomes import RULES_VERSION
from sfcrime.domain.wall_clock import wall_offset_ms

JUDGING_MODULES = (
    "sfcrime.domain.calls",
    "sfcrime.domain.code_digest",
    "sfcrime.domain.outcomes",
    "sfcrime.domain.wall_clock",
    "sfcrime.streaming.intake",
    "sfcrime.streaming.judge",
    "sfcrime.streaming.judge_digest",
    "sfcrime.streaming.judged_rows",
    "sfcrime.streaming.packets",
    "sfcrime.streaming.rules",
)
"""What a worker imports of sfcrime to judge."""

_A_WEEK = 7 * 24
_LAST_HOUR = 1_139_568  # 2100-01-01


def judge_digest() -> str:
    """12 hexadecimal digits of the judging code, the rules' version, the parsers and the zone.

    The zone's rules are those of the machine, so a digest of what they say replaces their version.
    """
    offsets = [wall_offset_ms(hour) for hour in range(0, _LAST_HOUR, _A_WEEK)]
    parsers = (msgspec.__version__, orjson.__version__)
    return code_digest(JUDGING_MODULES, RULES_VERSION, parsers, offsets)


JUDGE_DIGEST = judge_digest()
"""Of this process. Made once: some 20 ms."""
