"""Decides what is counted: a generation to continue, or a new one.

A generation is one count from the beginning and everything that shapes its numbers. Readers see
one; a rebuild counts a second one meanwhile. The store alone says where counting continues.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from sfcrime.domain.outcomes import DEFAULT_LATENESS_S, RULES_VERSION
from sfcrime.domain.topic_state import CountedEnd, TopicState
from sfcrime.errors import (
    FingerprintChanged,
    RecordsDeleted,
    Refused,
    StoreEmpty,
    TopicRefused,
)
from sfcrime.kafka.origin import OriginKind, TopicOrigin
from sfcrime.kafka.topic_identity import require_same
from sfcrime.machine.clock import now_ms
from sfcrime.settings import LATENESS_OFF, Settings, StreamSettings
from sfcrime.store.address import store_address
from sfcrime.store.reader import counted_generation
from sfcrime.store.records import Generation, counted_ends
from sfcrime.store.writer import StoreWriter

FINGERPRINT = ("topic", "lateness_s", "window_minutes", "rules_version")
"""What of a generation shapes its numbers, beside Kafka's id of the topic: a change in it would
change them."""


def stored_generation(settings: Settings, store: StoreWriter) -> Generation | None:
    """The generation to continue, as far as can be said without Kafka; None: there is none.

    What a rebuild left, given up or replaced, is cleared once nothing was refused.

    Raises:
        FingerprintChanged: rules, window, lateness or topic are not those of the stored numbers.
    """
    stored = store.generation()
    if stored is not None:
        _require_same(settings, stored)
    store.forget_unseen()
    return stored


def require_stored_fits(settings: Settings) -> None:
    """Refuses as `stored_generation` does, and only reads; an empty store fits.

    Raises:
        FingerprintChanged: see there.
        StoreUnavailable: the store cannot be read.
    """
    with contextlib.suppress(StoreEmpty):
        _require_same(settings, counted_generation(store_address(settings)))


def _require_same(settings: Settings, stored: Generation) -> None:
    wanted = _with_asked_lateness(
        replace(
            stored,
            topic=settings.kafka.topic,
            window_minutes=settings.stream.window_minutes,
            rules_version=RULES_VERSION,
        ),
        settings.stream,
    )
    both = {name: (getattr(stored, name), getattr(wanted, name)) for name in FINGERPRINT}
    changed = {name: (old, new) for name, (old, new) in both.items() if old != new}
    if changed:
        command = rebuild_command(stored, wanted, settings.stream, accept_loss="topic" in changed)
        raise FingerprintChanged(changed, f"set it back, or count the topic again: {command}")


def rebuild_command(
    seen: Generation, wanted: Generation, stream: StreamSettings, *, accept_loss: bool
) -> str:
    """The command that counts as is wanted, in place of what readers see."""
    flags = ["sfcrime rebuild"]
    if wanted.topic != seen.topic:
        flags.append(f"--topic {wanted.topic}")
    if accept_loss:
        flags.append("--accept-loss")
    if wanted.window_minutes != seen.window_minutes:
        flags.append(f"--window {wanted.window_minutes}")
    if wanted.lateness_s != seen.lateness_s and stream.lateness_hours is not None:
        flags.append(f"--lateness-hours {str(stream.lateness_hours).removesuffix('.0')}")
    return " ".join(flags)


def begin_generation(
    settings: Settings, store: StoreWriter, topic: TopicState, origin: TopicOrigin | None
) -> Generation:
    """A new generation, in the store; arguments as of `new_generation`."""
    generation = new_generation(settings, topic, origin)
    store.create_generation(generation)
    return generation


def new_generation(
    settings: Settings,
    topic: TopicState,
    origin: TopicOrigin | None,
    before: Generation | None = None,
) -> Generation:
    """A count of the topic from the first offset it holds, by the settings as they are.

    Whose topic it is, and so whether records can be late, is decided once for a topic id: by
    `before`, where that counted the same topic, else by the records it begins with. The settings'
    allowed lateness comes first.
    """
    made = Generation(
        topic=settings.kafka.topic,
        topic_id=topic.topic_id,
        start_offsets=dict(topic.firsts),
        lateness_s=None,
        window_minutes=settings.stream.window_minutes,
        rules_version=RULES_VERSION,
        source_name="",
        source_title=f"topic {settings.kafka.topic}",
        synthetic=False,
        created_ms=now_ms(),
    )
    if before is not None and before.topic_id == made.topic_id:
        made = replace(
            made,
            lateness_s=before.lateness_s,
            source_name=before.source_name,
            source_title=before.source_title,
            synthetic=before.synthetic,
        )
    elif origin is not None:
        made = _as_origin_says(made, origin)
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
    return None if asked == LATENESS_OFF else round(asked * 3600)


def next_offsets(
    counted: Generation, reached: Mapping[int, int], topic: TopicState
) -> dict[int, int]:
    """Where the next start reads on, and a refusal of a topic that cannot be read on from there.

    Args:
        counted: what was counted.
        reached: by partition, the first offset that is not accounted for; a partition that was
            added since begins at 0.
        topic: as it is now.

    Returns:
        By partition of the topic, the first offset to read.

    Raises:
        TopicMadeAgain: it was deleted and made again.
        TopicRefused: it ends before the ledger does, or lost records that were never read.
    """
    require_same(counted.topic, counted.topic_id, topic.topic_id)
    for partition in sorted({*reached, *topic.ends}):
        end = reached.get(partition, 0)
        last, first = topic.ends.get(partition, 0), topic.firsts.get(partition, 0)
        if last < end:
            raise lost_end(
                f"Partition {partition} of {counted.topic} no longer holds offsets {last:,} to "
                f"{end - 1:,} as they were counted: it ends before them, or other records were "
                "written in their place."
            )
        if first > end:
            raise RecordsDeleted(counted.topic, partition, end, first)
    return {partition: reached.get(partition, 0) for partition in topic.ends}


def lost_end(happened: str) -> TopicRefused:
    """The error of a topic that does not end with what was counted last."""
    return TopicRefused(
        happened,
        rule="A topic that lost its end was restored, lost data, or elected a leader that lacked "
        "it: the offsets after it are given again to other records.",
        next_step="restore the topic, or count what it holds: sfcrime rebuild --accept-loss",
    )


def pending_generation(
    store: StoreWriter,
    wanted: Generation,
    look: Callable[[Mapping[int, CountedEnd]], TopicState],
) -> Generation:
    """The generation that a rebuild counts into, and that `store` writes from now on: the one that
    a killed rebuild left where it counted the same, else `wanted`.

    Whatever else was left is cleared; what readers see is not touched.

    Args:
        store: writes what readers see, until this is called.
        wanted: a new generation.
        look: gives the topic as it is now against what was counted of it (`Topic.state`).
    """
    for number, left in store.unseen_generations().items():
        same = replace(left, created_ms=wanted.created_ms, start_offsets=wanted.start_offsets)
        if same != wanted:
            continue
        store.go_on_with(number)
        if _can_go_on(store, left, look):
            store.forget_unseen()
            return left
    store.create_generation(wanted, pending=True)
    store.forget_unseen()
    return wanted


def _can_go_on(
    store: StoreWriter, left: Generation, look: Callable[[Mapping[int, CountedEnd]], TopicState]
) -> bool:
    ledger = store.partition_ledger()
    seen = look(counted_ends(ledger))
    try:
        next_offsets(left, store.partition_ends(), seen)
    except Refused:
        return False
    # What it counted and the topic holds no longer could not be audited.
    return not any(seen.lost(each.partition, each.start, each.end) for each in ledger)
