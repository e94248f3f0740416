"""A reader that polls all the while: no total may contradict its own cells, and none go back."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import SfcrimeError, StoreDamaged
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import Grouping

_POLL_S = 0.2
_STORE_POLLS_A_PAGE_POLL = 5
_PAGE_TIMEOUT_S = 2.0
DAYS = "counted and its days"
"""A sum of the page, which is compared where both of its answers are of one batch."""


@dataclass(frozen=True)
class Sight:
    """What one snapshot of the store, or one answer of the page, says."""

    of: str
    generation: int
    batches: int
    last_batch: int | None
    accounting: Accounting
    ends: Mapping[int, int]
    """By partition, the first offset that is not accounted for."""
    sums: Mapping[str, tuple[int, int]]
    """What has to be the same, by what it is."""

    def contradictions(self) -> list[str]:
        """What it says against itself."""
        read = f"{self.of}, batch {self.last_batch}"
        found = [f"{read}: {what}: {a} and {b}" for what, (a, b) in self.sums.items() if a != b]
        if not self.accounting.adds_up:
            found.append(f"{read}: {self.accounting} does not add up")
        return found

    def went_back_from(self, before: Sight) -> list[str]:
        """What it says against what was said before."""
        found = []
        now = {"generation": self.generation}
        then = {"generation": before.generation}
        if self.generation == before.generation:
            now |= self._numbers()
            then |= before._numbers()
        for name, number in then.items():
            if now.get(name, -1) < number:
                found.append(f"{self.of}: {name} went back from {number} to {now.get(name)}")
        return found

    def _numbers(self) -> dict[str, int]:
        account = self.accounting
        named = {
            "batches": self.batches,
            "last batch": -1 if self.last_batch is None else self.last_batch,
            **{name: getattr(account, name) for name in ("read", "counted", "late", "rejected")},
        }
        return named | {f"end of partition {number}": end for number, end in self.ends.items()}


def sight_of_store(reader: StoreReader) -> Sight:
    """One snapshot, with every sum that has to be the same."""
    totals, ledger = reader.totals(), reader.partition_ledger()
    account = totals.accounting
    cells = sum(each.calls for each in reader.calls_by(Grouping(windows=False, types=False)))
    last = -1 if totals.last_batch_id is None else totals.last_batch_id
    sums = {
        "counted and its cells": (account.counted, cells),
        "counted and its windows": (
            account.counted,
            sum(each.calls for each in reader.window_totals()),
        ),
        "counted and its partitions": (account.counted, sum(each.counted for each in ledger)),
        "late and its partitions": (account.late, sum(each.late for each in ledger)),
        "rejected and its reasons": (
            account.rejected,
            sum(reader.rejected_kept().by_reason.values()),
        ),
        "offsets and records": (
            sum(each.end - each.start for each in ledger),
            account.read + account.gaps,
        ),
        "batches and their numbers": (totals.batches, last + 1),
    }
    ends = {each.partition: each.end for each in ledger}
    return Sight("store", reader.number, totals.batches, totals.last_batch_id, account, ends, sums)


def sight_of_page(overview: Mapping[str, Any], days: Mapping[str, Any]) -> Sight:
    """What GET /api/v1/overview says, and /api/v1/days where it is of the same batch."""
    meta, parts = overview["meta"], overview["partitions"]
    account = Accounting(**overview["accounts"])
    sums = {
        "counted and its partitions": (account.counted, sum(each["counted"] for each in parts)),
        "offsets and records": (
            sum(each["end"] - each["start"] for each in parts),
            account.read + account.gaps,
        ),
    }
    if (days["meta"]["generation"], days["meta"]["batch"]) == (meta["generation"], meta["batch"]):
        calls = sum(each["calls"] or 0 for each in days["days"])
        sums[DAYS] = (account.counted, calls)
    ends = {each["partition"]: each["end"] for each in parts}
    return Sight(
        "page", meta["generation"], overview["batches"], meta["batch"], account, ends, sums
    )


class Observer:
    """Polls the store and, where it answers, the page, in a thread of its own; a context manager.

    Args:
        data_dir: of the service.
        store: where its store is, asked at each look.
    """

    def __init__(self, data_dir: Path, store: Callable[[], StoreAddress]) -> None:
        self._data_dir = data_dir
        self._store = store
        self._seen: dict[str, Sight] = {}
        self._found: list[str] = []
        self._polling = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="observer")
        self.polls = {"store": 0, "page": 0}
        """How often each was read."""
        self.compared = Counter[str]()
        """How often each sum was, by what it is."""

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def take_contradictions(self) -> list[str]:
        """Those since the last call."""
        with self._polling:
            found, self._found = self._found, []
        return found

    @contextmanager
    def looking_away(self, *, may_go_back: bool = False) -> Iterator[None]:
        """Nothing is read within the block, in which files are changed.

        Args:
            may_go_back: an older state of the store is put in place; afterwards numbers may be
                lower than before.
        """
        with self._polling:
            yield
            if may_go_back:
                self._seen.clear()

    def take_note(self, sight: Sight) -> None:
        """Compares what was seen with itself and with what was seen before."""
        self.polls[sight.of] += 1
        self.compared.update(list(sight.sums))
        self._found += sight.contradictions()
        before = self._seen.get(sight.of)
        if before is not None:
            self._found += sight.went_back_from(before)
        self._seen[sight.of] = sight

    def _poll(self) -> None:
        looks = 0
        while not self._end.wait(_POLL_S):
            looks += 1
            with self._polling:
                try:
                    self._look_at_store()
                    if looks % _STORE_POLLS_A_PAGE_POLL == 0:
                        self._look_at_page()
                except Exception as error:  # a thread that ended would see no contradiction
                    self._found.append(f"it cannot be observed: {error!r}")

    def _look_at_store(self) -> None:
        try:
            with open_reader(self._store(), limit_s=10) as reader:
                self.take_note(sight_of_store(reader))
        except StoreDamaged as error:
            self._found.append(error.happened)
        except SfcrimeError:  # there is nothing yet, or nobody can read it now
            return

    def _look_at_page(self) -> None:
        url = read_activity(self._data_dir, DashboardActivity).url
        if not url:
            return
        try:
            overview, days = (_answer(f"{url}/api/v1/{name}") for name in ("overview", "days"))
        except (OSError, ValueError):  # it is starting, stopped or gone
            return
        self.take_note(sight_of_page(overview, days))


def _answer(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=_PAGE_TIMEOUT_S) as answer:  # noqa: S310 - ours
        found: dict[str, Any] = json.load(answer)
    return found
