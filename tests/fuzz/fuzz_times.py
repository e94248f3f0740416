"""Chooses publications and allowed latenesses: anywhere, and on both sides of every bound."""

from __future__ import annotations

from random import Random

from sfcrime.settings import LATENESS_OFF, StreamSettings
from sfcrime.streaming.generation_choice import allowed_lateness_s

_HOUR_MS = 3_600_000
_END_OF_ZONED_MS = 4_102_444_800_000

_SEAMS_MS = (
    *(1_541_322_000_000, 1_520_762_400_000),  # November and March 2018
    *(1_143_972_000_000, 1_162_112_400_000),  # 2006, under the rule before
    *(0, 946_684_800_000, 4_065_541_200_000, _END_OF_ZONED_MS),
)
_ODD_MS = (
    *(0, -1, 1, -2, -(2**31), 2**31, -(2**62), 2**62, 2**63 - 1, -(2**63)),
    *(9_223_372_036_854_775, -9_223_372_036_854_775, 9_223_372_036_854_776),
    *((1 << 62) // 1000, (1 << 62) // 1000 + 1, -((1 << 62) // 1000), -((1 << 62) // 1000) - 1),
    *(253_402_300_799_999, 253_402_300_800_000, -62_135_596_800_000, -12_219_292_800_001),
    *(7_258_118_400_000, _END_OF_ZONED_MS - 1, _END_OF_ZONED_MS + 15_638_400_000),
)
LATENESS_HOURS = (
    *(None, LATENESS_OFF, LATENESS_OFF, 0.0, 0.0, 168.0, 168.0, 168.0, 0.5, 1.0, 24.0, 0.0001),
    *(1 / 3, 0.00027, 1.999_999, 720.0, 8_760.0, 876_000.0, 1_000_000.0, 2_191_440.5 / 3),
)
"""As the setting takes them; None: what the topic is given without it."""


class TimeMaker:
    """Chooses one topic's allowed lateness, and a publication for each of its records."""

    def __init__(self, random: Random) -> None:
        self._random = random.random
        asked = random.choice(LATENESS_HOURS)
        self.lateness_s = allowed_lateness_s(StreamSettings(lateness_hours=asked), 604_800)

    def published_ms(self, call_us: int | None) -> int:
        """A Kafka timestamp for a call of this time on the wall, if it is known."""
        way = self._random()
        if call_us is None or way < 0.05:
            return self._anywhere()
        ahead_ms = (7 if self._random() < 0.5 else 8) * _HOUR_MS
        allowed_ms = (self.lateness_s or 0) * 1000
        if way < 0.55:
            back_ms = int(self._random() * (min(allowed_ms, 900 * _HOUR_MS) + _HOUR_MS))
            return call_us // 1000 + 8 * _HOUR_MS - _HOUR_MS + back_ms
        nearly_ms = int(self._random() * 5) - 2
        if self._random() < 0.2:
            nearly_ms += (int(self._random() * 3) - 1) * _HOUR_MS
        if way < 0.8:
            return call_us // 1000 + allowed_ms + ahead_ms + nearly_ms
        return call_us // 1000 - _HOUR_MS + ahead_ms + nearly_ms

    def _anywhere(self) -> int:
        way, at = self._random(), self._random()
        if way < 0.4:
            return _ODD_MS[int(at * len(_ODD_MS))]
        if way < 0.7:
            seam_ms = _SEAMS_MS[int(at * len(_SEAMS_MS))]
            return seam_ms + int(self._random() * 400 - 200) * _HOUR_MS + int(at * 1000) % 3 - 1
        return int(at * (_END_OF_ZONED_MS + 4 * 10**12)) - 2 * 10**12
