"""Compares the identities that the store keeps with those of the recount, one by one. Pure.

Numbers could cancel out: a call that was lost beside one that was counted twice. So each stored
identity is looked up and marked, and what stays without a mark is missing from the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sfcrime.audit.recount import Mark, Recount
from sfcrime.audit.result import DifferenceKind, DifferenceLog, on_the_wall
from sfcrime.domain.calls import Stage
from sfcrime.store.identity_blocks import StoredBlock, block_faults

_NOTHING, _ONCE, _REPEATED = "nothing", "once", "more than once"


def identity_name(call_id: int, call_us: int) -> str:
    """ "call 182750001 at 2018-10-02T09:11:00"."""
    try:
        return f"call {call_id} at {on_the_wall(call_us)}"
    except OverflowError:  # no call of the topic's, but a damaged store may hold any number
        return f"call {call_id} at {call_us} us"


def check_blocks(blocks: Iterable[StoredBlock], log: DifferenceLog) -> None:
    """Checks the blocks that hold the identities: where one is not found, a repeat would count.

    Args:
        blocks: all of them, by level and first identity.
        log: takes what is wrong with them.
    """
    for fault in block_faults(blocks):
        log.add(DifferenceKind.IDENTITY, fault, "a sound block", "another")


def stored_pairs(blocks: Iterable[StoredBlock], log: DifferenceLog) -> Iterator[tuple[int, int]]:
    """Call id and call time (microseconds on the wall) of every stored identity.

    The sources of today publish a call once, when it is closed: another stage is a difference.
    """
    for _, rows, _ in blocks:
        columns = (rows.call_ids, rows.calls_us, rows.stages)
        for call_id, call_us, stage in zip(*(each.tolist() for each in columns), strict=True):
            if stage == Stage.CLOSED:
                yield call_id, call_us
            else:
                _note(log, (call_id, call_us), "closed", f"stage {stage}")


def compare_identities(
    stored: Iterable[tuple[int, int]], count: Recount, log: DifferenceLog
) -> None:
    """Compares the set of identities that were counted.

    Args:
        stored: (call id, call time in microseconds on the wall) of every identity that the store
            keeps, in any order.
        count: of the topic up to the ledger's ends. It is marked: this can be done once.
        log: takes the differences: those the store lacks, has alone, or has more than once.
    """
    mark, known = count.mark, Mark.KNOWN
    for call_id, call_us in stored:
        marked = mark(call_id, call_us)
        if marked is known:
            continue
        if marked is Mark.UNKNOWN:
            _note(log, (call_id, call_us), _NOTHING, _ONCE)
        else:
            _note(log, (call_id, call_us), _ONCE, _REPEATED)
    for identity in count.unmarked():
        _note(log, identity, _ONCE, _NOTHING)


def _note(log: DifferenceLog, identity: tuple[int, int], recounted: str, stored: str) -> None:
    log.add(DifferenceKind.IDENTITY, identity_name(*identity), recounted, stored)
