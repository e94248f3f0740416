"""Takes a recount and the store through the whole comparison, pile by pile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfcrime.audit.cells import CellComparison, CellVerdict
from sfcrime.audit.compare import (
    compare_accounting,
    compare_partitions,
    compare_windows,
)
from sfcrime.audit.identities import IdentityComparison
from sfcrime.audit.ledger import check_batches, check_ranges
from sfcrime.audit.recount import Recount
from sfcrime.audit.repeats import CELL, ContestedCall, count_identities, counted_cells
from sfcrime.audit.result import DifferenceKind, DifferenceLog
from sfcrime.audit.shares import CountPlan, ShareResult
from sfcrime.audit.stored_cells import StoredCells
from sfcrime.audit.sums import compare_sums_and_rows
from sfcrime.store.reader import StoreReader

_ALL_ROWS = 2**62

OnCompared = Callable[[int, int], None]
"""Told (done, due), in parts of the comparison."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison leaves beside the differences in its log."""

    count: Recount
    verdict: CellVerdict
    contested: Sequence[ContestedCall]
    """By call id and call time."""


def compare(
    store: StoreReader,
    plan: CountPlan,
    results: Sequence[ShareResult],
    log: DifferenceLog,
    progress: OnCompared,
) -> Compared:
    """Compares everything but sequences.

    Args:
        store: what was stored.
        plan, results: what was counted, and what its shares came to.
        log: takes the differences.
        progress: told how far it is.
    """
    due, spill = 2 * plan.piles + 2, plan.spill
    progress(0, due)
    identities = IdentityComparison(spill, plan.piles)
    identities.spill_blocks(store.identity_blocks())
    progress(1, due)
    stored = StoredCells(store, spill, plan.piles)
    count = Recount(plan, results, stored.labels)
    stored.numbering(count.labels)
    contested: list[ContestedCall] = []
    for pile in range(plan.piles):
        progress(2 + pile, due)
        identities.add(pile, count_identities(count, pile, contested))
    contested.sort()
    cells = CellComparison(count.labels, contested)
    for pile in range(plan.piles):
        progress(2 + plan.piles + pile, due)
        cells.add(spill.load(counted_cells(pile), CELL), stored.of_pile(pile))
        spill.remove(counted_cells(pile))
    verdict = cells.finish(log)
    _compare_the_rest(store, count, cells, log)
    identities.finish(log)
    progress(due, due)
    return Compared(count, verdict, contested)


def _compare_the_rest(
    store: StoreReader, count: Recount, cells: CellComparison, log: DifferenceLog
) -> None:
    ledger, totals = store.partition_ledger(), store.totals()
    compare_windows(cells.calls_by_window(), store.window_totals(), totals.last_batch_id, log)
    compare_accounting(count.accounting, totals.accounting, log)
    compare_partitions(count, ledger, log)
    sums = store.set_aside_sums()
    compare_sums_and_rows(DifferenceKind.REJECTED, count.rejected(), store.rejected(), sums, log)
    compare_sums_and_rows(DifferenceKind.LATE, count.late(), store.late(), sums, log)
    rows = store.ledger_rows(_ALL_ROWS)[::-1]
    check_batches(rows, totals, log)
    check_ranges(store.batch_ranges(), rows, count, log)
