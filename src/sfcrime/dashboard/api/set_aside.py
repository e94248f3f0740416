"""Records that were set aside, page by page, and what the topic holds of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.answers.proofs import Late, LatePage, RecordBytes, Rejected, RejectedPage
from sfcrime.dashboard.api.sight import Sight
from sfcrime.dashboard.questions.meta import meta_from
from sfcrime.dashboard.questions.parameters import PageForm, RejectedForm
from sfcrime.dashboard.questions.rule_sentences import sentence_of
from sfcrime.domain.safe_text import escaped_bytes
from sfcrime.domain.wall_clock import MICROS, instant_iso, to_iso, wall_clock_of
from sfcrime.errors import ReadTooLong, TopicRefused
from sfcrime.store.address import store_address
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import LateRecord

READ_LIMIT_S = 2.0
"""Of one statement on the store."""
MOST_BYTES = 4096
"""Of a value that is shown."""


def rejected_page(sight: Sight, form: RejectedForm) -> RejectedPage:
    """Rejected records in order of partition and offset.

    Raises:
        ApiError: `query_too_long`, where a rare reason is looked for among very many records.
    """
    reason = None if form.reason is None else form.reason.value
    with _reader(sight) as store:
        found = list(store.rejected(form.limit + 1, reason, after=_place(form.after)))
        kept = store.rejected_kept()
        meta = meta_from(store.number, store.generation(), store.totals())
    page = found[: form.limit]
    return RejectedPage(
        meta=meta,
        records=[
            Rejected(
                partition=each.partition,
                offset=each.offset,
                reason=each.reason,
                rule=sentence_of(each.reason),
            )
            for each in page
        ],
        next=_next(page[-1].partition, page[-1].offset) if len(found) > len(page) else None,
        dropped=kept.dropped,
        kept_from={str(each): offset for each, offset in kept.kept_from.items()},
    )


def late_page(sight: Sight, form: PageForm) -> LatePage:
    """Late records in order of partition and offset."""
    with _reader(sight) as store:
        found = list(store.late(form.limit + 1, after=_place(form.after)))
        kept = store.late_kept()
        meta = meta_from(store.number, store.generation(), store.totals())
    page = found[: form.limit]
    return LatePage(
        meta=meta,
        records=[_late(each) for each in page],
        next=_next(page[-1].partition, page[-1].offset) if len(found) > len(page) else None,
        dropped=kept.dropped,
        kept_from={str(each): offset for each, offset in kept.kept_from.items()},
    )


def record_bytes(sight: Sight, partition: int, offset: int) -> RecordBytes:
    """The first bytes of one record, as the topic holds it now.

    Raises:
        ApiError: `not_found` where the topic was made again: its offsets mean other records.
        KafkaUnavailable: no broker answers within 3 seconds.
    """
    generation = sight.seen().generation
    # Kafka's client is loaded when somebody asks for a record: the start does not wait for it.
    from sfcrime.pipeline.counted_topic import read_now

    try:
        found = read_now(sight.settings, generation, (partition, offset), MOST_BYTES)
    except TopicRefused as error:
        raise ApiError(404, "not_found", f"{error.happened} {error.rule}") from error
    value = None if found is None else found.value
    return RecordBytes(
        partition=partition,
        offset=offset,
        found=found is not None,
        size=None if found is None or value is None else found.size,
        escaped=escaped_bytes(value or b""),
        cut=found is not None and value is not None and found.size > len(value),
    )


@contextmanager
def _reader(sight: Sight) -> Iterator[StoreReader]:
    try:
        with open_reader(store_address(sight.settings), limit_s=READ_LIMIT_S) as store:
            yield store
    except ReadTooLong as error:
        raise ApiError(
            503,
            "query_too_long",
            f"Reading the store took more than {READ_LIMIT_S:g} s. {error.rule}",
            "ask for a smaller page, or without a reason",
        ) from error


def _place(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    partition, _, offset = after.partition(":")
    return int(partition), int(offset)


def _next(partition: int, offset: int) -> str:
    return f"{partition}:{offset}"


def _late(record: LateRecord) -> Late:
    lateness_us = wall_clock_of(record.published_ms) - record.call_us
    return Late(
        partition=record.partition,
        offset=record.offset,
        call_time=to_iso(record.call_us),
        published_at=instant_iso(record.published_ms),
        late_by_s=lateness_us // MICROS,
    )
