"""Refuses what cannot be proved: numbers of other rules, another topic, records that are gone."""

from __future__ import annotations

from collections.abc import Sequence

from sfcrime.audit.shares import Ranges, offsets_of
from sfcrime.domain.outcomes import RULES_VERSION
from sfcrime.domain.topic_state import LostRange, TopicState
from sfcrime.errors import FingerprintChanged, TopicRefused
from sfcrime.kafka.topic_identity import require_same


def require_known_rules(rules_version: int) -> None:
    """Raises FingerprintChanged where numbers were made by other rules than this version knows."""
    if rules_version != RULES_VERSION:
        raise FingerprintChanged(
            {"rules_version": (rules_version, RULES_VERSION)},
            "audit with the sfcrime that counted, or count again: sfcrime rebuild",
        )


def require_all_there(name: str, topic_id: str, ranges: Ranges, topic: TopicState) -> None:
    """Refuses a topic that does not hold what was counted.

    Args:
        name, topic_id: of the topic that was counted.
        ranges: of it.
        topic: as it is now.

    Raises:
        TopicRefused: it was made again, or lacks some of the ranges, which are named.
    """
    require_same(name, topic_id, topic.topic_id)
    lost = [
        each
        for partition, span in ranges.items()
        for each in topic.lost(partition, span.start, span.end)
    ]
    if lost:
        raise _unprovable(name, ranges, lost)


def _unprovable(name: str, ranges: Ranges, lost: Sequence[LostRange]) -> TopicRefused:
    gone = sum(each.end - each.start for each in lost)
    return TopicRefused(
        f"{name} no longer holds {gone:,} of the {offsets_of(ranges):,} offsets that were "
        f"counted; {'; '.join(str(each) for each in lost)}.",
        rule="What these records were can no longer be proved, and so neither can any cell, total "
        "or list of the store.",
        next_step="keep the stored numbers, which nothing can recount (a job goes on with them); "
        "or set the topic's retention.ms=-1 and count what it still holds, which can be audited "
        "again: sfcrime rebuild --accept-loss",
    )
