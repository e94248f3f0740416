"""The producer as a part that is kept up until it has published what it was asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sfcrime.errors import EXIT_OK
from sfcrime.pipeline.activity import ProducerActivity, read_activity
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
        has_begun = self._said() != ProducerActivity()  # to read or to publish
        if self.process.exit_code is None and has_begun:
            self.part.works()
        self.part.look(may_start=may_start)

    def _said(self) -> ProducerActivity:
        return read_activity(self.process.settings.data_dir, ProducerActivity)
