"""What the benchmarks of the page make of what they saw, and the store that they measure with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import throughput
from big_store import make_store
from committer import commit
from page_events import Arrivals, Delivered, EventClient, delivered
from page_screen import Shown, shown_after
from rich.console import Console

from sfcrime.domain.outcomes import Accounting
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import LedgerRow
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import open_writer


def test_a_made_store_has_exactly_so_many_cells_and_is_sound(tmp_path: Path) -> None:
    made = make_store(tmp_path, 20_000)
    with open_reader(tmp_path / STORE_FILE) as reader:
        cells = list(reader.cells())
        totals = reader.totals()
    assert (made.cells, len(cells)) == (20_000, 20_000)
    assert totals.accounting.counted == sum(cell.calls for cell in cells) == made.calls
    assert totals.accounting.rejected == totals.accounting.read // 5_000
    assert 45 < 20_000 / len({cell.window_us for cell in cells}) < 70
    assert store_problems(tmp_path / STORE_FILE) == []


def test_batches_go_on_with_a_made_store_and_an_hour_passes_every_fifty(tmp_path: Path) -> None:
    make_store(tmp_path, 1_000)
    with open_reader(tmp_path / STORE_FILE) as reader:
        before = reader.totals()
    assert before.newest_call_us is not None
    hour = before.newest_call_us // 3_600_000_000
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        done = commit(writer, hour, calls=3, batches_per_s=10_000, seconds=0.00505)
    with open_reader(tmp_path / STORE_FILE) as reader:
        after = reader.totals()
    assert done == 51
    assert after.accounting.counted == before.accounting.counted + 153
    assert after.newest_call_us is not None
    assert after.newest_call_us // 3_600_000_000 == hour + 1
    assert store_problems(tmp_path / STORE_FILE) == []


def test_a_batch_is_shown_by_the_first_total_that_holds_it() -> None:
    ledger = [
        _row(7, committed_ms=1_000, counted=5),
        _row(8, committed_ms=2_000, counted=10),
        _row(9, committed_ms=2_100, counted=10),
        _row(10, committed_ms=2_200, counted=0),
        _row(11, committed_ms=2_300, counted=1),
        _row(12, committed_ms=9_000, counted=1),
    ]
    shown = [(900.0, 100), (1_100.0, 105), (2_400.0, 125), (9_100.0, 127)]
    assert shown_after(ledger, 127, shown, (1_500, 5_000)) == Shown(
        batches=3, never=0, p50_ms=400.0, p90_ms=6_800.0, p99_ms=6_800.0, max_ms=6_800.0
    )


def _row(batch_id: int, committed_ms: int, counted: int) -> LedgerRow:
    return LedgerRow(batch_id, committed_ms, Accounting(read=counted, counted=counted))


def test_a_batch_that_no_frame_shows_is_told() -> None:
    ledger = [_row(0, 1_000, 5), _row(1, 2_000, 5)]
    found = shown_after(ledger, 10, [(1_010.0, 5)], (0, 5_000))
    assert (found.batches, found.never, found.max_ms) == (2, 1, 10.0)


def test_a_delivery_is_to_the_first_event_that_is_not_older_than_the_batch() -> None:
    committed_ms = {4: 1_000, 5: 1_200, 6: 1_300}
    each = Arrivals(batches=[3, 4, 6], at_ms=[500.0, 1_010.0, 1_340.0])
    ended = Arrivals(batches=[3, 4, 5], at_ms=[500.0, 1_020.0, 1_250.0], ended=True)
    assert delivered([each, ended], committed_ms, stalled=1) == Delivered(
        clients=3,
        stalled=1,
        lost=1,
        batches=3,
        events=4,
        conflated=1,
        p50_ms=40.0,
        p99_ms=140.0,
        max_ms=140.0,
    )


def test_an_event_counts_once_its_last_byte_is_there() -> None:
    found = Arrivals()
    client = EventClient(found, stalls=False)
    client.data_received(b"HTTP/1.1 200 OK\r\n\r\n30\r\nid: 1.7.3\nevent: snapshot\ndata: {")
    assert found.batches == []
    client.data_received(
        b"}\n\n\r\n3\r\n: beat\n\n\r\n20\r\nevent: snapshot\nid: 1.8.4\ndata: {}\n"
    )
    assert found.batches == [7]
    client.data_received(b"\n\r\n")
    assert found.batches == [7, 8]
    assert len(found.at_ms) == 2


def test_a_stalled_client_reads_no_more_than_the_head() -> None:
    paused: list[bool] = []

    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: object = None) -> tuple[str, int]:
            return ("127.0.0.1", 8000)

        def write(self, data: object) -> None:
            assert data == b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n"

        def pause_reading(self) -> None:
            paused.append(True)

    found = Arrivals()
    client = EventClient(found, stalls=True)
    client.connection_made(Transport())
    client.data_received(b"id: 1.7.3\ndata: {}\n\n")
    assert (paused, found.batches) == ([True], [])


def test_without_a_browser_the_watched_page_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "browser_is_there", lambda: False)
    assert throughput.runnable(["d", "p"], Console(quiet=True)) == ["d"]
