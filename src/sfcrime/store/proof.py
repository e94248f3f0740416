"""What must hold of a batch before it may be written; pure.

The stream has proved its arithmetic against Spark's own metrics; here the same numbers must fit
each other, and the ledger, once more. A refusal names both numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

import pyarrow.compute as pc

from sfcrime.errors import AccountingBroken
from sfcrime.store.records import BatchOutcome, Totals

_RULE = "A batch is written only when all its numbers fit each other and the ledger."


def check_batch(
    outcome: BatchOutcome,
    *,
    last_batch_id: int | None,
    ends: Mapping[int, int],
    window_minutes: int,
) -> None:
    """Proves that a batch continues the ledger and adds up.

    Args:
        outcome: the batch.
        last_batch_id: of the ledger; None before the first batch, which is number 0.
        ends: the ledger's end offset of every partition it knows.
        window_minutes: width of a cell of this generation.

    Raises:
        AccountingBroken: the first thing that does not fit.
    """
    expected = 0 if last_batch_id is None else last_batch_id + 1
    if outcome.batch_id != expected:
        _broken(outcome, f"the ledger expects batch {expected}")
    _check_accounting(outcome)
    _check_ranges(outcome, ends)
    _check_set_aside(outcome)
    _check_cells(outcome, window_minutes)


def check_identities(outcome: BatchOutcome, before: Totals, *, held: int) -> None:
    """Proves that there is one identity for every counted call, in the batch and in the store.

    Args:
        outcome: the batch.
        before: the totals of all batches before it.
        held: identities that the store held before it.

    Raises:
        AccountingBroken: a number does not fit.
    """
    counted = outcome.accounting.counted
    if len(outcome.identities) != counted:
        _broken(outcome, f"it has {len(outcome.identities):,} identities for {counted:,} counted")
    if held != before.accounting.counted:
        _broken(
            outcome,
            f"the store holds {held:,} identities for {before.accounting.counted:,} counted calls",
        )


def _broken(outcome: BatchOutcome, what: str) -> NoReturn:
    raise AccountingBroken(
        f"Batch {outcome.batch_id} was not written: {what}.",
        rule=_RULE,
        next_step="keep the data folder and report this; nothing of the batch was stored",
    )


def _check_accounting(outcome: BatchOutcome) -> None:
    account = outcome.accounting
    parts = (account.counted, account.duplicate, account.late, account.rejected)
    if min(account.read, account.gaps, *parts) < 0:
        _broken(outcome, f"a count is negative ({account})")
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
    partitions = Counter(each.partition for each in outcome.ranges)
    for each in outcome.ranges:
        name = f"partition {each.partition}"
        if partitions[each.partition] > 1:
            _broken(outcome, f"{name} has {partitions[each.partition]} ranges")
        end = ends.get(each.partition, 0)  # one that was added since begins at 0
        if each.start != end:
            _broken(outcome, f"{name} starts at offset {each.start:,}, the ledger ends at {end:,}")
        if not 0 <= each.start <= each.end:
            _broken(outcome, f"{name} has the range {each.start:,} to {each.end:,}")
        known = each.counted + each.late + each.rejected
        if min(each.counted, each.late, each.rejected) < 0 or known > each.end - each.start:
            _broken(
                outcome,
                f"{name} accounts for {known:,} records in {each.end - each.start:,} offsets",
            )
    sums = {
        "counted": sum(each.counted for each in outcome.ranges),
        "late": sum(each.late for each in outcome.ranges),
        "rejected": sum(each.rejected for each in outcome.ranges),
    }
    for word, total in sums.items():
        stated = getattr(outcome.accounting, word)
        if total != stated:
            _broken(outcome, f"its partitions hold {total:,} {word}, the batch {stated:,}")


def _check_set_aside(outcome: BatchOutcome) -> None:
    ranges = {each.partition: each for each in outcome.ranges}
    both = {each[:2] for each in outcome.rejected} & {each[:2] for each in outcome.late}
    if both:
        _broken(outcome, f"partition and offset {min(both)} is both rejected and late")
    for word, records in (("rejected", outcome.rejected), ("late", outcome.late)):
        places = {(record.partition, record.offset) for record in records}
        if len(places) != len(records):
            _broken(outcome, f"a {word} record is listed twice")
        for partition, offset in places:
            home = ranges.get(partition)
            if home is None or not home.start <= offset < home.end:
                _broken(
                    outcome,
                    f"the {word} record at partition {partition} offset {offset:,} is outside "
                    "what the batch read",
                )
        listed = Counter(partition for partition, _ in places)
        for each in outcome.ranges:
            stated = getattr(each, word)
            if listed[each.partition] != stated:
                _broken(
                    outcome,
                    f"partition {each.partition} lists {listed[each.partition]:,} {word} records "
                    f"but states {stated:,}",
                )


def _check_cells(outcome: BatchOutcome, window_minutes: int) -> None:
    cells = outcome.cells
    columns = (cells.windows_us, cells.call_types, cells.dispositions, cells.calls)
    if len({len(column) for column in columns}) != 1 or any(each.null_count for each in columns):
        _broken(outcome, "its cells are columns of different lengths, or hold nulls")
    if cells.counted != outcome.accounting.counted:
        _broken(
            outcome,
            f"its cells hold {cells.counted:,} calls, counted says {outcome.accounting.counted:,}",
        )
    if not len(cells):
        return
    if pc.min(cells.calls).as_py() < 1:
        _broken(outcome, "a cell adds less than one call")
    width_us = window_minutes * 60_000_000
    starts = pc.multiply(pc.divide(cells.windows_us, width_us), width_us)
    if not pc.all(pc.equal(starts, cells.windows_us)).as_py():
        _broken(outcome, f"a cell does not start on a window of {window_minutes} minutes")
