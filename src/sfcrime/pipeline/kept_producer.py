"""The producer as a part that is kept up until it has published what it was asked to.

While it publishes, or waits for the time of its next record, it says so four times a second. One
that says nothing for long though Kafka answers hangs, which no number would show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sfcrime.errors import EXIT_OK
from sfcrime.machine.watched_time import watched_s
from sfcrime.pipeline.activity import ProducerActivity, read_activity, said_ns
from sfcrime.pipeline.kept_part import KeptPart
from sfcrime.pipeline.part import Part
from sfcrime.settings import Settings


class KeptProducer:
    """The producer, and whether it is done.

    Args:
        settings: of the run.
        arguments: of `sfcrime`.
        on_step: told what becomes of it.
    """

    def __init__(
        self, settings: Settings, arguments: Sequence[str], on_step: Callable[[str], None]
    ) -> None:
        self.process = Part("producer", arguments, settings, says=ProducerActivity)
        self._silence_s = float(settings.supervision.silence_s)
        self._said_ns = 0
        """When it said something last, by the file system's clock."""
        self._heard_s = watched_s()
        """When that was seen."""
        self.part = KeptPart(
            self.process,
            settings.supervision.give_up_after_s,
            on_step,
            has_done_its_work=lambda code: code == EXIT_OK and self._said().finished,
        )

    @property
    def is_done(self) -> bool:
        """Everything is published that this run was asked to publish."""
        return self.part.state == "done"

    def look(self, *, may_start: bool) -> None:
        """Sees how it is, and starts it again where it was ended before its end; arguments and
        errors as of `KeptPart.look`."""
        said = self._said()
        if self.process.exit_code is None:
            if said != ProducerActivity():  # it has begun to read or to publish
                self.part.works()
            silent_s = self._silent_s(has_published=said.virtual_ms is not None and may_start)
            if silent_s > self._silence_s:
                self.part.kill(f"said nothing for {silent_s:.0f} s")
        self.part.look(may_start=may_start)

    def _silent_s(self, *, has_published: bool) -> float:
        """For how long it has said nothing; 0 where it need not say anything: while it reads, or
        Kafka does not answer."""
        now_s, newest_ns = watched_s(), said_ns(self.process.settings.data_dir, ProducerActivity)
        if newest_ns != self._said_ns or not has_published:
            self._said_ns, self._heard_s = newest_ns, now_s
        return now_s - self._heard_s

    def _said(self) -> ProducerActivity:
        return read_activity(self.process.settings.data_dir, ProducerActivity)
