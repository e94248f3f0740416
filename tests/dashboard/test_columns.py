"""Questions to the cells in memory, each compared with plain Python over the same cells."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from counted_store import wall_s
from sfcrime.dashboard.memory.chunk import CHUNK_S, Cells, chunk_of, chunk_start
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.dashboard.memory.labels import CallTypeEntries
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import Totals

HOUR = 3600
CODES = ("HAN", "CIT", "22", "", "OTS")
LABELS = ("Passing Call", "22500e", "917", "Drugs", "Traf Violation Cite", "Suspicious Person", "")
MONDAY = wall_s("2018-09-03T00:00")
"""Start of a chunk."""


@dataclass(frozen=True)
class Count:
    """Invented cells, as rows and as columns."""

    cells: list[tuple[int, str, str, int]]
    columns: CellColumns


def columns_of(cells: list[tuple[int, str, str, int]], window_s: int) -> CellColumns:
    entries = CallTypeEntries()
    numbers = {label: entries.add(label) for label in LABELS}
    types = entries.types()
    windows, labels, codes, calls = (
        np.array([each[0] for each in cells]),
        np.array([numbers[each[1]] for each in cells]),
        np.array([CODES.index(each[2]) for each in cells]),
        np.array([each[3] for each in cells]),
    )
    starts = chunk_start(windows)
    chunks = {}
    for start in sorted(set(starts.tolist())):
        some = Cells(windows, labels, codes, calls).only(starts == start)
        chunks[start] = chunk_of(start, window_s, some, types, len(CODES))
    counted = sum(each[3] for each in cells)
    totals = Totals(Accounting(read=counted, counted=counted), 1, 0, 1, None)
    return CellColumns(totals, types, CODES, chunks)


def invented(seed: int, *, window_s: int, days: int = 70) -> Count:
    """Some 2,000 cells over three chunks, that of the middle with cells at its very ends."""
    chance = random.Random(seed)
    rows: Counter[tuple[int, str, str]] = Counter()
    for _ in range(2000):
        window = MONDAY + chance.randrange(days * 24 * HOUR // window_s) * window_s
        rows[window, chance.choice(LABELS), chance.choice(CODES)] += chance.choice((1, 1, 2, 300))
    for window in (MONDAY + CHUNK_S, MONDAY + 2 * CHUNK_S - window_s):
        rows[window, "Drugs", "HAN"] += 70_000
    cells = [(*key, calls) for key, calls in rows.items()]
    return Count(cells, columns_of(cells, window_s))


@pytest.fixture(params=[3600, 900, 60])
def count(request: pytest.FixtureRequest) -> Count:
    return invented(7, window_s=request.param)


SPANS = [
    (MONDAY, MONDAY + 70 * 24 * HOUR),
    (0, 2**33),
    (MONDAY + 5 * HOUR, MONDAY + 29 * HOUR),
    (MONDAY + CHUNK_S - 3 * HOUR, MONDAY + CHUNK_S + 2 * HOUR),
    (MONDAY + CHUNK_S, MONDAY + 2 * CHUNK_S),
    (MONDAY + CHUNK_S + HOUR, MONDAY + 2 * CHUNK_S - HOUR),
    (MONDAY - 50 * HOUR, MONDAY),
    (MONDAY + 5 * HOUR, MONDAY + 5 * HOUR),
    (MONDAY + 200 * 24 * HOUR, MONDAY + 201 * 24 * HOUR),
]


@pytest.mark.parametrize("span", SPANS)
def test_calls_by_label_are_those_of_the_cells(count: Count, span: tuple[int, int]) -> None:
    expected: Counter[str] = Counter()
    for window, label, _, calls in count.cells:
        if span[0] <= window < span[1]:
            expected[label] += calls
    found = count.columns.by_label(*span)
    assert found.tolist() == [expected[label] for label in LABELS]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("dense", [0, 10**9])
def test_calls_by_label_and_disposition_are_those_of_the_cells(
    count: Count, span: tuple[int, int], dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.dashboard.memory.columns._DENSE_PAIRS", dense)
    expected: Counter[tuple[str, str]] = Counter()
    for window, label, code, calls in count.cells:
        if span[0] <= window < span[1]:
            expected[label, code] += calls
    pairs = count.columns.by_label_and_disposition(*span)
    columns = (pairs.labels.tolist(), pairs.dispositions.tolist(), pairs.calls.tolist())
    rows = list(zip(*columns, strict=True))
    assert {(LABELS[label], CODES[code]): calls for label, code, calls in rows} == dict(expected)
    assert len(rows) == len(expected)


@pytest.mark.parametrize("span", [each for each in SPANS if each[1] - each[0] < 10**8])
@pytest.mark.parametrize(
    "wanted", [None, LABELS, (), ("Drugs",), ("22500e", "Traf Violation Cite"), LABELS[::2]]
)
def test_calls_by_hour_are_those_of_the_wanted_cells(
    count: Count, span: tuple[int, int], wanted: tuple[str, ...] | None
) -> None:
    expected = [0] * ((span[1] - span[0]) // HOUR)
    for window, label, _, calls in count.cells:
        if span[0] <= window < span[1] and (wanted is None or label in wanted):
            expected[(window - span[0]) // HOUR] += calls
    mask = None if wanted is None else np.array([label in wanted for label in LABELS])
    assert count.columns.by_hour(*span, mask).tolist() == expected


def test_a_category_and_a_type_choose_their_labels(count: Count) -> None:
    types = count.columns.types
    chosen = types.of_category("Traffic and parking")
    assert [label for label, some in zip(LABELS, chosen, strict=True) if some] == [
        "22500e",
        "Traf Violation Cite",
    ]
    chosen = types.of_reading("Suspicious Person")
    assert [label for label, some in zip(LABELS, chosen, strict=True) if some] == [
        "917",
        "Suspicious Person",
    ]
    assert not types.of_reading("never seen").any()
    assert not types.of_category("no category").any()


def test_a_chunk_gives_back_the_cells_that_it_was_made_of(count: Count) -> None:
    found = []
    for chunk in count.columns.chunks.values():
        cells = chunk.cells()
        columns = (cells.windows, cells.labels, cells.dispositions, cells.calls)
        for window, label, code, calls in zip(*(each.tolist() for each in columns), strict=True):
            found.append((window, LABELS[label], CODES[code], calls))
    assert sorted(found) == sorted(count.cells)


def test_a_cell_that_comes_twice_is_added_up() -> None:
    cells = [(MONDAY, "Drugs", "HAN", 3), (MONDAY, "Drugs", "HAN", 4)]
    columns = columns_of(cells, HOUR)
    assert columns.chunks[MONDAY].cells().calls.tolist() == [7]
    assert columns.calls == 7


def test_chunks_start_on_mondays_of_every_fourth_week() -> None:
    times = ["2018-09-02T23:00", "2018-09-03T00:00", "2018-09-30T23:59", "2018-10-01T00:00"]
    found = chunk_start(np.array([wall_s(each) for each in times]))
    expected = ["2018-08-06", "2018-09-03", "2018-09-03", "2018-10-01"]
    assert found.tolist() == [wall_s(f"{each}T00:00") for each in expected]


def test_forty_thousand_cells_take_three_bytes_each_and_little_beside() -> None:
    chance = np.random.default_rng(1)
    cells = Cells(
        MONDAY + np.arange(40_000) // 60 * HOUR,
        chance.integers(len(LABELS), size=40_000),
        chance.integers(len(CODES), size=40_000),
        np.ones(40_000, np.int64),
    )
    entries = CallTypeEntries()
    for label in LABELS:
        entries.add(label)
    chunk = chunk_of(MONDAY, HOUR, cells, entries.types(), len(CODES))
    assert chunk.windows.nbytes + chunk.calls.nbytes == 3 * len(chunk.windows)
