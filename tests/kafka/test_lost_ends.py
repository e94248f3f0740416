"""Where the end of what was counted was lost is asked of every partition, within a bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, TopicPartition

from sfcrime.domain.topic_state import CountedEnd
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka import asking
from sfcrime.kafka import lost_ends as lost_ends_module
from sfcrime.kafka.asking import Patience
from sfcrime.kafka.lost_ends import lost_ends
from sfcrime.settings import KafkaSettings

COUNTED = {0: CountedEnd(30, 1), 1: CountedEnd(40, 1)}


class Given:
    """A message of the client's."""

    def __init__(self, partition: int, offset: int, code: int | None = None) -> None:
        self.place = partition, offset
        self._error = None if code is None else KafkaError(code)

    def partition(self) -> int:
        return self.place[0]

    def offset(self) -> int:
        return self.place[1]

    def error(self) -> KafkaError | None:
        return self._error


class Client:
    """A consumer that gives the next message of the first partition that is assigned; each time
    that it is asked takes a tenth of a second.

    Args:
        messages: by partition, what it says of it next, and from the last one on for ever.
    """

    def __init__(self, messages: dict[int, list[Given]]) -> None:
        self._messages = messages
        self._assigned: list[int] = []
        self.sought: list[tuple[int, int, int | None]] = []
        self.now_s = 1_000.0
        self.on_poll: Callable[[], None] = int

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self._assigned = sorted(each.partition for each in places)

    def seek(self, place: TopicPartition) -> None:
        self.sought.append((place.partition, place.offset, place.leader_epoch))

    def incremental_unassign(self, places: Sequence[TopicPartition]) -> None:
        for each in places:
            self._assigned.remove(each.partition)

    def poll(self, wait_s: float) -> Given | None:
        self.now_s += wait_s
        self.on_poll()
        messages = self._messages.get(self._assigned[0], [])
        if not messages:
            return None
        return messages.pop(0) if len(messages) > 1 else messages[0]

    def close(self) -> None:
        pass


def _ask(
    client: Client, monkeypatch: pytest.MonkeyPatch, stop: Event | None = None
) -> dict[int, int]:
    monkeypatch.setattr(lost_ends_module, "open_consumer", lambda *_: client)
    clock = SimpleNamespace(monotonic=lambda: client.now_s)
    monkeypatch.setattr(lost_ends_module, "time", clock)
    monkeypatch.setattr(asking, "time", clock)
    return lost_ends(KafkaSettings(topic="calls"), COUNTED, Patience(60.0, stop or Event()))


def test_a_partition_that_gives_record_after_record_does_not_keep_another_from_being_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({0: [Given(0, 10)], 1: [Given(1, 40)]})

    assert _ask(client, monkeypatch) == {0: 10}
    assert client.sought == [(0, 30, 1), (1, 40, 1)]
    assert client.now_s == pytest.approx(1_000.2)


def test_what_was_still_on_its_way_of_a_partition_that_was_found_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Given(0, 11)
    client = Client({0: [Given(0, 10)], 1: [late, Given(1, 35, KafkaError._PARTITION_EOF)]})

    assert _ask(client, monkeypatch) == {0: 10, 1: 35}


@pytest.mark.parametrize("code", [None, KafkaError._TRANSPORT, KafkaError._LOG_TRUNCATION])
def test_a_leader_that_never_says_where_an_epoch_ended_is_an_error_after_60_s(
    monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    says = [] if code is None else [Given(1, 0, code)]
    client = Client({0: [Given(0, 30)], 1: says})

    with pytest.raises(KafkaUnavailable, match=r"did not say in time .* partitions \[1\] of calls"):
        _ask(client, monkeypatch)

    assert client.now_s == pytest.approx(1_060.1, abs=0.11)


def test_a_stop_ends_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Event()
    client = Client({0: [Given(0, 30)]})
    client.on_poll = lambda: stop.set() if client.now_s > 1_003 else None

    with pytest.raises(KafkaUnavailable, match="A stop was asked for while asking for lost ends"):
        _ask(client, monkeypatch, stop)

    assert client.now_s < 1_004
