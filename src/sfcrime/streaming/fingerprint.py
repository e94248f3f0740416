"""What shapes a generation's numbers, and the refusal of numbers that were made otherwise."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sfcrime.errors import FingerprintChanged
from sfcrime.settings import LATENESS_OFF
from sfcrime.store.records import Generation


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that shapes the numbers; a change in it would change them."""

    topic: str
    lateness_s: int | None
    window_minutes: int
    rules_version: int

    @classmethod
    def of(cls, generation: Generation) -> Fingerprint:
        return cls(
            generation.topic,
            generation.lateness_s,
            generation.window_minutes,
            generation.rules_version,
        )

    def require_same(self, stored: Fingerprint) -> None:
        """Refuses a difference from what the stored numbers were made by.

        Raises:
            FingerprintChanged: naming what differs, both values, and the command that counts
                again with what is asked for here.
        """
        mine, theirs = asdict(self), asdict(stored)
        changed = {name: (theirs[name], mine[name]) for name in mine if theirs[name] != mine[name]}
        if changed:
            mend = f"set it back, or count the topic again: {self._rebuild(theirs)}"
            raise FingerprintChanged(changed, mend)

    def _rebuild(self, theirs: dict[str, object]) -> str:
        """The command that counts by this fingerprint where the numbers were made by `theirs`."""
        flags = []
        if theirs["topic"] != self.topic:
            flags += [f"--topic {self.topic}", "--accept-loss"]
        if theirs["window_minutes"] != self.window_minutes:
            flags.append(f"--window {self.window_minutes}")
        if theirs["lateness_s"] != self.lateness_s:
            hours = LATENESS_OFF if self.lateness_s is None else f"{self.lateness_s / 3600:g}"
            flags.append(f"--lateness-hours {hours}")
        return " ".join(["sfcrime rebuild", *flags])
