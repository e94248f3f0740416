"""What the exercise's Python workers make of a batch of records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import cloudpickle
from stateful_calls import JUDGED_SCHEMA, judging

from hostile_records import GOOD, timed_value, with_id

WEEK_US = 604_800_000_000
OCTOBER_MS = 1_538_496_660_000
"""2018-10-02T09:11:00 in San Francisco."""
CALL_US = 1_538_471_460_000_000
"""The same on the wall."""

IN_A_WORKER = """
import sys
import pyarrow as pa
from pyspark.serializers import CPickleSerializer
judge = CPickleSerializer().loads(sys.stdin.buffer.read())
columns = {
    "value": pa.array([b"not json"]),
    "partition": pa.array([1], pa.int32()),
    "offset": pa.array([3]),
    "timestamp": pa.array([0], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
}
(judged,) = judge(iter([pa.RecordBatch.from_pydict(columns)]))
print(judged.to_pylist())
"""


def _judged(
    rows: Sequence[tuple[bytes | None, int, int, int]], lateness_us: int | None
) -> list[dict[str, Any]]:
    """Rows of value, partition, offset, Kafka timestamp in milliseconds."""
    value, partition, offset, timestamp_ms = (list(column) for column in zip(*rows, strict=True))
    timestamps = pa.array([ms * 1000 for ms in timestamp_ms], pa.int64())
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array(value, pa.binary()),
            pa.array(partition, pa.int32()),
            pa.array(offset, pa.int64()),
            timestamps.cast(pa.timestamp("us", tz="UTC")),
        ],
        names=["value", "partition", "offset", "timestamp"],
    )
    (judged,) = judging(lateness_us)(iter([batch]))
    as_number = judged.column("call_time").cast(pa.int64())
    return list(judged.set_column(1, "call_time", as_number).to_pylist())


def test_a_call_carries_its_id_time_and_label_and_what_is_set_aside_its_place_and_reason() -> None:
    rows = _judged(
        [
            (GOOD, 0, 7, OCTOBER_MS),
            (b"not json", 1, 12, OCTOBER_MS),
            (None, 2, 9_000_000_000, OCTOBER_MS),
            (timed_value("2018-10-02T10:11:01"), 0, 9, OCTOBER_MS),
            (with_id(b'"007"'), 1, 13, OCTOBER_MS),
        ],
        WEEK_US,
    )

    assert rows == [
        {"identity": 182750001, "call_time": CALL_US, "label": "Passing Call\x1fHAN"},
        {"identity": -1 - (12 * 65536 + 1), "call_time": None, "label": "not-json"},
        {"identity": -1 - (9_000_000_000 * 65536 + 2), "call_time": None, "label": "no-value"},
        {"identity": -1 - 9 * 65536, "call_time": None, "label": "from-the-future"},
        {"identity": 7, "call_time": CALL_US, "label": "Passing Call\x1fHAN"},
    ]


def test_a_late_record_is_set_aside_unless_the_rule_is_off() -> None:
    old = [(timed_value("2018-09-01T00:00:00"), 0, 8, OCTOBER_MS)]

    (late,) = _judged(old, WEEK_US)
    (counted,) = _judged(old, None)

    assert late["identity"] == -1 - 8 * 65536
    assert late["label"] == "late"
    assert late["call_time"] is None, "an event time would let the watermark drop it"
    assert counted["identity"] == 182750001


def test_the_columns_are_those_that_spark_was_told_of() -> None:
    assert list(_judged([(GOOD, 0, 0, OCTOBER_MS)], None)[0]) == JUDGED_SCHEMA.names


def test_a_worker_needs_nothing_of_the_exercises_folder(tmp_path: Path) -> None:
    """It has the package, and neither this folder nor its modules."""
    ran = subprocess.run(
        [sys.executable, "-c", IN_A_WORKER],
        input=cloudpickle.dumps(judging(WEEK_US)),
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr.decode()
    assert ran.stdout.decode() == (
        "[{'identity': -196610, 'call_time': None, 'label': 'not-json'}]\n"
    )
