"""The judge of the stream: what a record is, before repeats are looked for. Pure.

The rules and their order are those of docs/rules.md. Nearly every record has exactly the fields
of the legacy file, all of them text: msgspec decodes such a one straight into typed fields, and
refuses everything that is not strict JSON of that form. Whatever it refuses goes the long way,
through `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from sfcrime.domain.outcomes import FUTURE_TOLERANCE_S, MAX_VALUE_BYTES, Reason
from sfcrime.domain.wall_clock import MICROS, wall_offset_ms
from sfcrime.streaming.rules import (
    is_call_id,
    judge_closely,
    known_dates,
    known_labels,
    known_times,
)

LATE = "late"
"""The label of a late record; every other that is set aside has its `Reason`."""
_HOUR_US = 3600 * MICROS


class LegacyCall(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The legacy file's record (`domain.calls.CALL_FIELDS`): these fields, all text, no other.

    `gc=False`: it holds text alone, so the collector need not look at it.
    """

    crime_id: str
    original_crime_type_name: str
    report_date: str
    call_date: str
    offense_date: str
    call_time: str
    call_date_time: str
    disposition: str
    address: str
    city: str
    state: str
    agency_id: str
    address_type: str
    common_location: str


_decode = msgspec.json.Decoder(LegacyCall).decode


@dataclass(frozen=True, slots=True)
class JudgedColumns:
    """Verdicts on a run of records, one row each, as columns: millions of rows pass here."""

    call_id: list[int | None] = field(default_factory=list)
    """Numeric call id; None where the record is set aside."""
    call_us: list[int | None] = field(default_factory=list)
    """Call time on the wall, microseconds since 1970-01-01T00:00:00; None where rejected."""
    label: list[str] = field(default_factory=list)
    """Call type, `LABEL_SEPARATOR`, disposition, blanks folded; of a record set aside its
    `Reason`, or `LATE`."""

    def set_aside(self, why: str, call_us: int | None = None) -> None:
        """Adds the row of a record that is rejected, or late with its call time."""
        self.call_id.append(None)
        self.call_us.append(call_us)
        self.label.append(why)


def judge_records(
    values: Iterable[bytes | None], published_us: Iterable[int], lateness_us: int | None
) -> JudgedColumns:
    """Judges records by R1 to R15 and L1.

    Args:
        values: the records' bytes; None is a tombstone.
        published_us: their Kafka timestamps, microseconds since 1970 UTC.
        lateness_us: allowed lateness, microseconds; None: R15 and L1 are off.
    """
    columns = JudgedColumns()
    add_id, add_time = columns.call_id.append, columns.call_us.append
    add_label = columns.label.append
    limits = _AgeLimits(lateness_us)
    for value, published in zip(values, published_us, strict=True):
        try:
            call = _decode(value)  # type: ignore[arg-type]
            time, call_id = call.call_date_time, call.crime_id
            call_us = known_dates[time[:11]] + known_times[time[11:]]
            label = known_labels[call.original_crime_type_name, call.disposition]
            if not is_call_id(call_id) or len(value) > MAX_VALUE_BYTES:  # type: ignore[arg-type]
                raise ValueError(call_id)
        except (msgspec.DecodeError, KeyError, ValueError, TypeError):
            judged = judge_closely(value)
            if isinstance(judged, Reason):
                columns.set_aside(judged)
                continue
            call_id, call_us, label = judged
        if lateness_us is not None:
            if not limits.start_us <= published < limits.end_us:
                limits.move_to(published)
            if not limits.least_us <= published - call_us <= limits.most_us:
                if published - call_us > limits.most_us:
                    columns.set_aside(LATE, call_us)
                else:
                    columns.set_aside(Reason.FROM_THE_FUTURE)
                continue
        add_id(int(call_id))
        add_time(call_us)
        add_label(label)
    return columns


class _AgeLimits:
    """Between which differences of publication (an instant) and call time (on the wall) a record
    is neither from the future nor late; they hold for the hour of publication they were made for.
    """

    def __init__(self, lateness_us: int | None) -> None:
        self._lateness_us = lateness_us or 0
        self.start_us = self.end_us = 0
        self.least_us = self.most_us = 0

    def move_to(self, published_us: int) -> None:
        hour = published_us // _HOUR_US
        ahead_us = wall_offset_ms(hour) * 1000
        self.start_us, self.end_us = hour * _HOUR_US, (hour + 1) * _HOUR_US
        self.least_us = -FUTURE_TOLERANCE_S * MICROS - ahead_us
        self.most_us = self._lateness_us - ahead_us
