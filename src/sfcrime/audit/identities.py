"""Compares the identities that the store keeps with those of the recount, as sets.

Numbers could cancel out: a call that was lost beside one that was counted twice. So both sides are
dealt to the same piles and merged there, and what one side has alone is a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sfcrime.audit.result import MAX_LISTED, DifferenceKind, DifferenceLog, on_the_wall
from sfcrime.audit.share_count import in_piles, pile_of_identity
from sfcrime.audit.spill import Rows, Spill
from sfcrime.domain.calls import Stage
from sfcrime.store.identity_blocks import StoredBlock, block_faults

IDENTITY = np.dtype([("call_us", np.int64), ("call_id", np.int64)])
_KIND = DifferenceKind.IDENTITY
_NOTHING, _ONCE, _REPEATED = "nothing", "once", "more than once"


def identity_name(call_id: int, call_us: int) -> str:
    """ "call 182750001 at 2018-10-02T09:11:00"."""
    return f"call {call_id} at {on_the_wall(call_us)}"


def stored_identities(pile: int) -> str:
    """The file of the store's identities (`IDENTITY`)."""
    return f"stored-identities-{pile}"


class _FirstOnes:
    """Differences of one kind: all are counted, the first by call time and id are kept."""

    def __init__(self) -> None:
        self.rows = np.empty(0, IDENTITY)
        self.counted = 0

    def add(self, rows: Rows) -> None:
        self.counted += len(rows)
        if len(rows):
            kept = np.concatenate([self.rows, rows])
            self.rows = kept[np.lexsort((kept["call_id"], kept["call_us"]))][:MAX_LISTED]

    def note(self, log: DifferenceLog, recounted: str, stored: str) -> None:
        for call_us, call_id in self.rows.tolist():
            log.add(_KIND, identity_name(call_id, call_us), recounted, stored)
        log.add_unlisted(_KIND, self.counted - len(self.rows))


class IdentityComparison:
    """Identities under comparison: first `spill_blocks`, then `add` each pile, then `finish`.

    Args:
        spill: takes the store's identities.
        piles: they are dealt to so many, as the recount's are.
    """

    def __init__(self, spill: Spill, piles: int) -> None:
        self._spill, self._piles = spill, piles
        self._faults = DifferenceLog()
        self._alone, self._repeated, self._lost = _FirstOnes(), _FirstOnes(), _FirstOnes()

    def spill_blocks(self, blocks: Iterable[StoredBlock]) -> None:
        """Checks the blocks that hold the identities, since where one is not found, a repeat would
        count; and deals the identities to piles.

        Args:
            blocks: all of them, by level and first identity.
        """
        stages = DifferenceLog()
        for fault in block_faults(self._dealt(blocks, stages)):
            self._faults.add(_KIND, fault, "a sound block", "another")
        for each in stages.listed:
            self._faults.add(_KIND, each.what, each.recounted, each.stored)
        self._faults.add_unlisted(_KIND, stages.counts[_KIND] - len(stages.listed))

    def _dealt(self, blocks: Iterable[StoredBlock], stages: DifferenceLog) -> Iterator[StoredBlock]:
        """Hands the blocks on. The sources of today publish a call once, when it is closed:
        another stage is a difference."""
        for block in blocks:
            of_block = block.rows
            rows = np.empty(len(of_block), IDENTITY)
            rows["call_us"], rows["call_id"] = of_block.calls_us, of_block.call_ids
            is_closed = of_block.stages == Stage.CLOSED
            for number in np.flatnonzero(~is_closed).tolist():
                call_us, call_id = rows[number].tolist()
                stage = f"stage {of_block.stages[number]}"
                stages.add(_KIND, identity_name(call_id, call_us), "closed", stage)
            self.spill_rows(rows[is_closed])
            yield block

    def spill_rows(self, rows: Rows) -> None:
        """Deals identities of the store (`IDENTITY`) to piles."""
        for pile, some in in_piles(rows, pile_of_identity(rows, self._piles)):
            self._spill.append(stored_identities(pile), some)

    def add(self, pile: int, recounted: Rows) -> None:
        """Compares one pile.

        Args:
            pile: its number; each is to be compared once.
            recounted: the identities of the recount there, each once.
        """
        held = self._spill.load(stored_identities(pile), IDENTITY)
        self._spill.remove(stored_identities(pile))
        rows = np.empty(len(recounted) + len(held), [*IDENTITY.descr, ("held", np.bool_)])
        for name in ("call_us", "call_id"):
            rows[name] = np.concatenate([recounted[name], held[name]])
        rows["held"] = np.arange(len(rows)) >= len(recounted)
        rows = rows[np.lexsort((rows["held"], rows["call_id"], rows["call_us"]))]
        is_first = np.ones(len(rows), np.bool_)
        is_first[1:] = rows["call_us"][1:] != rows["call_us"][:-1]
        is_first[1:] |= rows["call_id"][1:] != rows["call_id"][:-1]
        group = np.cumsum(is_first) - 1  # of each row: which of the identities it is
        is_known = (~rows["held"])[is_first][group] if len(rows) else is_first
        # Rows of an identity: of the recount, if it has it, then as often as the store has it.
        is_last = np.append(is_first[1:], True)[: len(rows)]
        follows_recount = np.append(False, ~rows["held"])[: len(rows)]
        self._lost.add(_identities(rows[~rows["held"] & is_last]))
        self._alone.add(_identities(rows[~is_known]))
        self._repeated.add(_identities(rows[is_known & rows["held"] & ~follows_recount]))

    def finish(self, log: DifferenceLog) -> None:
        """Notes the blocks that are damaged, and the identities that the store has alone, more
        than once, or lacks, by call time and id."""
        for each in self._faults.listed:
            log.add(_KIND, each.what, each.recounted, each.stored)
        log.add_unlisted(_KIND, self._faults.counts[_KIND] - len(self._faults.listed))
        self._alone.note(log, _NOTHING, _ONCE)
        self._repeated.note(log, _ONCE, _REPEATED)
        self._lost.note(log, _ONCE, _NOTHING)


def _identities(rows: Rows) -> Rows:
    found = np.empty(len(rows), IDENTITY)
    found["call_us"], found["call_id"] = rows["call_us"], rows["call_id"]
    return found
