"""Compares the identities that the store keeps with those of the recount, one by one. Pure.

Numbers could cancel out: a call that was lost beside one that was counted twice. So each stored
identity is looked up and marked, and what stays without a mark is missing from the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfcrime.audit.recount import Mark, Recount
from sfcrime.audit.result import Difference, DifferenceKind, DifferenceLog

MAX_IDENTITIES_TRACED = 10
"""Differing identities whose records are looked for in the topic."""

_EPOCH = datetime(1970, 1, 1)
_NOTHING, _ONCE, _REPEATED = "nothing", "once", "more than once"


@dataclass(slots=True)
class IdentityVerdict:
    """What comparing the identities gave."""

    differing: int = 0
    first_differing: list[tuple[int, int]] = field(default_factory=list)
    """(call id, call time in microseconds on the wall) of the first 10, in the order of their
    differences in the log."""


def identity_name(call_id: int, call_us: int) -> str:
    """ "call 182750001 at 2018-10-02T09:11:00"."""
    try:
        return f"call {call_id} at {(_EPOCH + timedelta(microseconds=call_us)).isoformat()}"
    except OverflowError:  # no call of the topic's, but a damaged store may hold any number
        return f"call {call_id} at {call_us} us"


def compare_identities(
    stored: Iterable[tuple[int, int]], count: Recount, log: DifferenceLog
) -> IdentityVerdict:
    """Compares the set of identities that were counted.

    Args:
        stored: (call id, call time in microseconds on the wall) of every identity that the store
            keeps, in any order.
        count: of the topic up to the ledger's ends. It is marked: this can be done once.
        log: takes the differences: those the store lacks, has alone, or has more than once.
    """
    verdict = IdentityVerdict()
    mark, known = count.mark, Mark.KNOWN
    for call_id, call_us in stored:
        marked = mark(call_id, call_us)
        if marked is known:
            continue
        if marked is Mark.UNKNOWN:
            _note(verdict, log, (call_id, call_us), _NOTHING, _ONCE)
        else:
            _note(verdict, log, (call_id, call_us), _ONCE, _REPEATED)
    for identity in count.unmarked():
        _note(verdict, log, identity, _ONCE, _NOTHING)
    return verdict


def _note(
    verdict: IdentityVerdict,
    log: DifferenceLog,
    identity: tuple[int, int],
    recounted: str,
    stored: str,
) -> None:
    verdict.differing += 1
    if len(verdict.first_differing) < MAX_IDENTITIES_TRACED:
        verdict.first_differing.append(identity)
    log.add(Difference(DifferenceKind.IDENTITY, identity_name(*identity), recounted, stored))
