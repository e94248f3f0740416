"""Decides what is counted: a generation to go on with or a new one, and refuses what would bend it.

A generation is one count from the beginning and everything that shapes its numbers. Readers see
one; a rebuild counts a second one beside it. The store alone says where counting goes on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from sfcrime.domain.outcomes import DEFAULT_LATENESS_S, RULES_VERSION
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import Refused, TopicRefused
from sfcrime.kafka.origin import OriginKind, TopicOrigin, topic_origin
from sfcrime.settings import LATENESS_OFF, KafkaSettings, Settings, StreamSettings
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.fingerprint import REBUILD, Fingerprint


def stored_generation(settings: Settings, store: StoreWriter) -> Generation | None:
    """The generation to go on with, as far as can be said without Kafka; None: there is none.

    What a rebuild left behind, given up or replaced, is cleared once nothing was refused.

    Raises:
        FingerprintChanged: rules, window, lateness or topic are not those of the stored numbers.
    """
    stored = store.generation()
    if stored is not None:
        wanted = _with_asked_lateness(
            replace(
                stored,
                topic=settings.kafka.topic,
                window_minutes=settings.stream.window_minutes,
                rules_version=RULES_VERSION,
            ),
            settings.stream,
        )
        Fingerprint.of(wanted).require_same(Fingerprint.of(stored))
    store.forget_unseen()
    return stored


def require_same_topic(generation: Generation, topic_id: str) -> None:
    """Refuses a topic that was deleted and made again.

    Raises:
        FingerprintChanged: naming both ids.
    """
    kept = Fingerprint.of(generation)
    replace(kept, topic_id=topic_id).require_same(kept)


def next_offsets(
    generation: Generation, reached: Mapping[int, int], topic: TopicState
) -> dict[int, int]:
    """Where the query begins, and a refusal of a topic that cannot be read on from there.

    Args:
        generation: what is counted.
        reached: by partition, the first offset that is not accounted for; a partition that was
            added since begins at 0.
        topic: as it is now.

    Returns:
        By partition of the topic, the first offset to read.

    Raises:
        FingerprintChanged: it was deleted and made again.
        TopicRefused: it ends before the ledger does, or lost records that were never read.
    """
    require_same_topic(generation, topic.topic_id)
    for partition in sorted({*reached, *topic.ends}):
        end = reached.get(partition, 0)
        last, first = topic.ends.get(partition, 0), topic.firsts.get(partition, 0)
        if last < end:
            raise TopicRefused(
                f"Partition {partition} of {generation.topic} ends at offset {last:,}; records up "
                f"to {end:,} were counted.",
                rule="A topic that lost its end was restored or lost data: the offsets behind it "
                "are given again to other records.",
                next_step=f"restore the topic, or count what it holds: {REBUILD} --accept-loss",
            )
        if first > end:
            raise _deleted(generation, partition, end, first)
    return {partition: reached.get(partition, 0) for partition in topic.ends}


def require_still_held(
    generation: Generation, topic_id: str, firsts: Mapping[int, int], starts: Mapping[int, int]
) -> None:
    """Refuses a batch whose records were deleted while it was read: they would pass as gaps.

    Args:
        generation: what is counted.
        topic_id: of the topic, asked for behind the reading.
        firsts: by partition, the first offset that the topic still held then.
        starts: by partition, where the batch began, where it read anything.

    Raises:
        FingerprintChanged: the topic was deleted and made again.
        TopicRefused: naming the range.
    """
    require_same_topic(generation, topic_id)
    for partition, start in starts.items():
        if firsts.get(partition, 0) > start:
            raise _deleted(generation, partition, start, firsts[partition])


def _deleted(generation: Generation, partition: int, end: int, first: int) -> TopicRefused:
    return TopicRefused(
        f"Partition {partition} of {generation.topic} begins at offset {first:,}; records "
        f"{end:,} to {first - 1:,} were deleted before they were counted.",
        rule="Every record of the topic ends as one of four outcomes, so none is skipped.",
        next_step="set the topic's retention.ms=-1, then count what it still holds: "
        f"{REBUILD} --accept-loss",
    )


def new_generation(
    settings: Settings, kafka: KafkaSettings, topic: TopicState, before: Generation | None = None
) -> Generation:
    """A count of the topic from the first offset it holds, by the settings as they are.

    Whose topic it is, and so whether records can be late, is decided once for a topic id: by
    `before`, where that counted the same topic. The settings' allowed lateness comes first.

    Raises:
        TopicRefused: the topic holds records of two sources of ours.
        KafkaUnavailable: the broker does not answer.
    """
    made = Generation(
        topic=kafka.topic,
        topic_id=topic.topic_id,
        start_offsets=dict(topic.firsts),
        lateness_s=None,
        window_minutes=settings.stream.window_minutes,
        rules_version=RULES_VERSION,
        source_name="",
        source_title=f"topic {kafka.topic}",
        synthetic=False,
        created_ms=time.time_ns() // 1_000_000,
    )
    if before is not None and before.topic_id == topic.topic_id:
        made = replace(
            made,
            lateness_s=before.lateness_s,
            source_name=before.source_name,
            source_title=before.source_title,
            synthetic=before.synthetic,
        )
    else:
        made = _as_origin_says(made, topic_origin(kafka))
    return _with_asked_lateness(made, settings.stream)


def _as_origin_says(made: Generation, origin: TopicOrigin) -> Generation:
    """Records can be late on a topic of our producer, whose timestamps are the virtual time of
    publication; elsewhere old calls may carry today's timestamps."""
    identity = origin.identity
    if origin.kind is not OriginKind.OURS or identity is None:
        return made
    return replace(
        made,
        lateness_s=DEFAULT_LATENESS_S,
        source_name=identity.name,
        source_title=identity.title,
        synthetic=identity.synthetic,
    )


def _with_asked_lateness(generation: Generation, stream: StreamSettings) -> Generation:
    """The generation with the allowed lateness that a setting names, if one does."""
    return replace(generation, lateness_s=allowed_lateness_s(stream, generation.lateness_s))


def allowed_lateness_s(stream: StreamSettings, otherwise: int | None) -> int | None:
    """The allowed lateness that a setting names, in seconds, else `otherwise`; None: no record can
    be late."""
    asked = stream.lateness_hours
    if asked is None:
        return otherwise
    return None if asked == LATENESS_OFF else int(asked * 3600)


def pending_generation(store: StoreWriter, wanted: Generation, topic: TopicState) -> Generation:
    """The generation that a rebuild counts into, and that `store` writes from now on: the one that
    a killed rebuild left where it counted the same, else `wanted`.

    Whatever else was left is cleared; what readers see is not touched.

    Args:
        store: writes what readers see, until this is called.
        wanted: a new generation.
        topic: as it is now.
    """
    for number, left in store.unseen_generations().items():
        same = replace(left, created_ms=wanted.created_ms, start_offsets=wanted.start_offsets)
        if same != wanted:
            continue
        store.go_on_with(number)
        if _can_go_on(store, left, topic):
            store.forget_unseen()
            return left
    store.create_generation(wanted, pending=True)
    store.forget_unseen()
    return wanted


def _can_go_on(store: StoreWriter, left: Generation, topic: TopicState) -> bool:
    try:
        next_offsets(left, store.partition_ends(), topic)
    except Refused:
        return False
    return True
