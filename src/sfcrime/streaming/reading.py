"""What `foreachBatch` calls: one Spark action a batch, whose rows another thread stores."""

from __future__ import annotations

from threading import Event

from pyspark.sql import DataFrame, SparkSession

from sfcrime.streaming.arrival import ReadBatch
from sfcrime.streaming.execution import execution_of_batch
from sfcrime.streaming.handover import Handover
from sfcrime.streaming.phases import PhaseClock


class StopRequested(Exception):
    """Ends the query between two batches: raised into Spark, which passes on only its text. The job
    recognizes it by `BatchReader.failure`, and raises nothing."""


class BatchReader:
    """Reads batches and hands them over; waits only where the one before is still being stored.

    Args:
        session: the one that the query runs in (a batch's own is a copy that does not know it).
        storing: takes the batches.
        stop: set: no further batch is read.
    """

    def __init__(self, session: SparkSession, storing: Handover[ReadBatch], stop: Event) -> None:
        self._session = session
        self._storing = storing
        self._stop = stop
        self.failure: BaseException | None = None
        """What ended the query, as it was raised: Spark passes on only its text."""
        self.last_batch_id = -1
        """Spark's number of the newest batch that was begun; -1 before the first."""

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        try:
            self._take(batch, batch_id)
        except BaseException as failure:
            self.failure = failure
            raise

    def _take(self, batch: DataFrame, batch_id: int) -> None:
        self._storing.check()
        if self._stop.is_set():
            raise StopRequested(f"stopped before batch {batch_id}")
        self.last_batch_id = batch_id
        clock = PhaseClock()
        packets = [(row.partition, bytes(row.records)) for row in batch.collect()]
        clock.ends("action")
        execution = execution_of_batch(self._session, batch_id)
        clock.ends("proof")
        read = ReadBatch(batch_id, packets, execution.planned, execution.records_scanned, clock)
        if not read.is_empty:
            self._storing.wait()
            clock.ends("handover")
            self._storing.hand_over(read)
