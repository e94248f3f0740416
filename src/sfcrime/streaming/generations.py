"""Decides what is counted: a generation to go on with or a new one, and refuses what would bend it.

A generation is a query id and everything that shapes its numbers. Readers see one; a rebuild
counts a second one beside it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sfcrime.domain.outcomes import DEFAULT_LATENESS_S, RULES_VERSION
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import Refused, TopicRefused
from sfcrime.kafka.origin import OriginKind, TopicOrigin, topic_origin
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Generation
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.checkpoint import REBUILD, Checkpoints, Fingerprint, require_agreement
from sfcrime.streaming.properties import shuffle_partitions

CHECKPOINT_FOLDER = "checkpoint"


def checkpoints_of(data_dir: Path) -> Checkpoints:
    """The checkpoints of a data directory."""
    return Checkpoints(data_dir / CHECKPOINT_FOLDER)


def stored_generation(settings: Settings, store: StoreWriter) -> Generation | None:
    """The generation to go on with, as far as can be said without Kafka; None: there is none.

    What a rebuild left behind, given up or replaced, is cleared once nothing was refused.

    Raises:
        FingerprintChanged: rules, window, lateness or topic are not those of the stored numbers.
        StoreAndCheckpointDisagree: see `checkpoint.require_agreement`.
    """
    stored = store.generation()
    last = store.last_batch()
    leftovers = [each.query_id for each in store.unseen_generations()]
    checkpoints = checkpoints_of(settings.data_dir)
    require_agreement(checkpoints, stored, None if last is None else last.batch_id, leftovers)
    if stored is not None:
        asked = settings.stream.lateness_hours
        wanted = replace(
            Fingerprint.of(stored),
            topic=settings.kafka.topic,
            lateness_s=stored.lateness_s if asked is None else int(asked * 3600),
            window_minutes=settings.stream.window_minutes,
            rules_version=RULES_VERSION,
        )
        wanted.require_same(Fingerprint.of(stored), "the store")
    # Checkpoints first: rows without one are known to be left over, the reverse are not.
    checkpoints.keep_only([] if stored is None else [stored.query_id])
    store.forget_unseen()
    return stored


def require_same_topic(generation: Generation, topic_id: str) -> None:
    """Refuses a topic that was deleted and made again.

    Raises:
        FingerprintChanged: naming both ids.
    """
    kept = Fingerprint.of(generation)
    replace(kept, topic_id=topic_id).require_same(kept, "the store")


def require_next_records(
    generation: Generation, reached: Mapping[int, int], topic: TopicState
) -> None:
    """Refuses a topic that cannot be read on from where the ledger ends.

    Args:
        generation: what is counted.
        reached: by partition, the first offset that is not accounted for; a partition that was
            added since begins at 0.
        topic: as it is now.

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
            raise TopicRefused(
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
        query_id=str(uuid.uuid4()),
        topic=kafka.topic,
        topic_id=topic.topic_id,
        start_offsets=dict(topic.firsts),
        lateness_s=None,
        window_minutes=settings.stream.window_minutes,
        rules_version=RULES_VERSION,
        source_name="",
        source_title=f"topic {kafka.topic}",
        synthetic=False,
        shuffle_partitions=shuffle_partitions(settings),
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
    asked = settings.stream.lateness_hours
    return made if asked is None else replace(made, lateness_s=int(asked * 3600))


def lateness_of_topic(origin: TopicOrigin, asked_hours: float | None) -> int | None:
    """Allowed lateness in seconds; None: no record can be late.

    Records can be late on a topic of our producer, whose timestamps are the virtual time of
    publication; elsewhere old calls may carry today's timestamps. `asked_hours` decides otherwise.
    """
    if asked_hours is not None:
        return int(asked_hours * 3600)
    return DEFAULT_LATENESS_S if origin.kind is OriginKind.OURS else None


def _as_origin_says(made: Generation, origin: TopicOrigin) -> Generation:
    identity = origin.identity
    if origin.kind is not OriginKind.OURS or identity is None:
        return made
    return replace(
        made,
        lateness_s=lateness_of_topic(origin, None),
        source_name=identity.name,
        source_title=identity.title,
        synthetic=identity.synthetic,
    )


def pending_generation(
    store: StoreWriter, checkpoints: Checkpoints, wanted: Generation, topic: TopicState
) -> Generation:
    """The generation that a rebuild counts into, and that `store` writes from now on: the one that
    a killed rebuild left where it counted the same, else `wanted`.

    Whatever else was left is cleared; what readers see is not touched.

    Args:
        store: writes what readers see, until this is called.
        checkpoints: of the data directory.
        wanted: a new generation.
        topic: as it is now.
    """
    seen = store.generation()
    kept = [] if seen is None else [seen.query_id]
    for left in store.unseen_generations():
        store.create_generation(left, pending=True)
        if _goes_on(store, checkpoints, wanted, topic):
            checkpoints.keep_only([*kept, left.query_id])
            store.forget_unseen()
            return left
    checkpoints.keep_only(kept)
    checkpoints.create(wanted.query_id, Fingerprint.of(wanted))
    store.create_generation(wanted, pending=True)
    store.forget_unseen()
    return wanted


def _goes_on(
    store: StoreWriter, checkpoints: Checkpoints, wanted: Generation, topic: TopicState
) -> bool:
    """Whether the generation that `store` writes is `wanted`, begun before and sound."""
    left, last = store.generation(), store.last_batch()
    if left is None:
        return False
    same = replace(
        left,
        query_id=wanted.query_id,
        created_ms=wanted.created_ms,
        start_offsets=wanted.start_offsets,
    )
    if same != wanted:
        return False
    try:
        require_agreement(checkpoints, left, None if last is None else last.batch_id)
        require_next_records(left, store.partition_ends(), topic)
    except Refused:
        return False
    return True
