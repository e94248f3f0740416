"""The plan by which many machines audit together: what is read, by whom, and how it is judged.

A shard is what one machine reads and judges: the offsets that a store had counted when the plan was
made are dealt out to as many shards as it says, all alike. The plan is a small file in a folder
that all of the machines see. What the store counts after it is read by the machine that combines
the shards, so they need no snapshot in common, and a job may go on counting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.judge import zone_offset_us
from sfcrime.audit.provable import require_known_rules
from sfcrime.audit.shares import OffsetRange, Ranges, dealt_out, offsets_of
from sfcrime.domain.code_digest import code_digest
from sfcrime.machine.clock import now_ms
from sfcrime.store.reader import StoreReader

MOST_SHARDS = 256
_WEEKS = range(0, 1_139_568, 7 * 24)
"""An hour of each week from 1970 to 2099."""
_ROWS_ARE_MADE_BY = (
    "sfcrime.audit.counting_rules",
    "sfcrime.audit.judge",
    "sfcrime.audit.share_count",
    "sfcrime.audit.shares",
    "sfcrime.domain.calls",
    "sfcrime.domain.outcomes",
    "sfcrime.kafka.consumer",
    "sfcrime.kafka.headers",
)


class ShardPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file `plan.json`."""

    planned_ms: int
    """When, milliseconds since 1970 UTC."""
    shards: int
    generation: int
    """The store's number of what was counted..."""
    created_ms: int
    """... and when it was begun: another store may give the number again."""
    topic: str
    topic_id: str
    source_name: str
    rules: CountingRules
    rules_version: int
    judge: str
    """Digest of the code by which the machine judges that made the plan."""
    offsets: dict[int, tuple[int, int]]
    """By partition, what the store had counted: start and end."""
    seal: str = ""

    @property
    def ranges(self) -> Ranges:
        return {number: OffsetRange(*span) for number, span in self.offsets.items()}

    @property
    def due(self) -> int:
        """Offsets of all shards."""
        return offsets_of(self.ranges)

    @property
    def ranges_of_shards(self) -> list[dict[int, OffsetRange]]:
        """What each shard reads, the first of them being shard 1."""
        return dealt_out(self.ranges, self.shards)


def this_judge() -> str:
    """Digest of the code by which this machine judges, and of its zone's rules."""
    return code_digest(_ROWS_ARE_MADE_BY, [zone_offset_us(hour) for hour in _WEEKS])


def plan_of_store(store: StoreReader, shards: int) -> ShardPlan:
    """A plan for all that the store has counted, which so many machines share.

    Raises:
        FingerprintChanged: the numbers were made by other rules than this version knows.
    """
    generation = store.generation()
    require_known_rules(generation.rules_version)
    return ShardPlan(
        planned_ms=now_ms(),
        shards=shards,
        generation=store.number,
        created_ms=generation.created_ms,
        topic=generation.topic,
        topic_id=generation.topic_id,
        source_name=generation.source_name,
        rules=CountingRules(generation.lateness_s, generation.window_minutes),
        rules_version=generation.rules_version,
        judge=this_judge(),
        offsets={each.partition: (each.start, each.end) for each in store.partition_ledger()},
    )


def differing(
    one: ShardPlan, other: ShardPlan, names: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    """What of the named fields is not the same, as JSON of at most 100 characters a side."""
    for name in names:
        its, others = (msgspec.json.encode(getattr(each, name)).decode() for each in (one, other))
        if its != others:
            yield name, _shortened(its), _shortened(others)


def _shortened(text: str) -> str:
    return f"{text[:97]}..." if len(text) > 100 else text


def counted_since(plan: ShardPlan, ranges: Ranges) -> dict[int, OffsetRange]:
    """What of the ranges is in no shard."""
    planned = plan.ranges
    since = {
        partition: OffsetRange(planned.get(partition, OffsetRange(0, span.start)).end, span.end)
        for partition, span in ranges.items()
    }
    return {partition: span for partition, span in since.items() if span.start < span.end}
