"""Whether a consumer gets on: by what it is given, and by how far its client has fetched.

Offsets whose records cannot be seen, as those of an aborted transaction, are passed over within the
client: it may fetch gigabytes and give nothing. Its position says nothing of that, its statistics
do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection

from sfcrime.errors import KafkaUnavailable

STALL_S = 15.0
"""A reader whose client fetches nothing for so long has lost the broker."""


class FetchWatch:
    """Watches one consumer of one topic; `on_statistics` is to be its `stats_cb`."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._next_offsets: dict[str, int] = {}
        self._moved = time.monotonic()

    def on_statistics(self, report: str) -> None:
        """Takes the client's statistics, a JSON text; called while it is asked for records."""
        partitions = json.loads(report)["topics"].get(self._topic, {}).get("partitions", {})
        before, self._next_offsets = (
            self._next_offsets,
            {number: each["next_offset"] for number, each in partitions.items()},
        )
        # Below 0 it is not known yet where to begin.
        if any(0 <= before.get(each, -1) < now for each, now in self._next_offsets.items()):
            self.note()

    def note(self) -> None:
        """Notes that the consumer was given something."""
        self._moved = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Seconds since the consumer was given something or its client fetched something."""
        return time.monotonic() - self._moved

    def require_movement(self, partitions: Collection[int]) -> None:
        """Refuses a consumer that has stood still for too long.

        Args:
            partitions: those with offsets still to read.

        Raises:
            KafkaUnavailable: naming them.
        """
        if self.quiet_s > STALL_S:
            raise KafkaUnavailable(
                f"Kafka gave nothing of {self._topic} for {STALL_S:.0f} s, "
                f"with offsets still to read in partitions {sorted(partitions)}.",
                next_step="check that the broker runs",
            )
