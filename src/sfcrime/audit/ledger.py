"""Checks the rows of the ledger among themselves and against the recount. Pure.

Only the newest batches keep their rows; the sums can be proved only where all are kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from sfcrime.audit.compare import compare_accounting
from sfcrime.audit.recount import Recount
from sfcrime.audit.result import DifferenceKind, DifferenceLog
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import LedgerRow, PartitionRange, Totals

_KIND = DifferenceKind.BATCH


def check_batches(rows: Sequence[LedgerRow], totals: Totals, log: DifferenceLog) -> None:
    """Checks that the kept batches follow each other up to the totals, and add up to them.

    Args:
        rows: the kept batches, oldest first.
        totals: of all batches.
        log: takes the differences: what must be stands as recounted.
    """
    last = totals.batches - 1 if totals.batches else None
    log.expect(_KIND, "number of the last batch in the totals", last, totals.last_batch_id)
    newest = rows[-1].batch_id if rows else None
    log.expect(_KIND, "number of the newest row", last, newest)
    for row in rows:
        account = row.accounting
        outcomes = account.counted + account.duplicate + account.late + account.rejected
        log.expect(_KIND, f"batch {row.batch_id}, read", outcomes, account.read)
    for before, after in pairwise(rows):
        log.expect(
            _KIND, f"the row after batch {before.batch_id}", before.batch_id + 1, after.batch_id
        )
    if rows and rows[0].batch_id == 0:
        together = sum((row.accounting for row in rows), Accounting())
        compare_accounting(totals.accounting, together, log, _KIND, ", all batches together")


def check_ranges(
    ranges: Iterable[tuple[int, PartitionRange]],
    rows: Iterable[LedgerRow],
    count: Recount,
    log: DifferenceLog,
) -> None:
    """Checks that what the kept batches read of a partition has no hole up to the ledger's end,
    holds the records set aside that the recount found there, and comes to the batches' rows.

    Args:
        ranges: by batch id, ordered by partition and batch.
        rows: of the same batches.
        count: of the topic up to the ledger's ends.
        log: takes the differences.
    """
    read = defaultdict[int, Counter[str]](Counter)
    for partition, of_partition in groupby(ranges, key=lambda item: item[1].partition):
        found = count.partitions.get(partition)
        if found is None:
            log.expect(_KIND, f"partition {partition}, ranges of batches", None, "some")
            continue
        due: int | None = None
        for batch_id, span in of_partition:
            what = f"batch {batch_id}, partition {partition}"
            read[batch_id].update(offsets=span.end - span.start, counted=span.counted)
            read[batch_id].update(late=span.late, rejected=span.rejected)
            if due is None:
                due = found.start if batch_id == 0 else span.start
            log.expect(_KIND, f"{what}, start", due, span.start)
            due = span.end
            late = found.late_within(span.start, span.end)
            rejected = found.rejected_within(span.start, span.end)
            log.expect(_KIND, f"{what}, late", late, span.late)
            log.expect(_KIND, f"{what}, rejected", rejected, span.rejected)
        log.expect(_KIND, f"partition {partition}, end of the last batch", found.end, due)
        found.forget_offsets()
    _check_sums(read, rows, log)


def _check_sums(
    read: dict[int, Counter[str]], rows: Iterable[LedgerRow], log: DifferenceLog
) -> None:
    """Checks what each batch read of all partitions against its row."""
    for row in rows:
        account, found = row.accounting, read.pop(row.batch_id, Counter())
        due = {
            "offsets": account.read + account.gaps,
            "counted": account.counted,
            "late": account.late,
            "rejected": account.rejected,
        }
        for word, number in due.items():
            what = f"batch {row.batch_id}, {word} of its partitions"
            log.expect(_KIND, what, number, found[word])
    for batch_id in sorted(read):
        log.expect(_KIND, f"the row of batch {batch_id}", "one", None)
