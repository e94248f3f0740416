"""The producer of the exercise: publishes a source of calls into a Kafka topic.

What a producer of old events has to get right, and where it is done:

* Order. The file lists its newest call first. A stream whose time runs backwards makes every
  record but the first late, so records are published in the order in which the calls came in
  (`sfcrime.sources.file` sorts on disk, whatever the file's size).
* Time. Each record's Kafka timestamp is the time of its call, not of the replay: lateness is
  then a property of the record, and every replay gives the same counts.
* Keys. The key is the call id, so both copies of a repeated call reach the same partition.
* Retention. Kafka deletes records older than 7 days by THEIR time, which are all of 2018. The
  topic is made with `retention.ms=-1`; an existing topic with other settings is refused.
* Acknowledgement. `acks=all` and idempotence: no record is lost, repeated or moved by a retry.
  Started again after any crash, the producer continues after the last record in the topic.
* Pace. A fixed `sleep(1)` after each record would take 199,999 s for the real file, and all
  hours would look alike. Here virtual time runs `speed` times faster than the calls came in.
"""

from __future__ import annotations

from threading import Event

from sfcrime.kafka.producer import OnProgress, Published
from sfcrime.pipeline.publishing import open_source, publish_source
from sfcrime.settings import Settings


class ProducerServer:
    """Publishes the source that the settings name, until its end or until told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = Event()

    def generate_data(self, on_progress: OnProgress) -> Published:
        """Publishes; returns when the broker has acknowledged everything.

        Args:
            on_progress: called about four times a second with how far it is.

        Raises:
            SfcrimeError: the file cannot be read, the broker does not answer, or the topic holds
                another source or has settings that would lose records.
        """
        source = open_source(self._settings)
        try:
            return publish_source(self._settings, source, self._stop, on_progress)
        finally:
            source.close()

    def stop(self) -> None:
        """Ends `generate_data` soon; what was sent is acknowledged first."""
        self._stop.set()
