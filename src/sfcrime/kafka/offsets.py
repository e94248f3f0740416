"""Asks leaders of partitions for an offset, and with it for the epoch in which they lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from sfcrime.domain.topic_state import UNKNOWN_EPOCH
from sfcrime.kafka.asking import answer_of, no_leader

# The client gives these two no types.
FIRST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
"""The first that is kept; without the leader's epoch."""
LAST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class Place(NamedTuple):
    """A leader's answer."""

    offset: int
    epoch: int


Places = Mapping[int, Place]
"""By partition."""


def ask_offsets(
    admin: AdminClient,
    wanted: Mapping[TopicPartition, OffsetSpec],
    within_s: float,
    *,
    committed: bool,
) -> Callable[[], Places]:
    """Asks once, and does not wait: what is returned does.

    Args:
        admin: the client.
        wanted: partitions of one topic; may be none.
        within_s: how long an answer is waited for.
        committed: False: past transactions that are open, too.
    """
    isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
    asked = (
        admin.list_offsets(dict(wanted), isolation_level=isolation, request_timeout=within_s)
        if wanted
        else {}
    )

    def answer() -> Places:
        found = {place.partition: answer_of(each, within_s) for place, each in asked.items()}
        if any(each.offset < 0 for each in found.values()):  # the client's own, for a dead leader's
            raise no_leader()
        return {
            number: Place(
                each.offset, UNKNOWN_EPOCH if each.leader_epoch is None else each.leader_epoch
            )
            for number, each in found.items()
        }

    return answer


def offsets_of(places: Places) -> dict[int, int]:
    """The offsets alone."""
    return {number: place.offset for number, place in places.items()}


def epochs_of(places: Places) -> dict[int, int]:
    """The epochs alone."""
    return {number: place.epoch for number, place in places.items()}
