"""Whether the job gets on: its ledger against the topic, and its signs of life in the store.

A job whose JVM hangs, or that was stopped, does not end. What it leaves undone shows: records wait
and nothing is committed, or the store is not written at all, where an idle job writes every 5 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sfcrime.domain.topic_state import is_caught_up
from sfcrime.errors import StoreUnavailable, UsageError
from sfcrime.machine.watched_time import watched_s
from sfcrime.store.address import StoreAddress
from sfcrime.store.reader import open_reader
from sfcrime.store.transactions import PATIENCE_S
from sfcrime.store.written_state import NO_ANSWER, WrittenState, open_look

STORE_AWAY_S = PATIENCE_S + 60.0
"""How long a job may wait for a database that does not answer: its patience, and a minute in which
it sees that the connection is lost, and makes the last one. By then it has ended by itself."""


class JobWatch:
    """Looks at the store of a job; each look costs two calls to the file system, or a tiny query,
    where nothing was written.

    Args:
        store: its address.
        silence_s: how long a job with work may commit nothing, and any job write nothing.
        clock: seconds that never go back.
        start_s: how much more time it gets until it has committed a first batch.
    """

    def __init__(
        self,
        store: StoreAddress,
        silence_s: float,
        clock: Callable[[], float] = watched_s,
        *,
        start_s: float = 0.0,
    ) -> None:
        self._store = store
        self._written_state = open_look(store)
        self._silence_s, self._start_s = silence_s, start_s
        self._clock = clock
        self._kills = 0
        self._written: WrittenState | None = None
        self._reached: Mapping[int, int] | None = None
        self._seen_s = self._moved_s = clock()
        self._moved = False
        self._idle = False
        self._away_since_s: float | None = None

    def begins(self) -> None:
        """The job is being started: what was before does not count against it."""
        self._seen_s = self._moved_s = self._clock()
        self._moved = self._idle = False
        self._away_since_s = None

    def look(self, ends: Mapping[int, int], *, kafka_answers: bool) -> None:
        """Takes a look.

        Args:
            ends: of the topic, as they are known.
            kafka_answers: False: the job cannot get on, and that is not its fault.
        """
        now_s = self._clock()
        written = self._written_state()
        if self._waits_for_its_store(written, now_s):
            self._seen_s = self._moved_s = now_s
        elif written not in (self._written, NO_ANSWER):
            self._written = written
            self._read()
        # Before there is a ledger, it may wait for the first record of a topic that has lost all.
        self._idle = self._reached is None or is_caught_up(self._reached, ends)
        if self._idle or not kafka_answers:
            self._moved_s = now_s
        if not kafka_answers:
            self._seen_s = now_s

    @property
    def gets_on(self) -> bool:
        """Since it was started, it has committed a batch, or there is nothing to commit."""
        return self._moved or self._idle

    def hangs(self) -> str:
        """Why it is to be killed, in words that follow "The stream"; empty where it is not.

        A job that was killed for it and has committed nothing since gets twice the time: it may
        have been no more than slow.
        """
        patience_s = self._silence_s * 2**self._kills
        if not self._moved:
            patience_s += self._start_s
        now_s = self._clock()
        if now_s - self._moved_s > patience_s:
            return f"committed nothing for {patience_s:.0f} s, and records wait"
        if now_s - self._seen_s > patience_s:
            return f"gave no sign of life for {patience_s:.0f} s"
        return ""

    def was_killed(self) -> None:
        """It was killed because it hung."""
        self._kills += 1

    def _waits_for_its_store(self, written: WrittenState, now_s: float) -> bool:
        """Whether the job cannot get on, and that is not its fault; for a bounded time."""
        if written != NO_ANSWER:
            self._away_since_s = None
            return False
        if self._away_since_s is None:
            self._away_since_s = now_s
        return now_s - self._away_since_s <= STORE_AWAY_S

    def _read(self) -> None:
        """Takes the sign of life, and sees whether the ledger has moved. What the reading takes is
        not the job's time; and where nothing can be read, it may have moved."""
        began_s = self._clock()
        try:
            with open_reader(self._store) as reader:
                reached = {each.partition: each.end for each in reader.partition_ledger()}
        except (StoreUnavailable, UsageError):  # not made yet; its disk is full; no password now
            self._seen_s = self._moved_s = self._clock()
            return
        self._seen_s = self._clock()
        self._moved_s += self._seen_s - began_s
        if reached != self._reached and self._reached is not None:
            self._moved, self._moved_s, self._kills = True, self._seen_s, 0
        self._reached = reached
