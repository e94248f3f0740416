"""The session's own making: what PySpark takes for itself is given back."""

from __future__ import annotations

import signal
from types import FrameType

import pytest

from sfcrime.spark import session


class TakesSigint:
    """A builder that does what PySpark does when it makes its first context."""

    def config(self, *, map: dict[str, str]) -> TakesSigint:
        self.properties = map
        return self

    def getOrCreate(self) -> str:
        def cancel_everything(_: int, __: FrameType | None) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGINT, cancel_everything)
        return "the session"


def test_ctrl_c_stays_what_the_caller_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = TakesSigint()
    monkeypatch.setattr(session.SparkSession, "builder", builder)
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        made = session.open_session({"spark.ui.port": "3000"})
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (made, builder.properties) == ("the session", {"spark.ui.port": "3000"})
    assert seen == [signal.SIGINT]
