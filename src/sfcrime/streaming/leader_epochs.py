"""Under which leaders of the partitions a batch was read.

A leader loses nothing that a consumer was given, and each new one has a higher epoch. So what was
read stands in the topic as long as the epoch after the reading is one that was known before it
began. Spark's clients keep what they fetched beyond a batch, and hand it to later ones: a record of
any batch may have been fetched at any time since its query was started. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.domain.topic_state import UNKNOWN_EPOCH


class LeaderEpochs:
    """The epochs that are known, by partition, in the life of one query.

    Args:
        known: the epochs under which the ledger was found to fit the topic, before its start.
    """

    def __init__(self, known: Mapping[int, int]) -> None:
        self._at_start = known
        self.proved = known
        """By the newest commit; those of partitions that it did not read, by earlier ones."""

    def changed(self, found: Mapping[int, int], known: Mapping[int, int] | None = None) -> bool:
        """Whether a partition may have got another leader while the batch was read.

        Args:
            found: after the reading, of the partitions that were read.
            known: before it; None: it was read by the query.
        """
        before = self._at_start if known is None else known
        return any(
            epoch != before.get(partition, UNKNOWN_EPOCH) for partition, epoch in found.items()
        )

    def proved_by(self, found: Mapping[int, int]) -> Mapping[int, int]:
        """What is proved once the batch is committed."""
        return {**self.proved, **found}

    def committed(self, proved: Mapping[int, int]) -> None:
        """Notes the commit of the batch."""
        self.proved = proved
