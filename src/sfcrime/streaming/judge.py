"""The judge of the stream: what a record is, before repeats are looked for. No input or output.

The rules and their order are those of docs/rules.md. Nearly every record has exactly the fields
of the legacy file, all of them text: msgspec decodes such a one straight into typed fields, and
refuses everything that is not strict JSON of that form. Whatever it refuses goes the long way,
through `rules`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sfcrime.domain.outcomes import FUTURE_TOLERANCE_S, MAX_VALUE_BYTES, Reason
from sfcrime.domain.wall_clock import MICROS, wall_offset_ms
from sfcrime.streaming.judged_rows import LATE, JudgedColumns
from sfcrime.streaming.rules import (
    is_call_id,
    judge_closely,
    known_dates,
    known_labels,
    known_times,
)

_HOUR_US = 3600 * MICROS
_FAR_MS = (1 << 62) // 1000


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


def judge_records(
    values: Sequence[bytes | None], published_ms: NDArray[np.int64], lateness_us: int | None
) -> JudgedColumns:
    """Judges records by R1 to R15 and L1.

    Args:
        values: the records' bytes; None is a tombstone.
        published_ms: their Kafka timestamps, milliseconds since 1970 UTC.
        lateness_us: allowed lateness, microseconds; None: R15 and L1 are off.
    """
    columns = JudgedColumns()
    add_id, add_time = columns.call_id.append, columns.call_us.append
    add_label = columns.label.append
    for value in values:
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
                columns.reject(judged)
                continue
            call_id, call_us, label = judged
        add_id(int(call_id))
        add_time(call_us)
        add_label(label)
    if lateness_us is not None:
        _set_aside_by_age(columns, published_ms, lateness_us)
    return columns


def _set_aside_by_age(
    columns: JudgedColumns, published_ms: NDArray[np.int64], lateness_us: int
) -> None:
    """R15 and L1, over all valid rows at once: nearly all of them pass."""
    # A Kafka timestamp can be anything: so far out the verdict is the same, and sums still fit.
    published = np.clip(published_ms, -_FAR_MS, _FAR_MS) * 1000
    hours = pa.array(published // _HOUR_US).dictionary_encode()
    ahead_us = np.array(
        [wall_offset_ms(hour) * 1000 for hour in hours.dictionary.to_pylist()], np.int64
    )
    call_us = pa.array(columns.call_us, pa.int64())
    # The wall's time of publication (an instant) less that of the call.
    age_us = pc.subtract(pa.array(published + ahead_us[hours.indices]), call_us)
    is_odd = pc.or_(pc.less(age_us, -FUTURE_TOLERANCE_S * MICROS), pc.greater(age_us, lateness_us))
    for row in np.flatnonzero(is_odd.fill_null(False)).tolist():
        columns.call_id[row] = None
        if age_us[row].as_py() > lateness_us:
            columns.label[row] = LATE
        else:
            columns.label[row] = Reason.FROM_THE_FUTURE
            columns.call_us[row] = None
