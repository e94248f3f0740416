"""Under which leaders of the partitions a batch was read.

A leader loses nothing that a consumer was given, and each new one has a higher epoch. So what was
read stands in the topic as long as the epoch after the reading is one that was known before it
began. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.domain.topic_state import UNKNOWN_EPOCH


class LeaderEpochs:
    """The epochs that are known, by partition, as one batch after the other is stored.

    While a batch is stored, Spark reads the next one and no further. So the next one was begun when
    no more was known than what the commit before had proved.

    Args:
        known: the epochs under which the ledger was found to fit the topic.
    """

    def __init__(self, known: Mapping[int, int]) -> None:
        self._before_reading = known
        self.proved = known
        """By the newest commit; those of partitions that it did not read, by earlier ones."""

    def changed(self, found: Mapping[int, int]) -> bool:
        """Whether a partition may have got another leader while the batch was read.

        Args:
            found: after the reading, of the partitions that were read.
        """
        return any(
            epoch != self._before_reading.get(partition, UNKNOWN_EPOCH)
            for partition, epoch in found.items()
        )

    def read_under(self, known: Mapping[int, int]) -> None:
        """Notes that the batch was read again, and that these were known before."""
        self._before_reading = known

    def proved_by(self, found: Mapping[int, int]) -> Mapping[int, int]:
        """What is proved once the batch is committed."""
        return {**self.proved, **found}

    def committed(self, proved: Mapping[int, int]) -> None:
        """Notes the commit of the batch."""
        self._before_reading, self.proved = self.proved, proved
