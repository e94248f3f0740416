"""Order out of core."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sfcrime.errors import SfcrimeError
from sfcrime.sources import ordering
from sfcrime.sources.ordering import OrderedRecord, OrderedRecords


def test_records_come_back_by_time_then_place_over_many_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "ROWS_PER_BATCH", 7)
    times = [random.Random(3).randrange(20) for _ in range(100)]
    records = OrderedRecords(tmp_path)
    for place, time in enumerate(times):
        records.stage((time, time * 10), b"k" if place % 2 else None, b"%d" % place)
    records.put_in_order((0, 0))
    expected = [
        OrderedRecord(times[place] * 10, b"k" if place % 2 else None, b"%d" % place)
        for place in sorted(range(100), key=lambda place: (times[place], place))
    ]
    assert list(records.read(0)) == expected
    assert list(records.read(93)) == expected[93:]
    assert records.newest_before(50) == expected[49].published_ms
    assert records.newest_before(0) is None
    records.close()


def test_records_before_the_first_time_take_the_one_given(tmp_path: Path) -> None:
    records = OrderedRecords(tmp_path)
    records.stage(None, None, b"a")
    records.stage((5, 50), None, b"b")
    records.stage((4, 40), b"", b"c")
    records.put_in_order((5, 50))
    assert list(records.read(0)) == [(40, b"", b"c"), (50, None, b"a"), (50, None, b"b")]
    records.close()


def test_a_failing_disk_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "MEMORY_LIMIT", "1MB")
    records = OrderedRecords(tmp_path)
    try:
        with pytest.raises(SfcrimeError, match="could not be put into call-time order") as full:
            for number in range(200_000):
                records.stage((number % 977, number), None, b"")
            records.put_in_order((0, 0))
        assert full.value.may_pass
    finally:
        records.close()
