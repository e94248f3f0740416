"""What came of a fault: how soon the ledger went on, what the audit says, and what was violated."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from running import Ran
from sfcrime.domain.outcomes import Accounting

CONTROL = "control"


@dataclass(frozen=True)
class Audited:
    """What `sfcrime audit` found beside the running service."""

    code: int
    differing: int
    """Cells; -1 where it could not be asked."""
    records: int
    wrong: tuple[str, ...]
    """What is not as it has to be, a line each."""


def audited(ran: Ran) -> Audited:
    """Reads what the command printed: nothing may differ, and every offset is accounted for."""
    if ran.code not in (0, 3):
        return Audited(ran.code, -1, 0, (f"audit: exit code {ran.code}: {ran.err[-400:]}",))
    result = json.loads(ran.out)
    account = Accounting(**result["stored_accounting"])  # the recount's adds up by itself
    offsets = sum(each["end"] - each["start"] for each in result["offsets"].values())
    wrong = []
    if ran.code or result["differing"] or result["difference_counts"]:
        wrong.append(f"audit: exit code {ran.code}, {result['difference_counts']}")
    if result["stored_accounting"] != result["accounting"]:
        wrong.append(f"audit: recounted {result['accounting']}, {result['stored_accounting']}")
    if not account.adds_up:
        wrong.append(f"audit: {account} does not add up")
    if offsets != account.read + account.gaps:
        wrong.append(f"audit: {offsets} offsets hold {account}")
    sequences = result["sequences"]
    if not (sequences and sequences["end"]):
        wrong.append(f"audit: no sequence is proved: {sequences}")
    return Audited(ran.code, result["differing"], account.read, tuple(wrong))


@dataclass(frozen=True)
class Result:
    """One run: steady, a fault, healed."""

    number: int
    service: int
    """In which service, from 1."""
    kind: str
    moment: str
    next_batch_s: float | None
    """From the heal to the next committed batch; None: it never came."""
    caught_up_s: float | None
    """From the heal until all is counted that the topic held when it was first asked again, and
    something behind it."""
    hands: int
    """How often the harness had to start a run again that had ended by itself."""
    audit: Audited
    contradictions: tuple[str, ...]
    violations: tuple[str, ...]
    """All that must not be, the contradictions and the audit's among it."""

    def line(self, of: int) -> str:
        verdict = f"audit {self.audit.code} ({self.audit.records:,} records)"
        hands = f", {self.hands} hands" if self.hands else ""
        mark = "VIOLATED" if self.violations else "ok"
        return (
            f"[{self.number:>3}/{of}] service {self.service:<3} {self.kind:<22} "
            f"{self.moment[:34]:<34}  batch {_seconds(self.next_batch_s)}  "
            f"caught up {_seconds(self.caught_up_s)}  {verdict}{hands}  {mark}"
        )


def _seconds(value: float | None) -> str:
    return "  never" if value is None else f"{value:5.1f} s"


def summary(results: Sequence[Result]) -> list[str]:
    """A table by kind, and one line of all."""
    lines = [
        f"{'kind':<22} {'n':>4} {'batch p50':>10} {'p95':>7} {'caught up p50':>14} {'p95':>7} "
        f"{'hands':>6} {'differing':>10} {'contradict':>11} {'violated':>9}"
    ]
    for kind in sorted({each.kind for each in results}):
        lines.append(_row(kind, [each for each in results if each.kind == kind]))
    lines.append(_row("all", results))
    return lines


def _row(name: str, results: Sequence[Result]) -> str:
    batch = _two(each.next_batch_s for each in results)
    caught = _two(each.caught_up_s for each in results)
    return (
        f"{name:<22} {len(results):>4} {batch[0]:>10} {batch[1]:>7} {caught[0]:>14} {caught[1]:>7} "
        f"{sum(each.hands for each in results):>6} "
        f"{sum(max(0, each.audit.differing) for each in results):>10} "
        f"{sum(len(each.contradictions) for each in results):>11} "
        f"{sum(bool(each.violations) for each in results):>9}"
    )


def _two(seconds: Iterable[float | None]) -> tuple[str, str]:
    """Median and 95th percentile of those that came."""
    known = sorted(each for each in seconds if each is not None)
    if not known:
        return "-", "-"
    p95 = known[min(len(known) - 1, int(0.95 * len(known)))]
    return f"{statistics.median(known):.1f} s", f"{p95:.1f} s"


def as_json(seed: int, results: Sequence[Result]) -> dict[str, Any]:
    """For --out."""
    return {"seed": seed, "results": [asdict(each) for each in results]}
