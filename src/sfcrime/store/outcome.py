"""A batch as the writer takes it, and what must hold of it before it is written. Pure.

Where the records of a batch stand was proved as they arrived (`streaming.arrival`): each has an
offset of its own, within what was read. Here the numbers they were added up to must fit each
other, the ledger and the identities. A refusal names both numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.records import LateRecord, PartitionRange, RejectedRecord, Totals
from sfcrime.store.set_aside import SetAsideSum

Column: TypeAlias = pa.Array | pa.ChunkedArray


@dataclass(frozen=True, slots=True)
class CellColumns:
    """The cells that a batch changes: row i of the four columns is one of them.

    Columns have one length, hold no nulls, and may come in any order. A key is best given once
    (one repeated is added up). A batch of 250,000 records changes about 150,000 cells; as Arrow
    columns they are sorted and numbered at 0.25 us each, as tuples at 1.1 us.
    """

    windows_us: Column
    """int64; each the start of a window of the generation."""
    call_types: Column
    """Strings, dictionary-encoded or not, as those of `dispositions`."""
    dispositions: Column
    calls: Column
    """int64; what each cell gets, at least 1."""

    def __len__(self) -> int:
        return len(self.calls)


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Everything a micro-batch learned; written in one transaction."""

    batch_id: int
    cells: CellColumns
    rejected: Sequence[RejectedRecord]
    late: Sequence[LateRecord]
    ranges: Sequence[PartitionRange]
    """One of each partition that was read."""
    accounting: Accounting
    """Of this batch alone."""
    identities: IdentityColumns
    """Those of the calls that it counted, in any order, each once."""
    newest_call_us: int | None
    """Latest call time among the calls that it counted, on the wall."""


@dataclass(frozen=True, slots=True)
class LedgerBefore:
    """What the ledger holds before a batch."""

    totals: Totals
    partitions: Mapping[int, PartitionRange]
    set_aside: Sequence[SetAsideSum]

    @property
    def ends(self) -> dict[int, int]:
        """Of each partition, the first offset not accounted for."""
        return {partition: each.end for partition, each in self.partitions.items()}


def check_batch(outcome: BatchOutcome, before: LedgerBefore, *, held: int) -> None:
    """Proves that a batch continues the ledger and adds up.

    Args:
        outcome: the batch.
        before: what all batches before it came to.
        held: identities that the store held before it.

    Raises:
        AccountingBroken: the first thing that does not fit.
    """
    totals = before.totals
    expected = 0 if totals.last_batch_id is None else totals.last_batch_id + 1
    if outcome.batch_id != expected:
        _broken(outcome, f"the ledger expects batch {expected}")
    _check_accounting(outcome)
    _check_ranges(outcome, before.ends)
    _check_set_aside(outcome, before)
    counted = outcome.accounting.counted
    in_cells = pc.sum(outcome.cells.calls).as_py() or 0
    if in_cells != counted:
        _broken(outcome, f"its cells hold {in_cells:,} calls, counted says {counted:,}")
    if len(outcome.identities) != counted:
        _broken(outcome, f"it has {len(outcome.identities):,} identities for {counted:,} counted")
    known = totals.accounting.counted
    if held != known:
        _broken(outcome, f"the store holds {held:,} identities for {known:,} counted calls")


def _broken(outcome: BatchOutcome, what: str) -> NoReturn:
    raise AccountingBroken(
        f"Batch {outcome.batch_id} was not written: {what}.",
        rule="A batch is written only when all its numbers fit each other and the ledger.",
    )


def _check_accounting(outcome: BatchOutcome) -> None:
    account = outcome.accounting
    if not account.adds_up:
        _broken(
            outcome,
            f"read {account.read:,} is not counted {account.counted:,} + duplicate "
            f"{account.duplicate:,} + late {account.late:,} + rejected {account.rejected:,}",
        )
    offsets = sum(each.end - each.start for each in outcome.ranges)
    if offsets != account.read + account.gaps:
        _broken(
            outcome,
            f"its ranges span {offsets:,} offsets, but read {account.read:,} + gaps "
            f"{account.gaps:,} = {account.read + account.gaps:,}",
        )


def _check_ranges(outcome: BatchOutcome, ends: Mapping[int, int]) -> None:
    reached = dict(ends)
    listed = {
        "late": Counter(record.partition for record in outcome.late),
        "rejected": Counter(record.partition for record in outcome.rejected),
    }
    for each in outcome.ranges:
        name = f"partition {each.partition}"
        end = reached.get(each.partition, 0)  # one that was added since begins at 0
        if each.start != end:
            _broken(outcome, f"{name} starts at offset {each.start:,}, the ledger ends at {end:,}")
        if each.end < each.start:
            _broken(outcome, f"{name} has the range {each.start:,} to {each.end:,}")
        reached[each.partition] = each.end
        for word, by_partition in listed.items():
            found, stated = by_partition[each.partition], getattr(each, word)
            if found != stated:
                _broken(outcome, f"{name} lists {found:,} {word} records but states {stated:,}")
    for word in ("counted", *listed):
        total = sum(getattr(each, word) for each in outcome.ranges)
        stated = getattr(outcome.accounting, word)
        if total != stated:
            _broken(outcome, f"its partitions hold {total:,} {word}, the batch {stated:,}")


def _check_set_aside(outcome: BatchOutcome, before: LedgerBefore) -> None:
    """The sums by reason come to the accounts of the partitions."""
    held = Counter[tuple[int, str]]()
    for each in before.set_aside:
        held[each.partition, "late" if each.is_late else "rejected"] += each.records
    for partition, account in before.partitions.items():
        for word in ("late", "rejected"):
            found, stated = held.pop((partition, word), 0), getattr(account, word)
            if found != stated:
                _broken(
                    outcome,
                    f"the store sums up {found:,} {word} records of partition {partition}, whose "
                    f"account states {stated:,}",
                )
    for (partition, word), found in held.items():
        _broken(
            outcome,
            f"the store sums up {found:,} {word} records of partition {partition}, "
            "which has no account",
        )
