"""What the shares of a count came to together: one numbering of labels, and rows by pile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sfcrime.audit.partitions import PartitionCount
from sfcrime.audit.shares import ROW, CountPlan, ShareResult, file_of
from sfcrime.audit.spill import Rows
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import LateRecord, RejectedRecord

Label = tuple[str, str]
"""Raw call type and disposition, blanks folded."""


class Labels:
    """Labels by number, in code point order: a smaller number is a smaller label."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self.texts: list[Label] = sorted(set(labels))
        self._numbers = {label: number for number, label in enumerate(self.texts)}

    def numbers(self, labels: Iterable[Label]) -> NDArray[np.int64]:
        """The number of each label; all of them are known."""
        known = self._numbers
        return np.fromiter((known[label] for label in labels), np.int64)

    def find(self, label: Label) -> int | None:
        return self._numbers.get(label)


class Recount:
    """A count whose records were all read.

    Repeats are told from counted calls by `repeats.count_identities`, which completes it.

    Args:
        plan: what was counted.
        results: of all shares, by number.
        stored_labels: the store's, which get numbers beside those of the topic.
    """

    def __init__(
        self, plan: CountPlan, results: Sequence[ShareResult], stored_labels: Iterable[Label] = ()
    ) -> None:
        self.plan = plan
        self.counted = 0
        """Identities: each is counted once, a conflict too."""
        self.labels = Labels(chain(stored_labels, *(each.labels for each in results)))
        self._numbers_of_share = [self.labels.numbers(each.labels) for each in results]
        self.partitions: dict[int, PartitionCount] = {}
        for number, span in sorted(plan.ranges.items()):
            slices = sorted(
                (each.start, share, each.read)
                for share, result in enumerate(results)
                for each in result.slices
                if each.partition == number
            )
            part = PartitionCount(number, span, plan.spill, [share for _, share, _ in slices])
            part.read = sum(read for _, _, read in slices)
            self.partitions[number] = part

    def rows(self, pile: int) -> Iterator[Rows]:
        """The valid records of a pile that are not late (`shares.ROW`), in no order; labels have
        the numbers of `labels`."""
        for share, numbers in enumerate(self._numbers_of_share):
            for rows in self.plan.spill.chunks(file_of("rows", share, pile), ROW):
                rows["label"] = numbers[rows["label"]]
                yield rows

    def all_rows(self) -> Iterator[Rows]:
        """The same of all piles."""
        return chain.from_iterable(map(self.rows, range(self.plan.piles)))

    @property
    def accounting(self) -> Accounting:
        """What became of all records; a conflict counts once, like any identity."""
        parts = self.partitions.values()
        read = sum(part.read for part in parts)
        late = sum(part.late for part in parts)
        rejected = sum(part.rejected for part in parts)
        duplicate = read - late - rejected - self.counted
        gaps = sum(part.gaps for part in parts)
        return Accounting(read, self.counted, duplicate, late, rejected, gaps)

    def rejected(self) -> Iterator[RejectedRecord]:
        """Every rejected record, by partition and offset."""
        return chain.from_iterable(part.rejected_records() for part in self.partitions.values())

    def late(self) -> Iterator[LateRecord]:
        """Every late record, by partition and offset."""
        return chain.from_iterable(part.late_records() for part in self.partitions.values())
