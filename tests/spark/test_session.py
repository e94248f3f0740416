"""The session's own making: what PySpark takes for itself is given back."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import cast

import pytest
from py4j.protocol import Py4JJavaError

from sfcrime.errors import SparkUnavailable
from sfcrime.spark import session
from sfcrime.spark.driver import DriverJvm


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


class NoMaster(TakesSigint):
    """A builder on a cluster whose master does not take us."""

    _target_id = "o1"

    def toString(self) -> str:
        return "java.lang.IllegalStateException: stopped\n\tat org.apache.spark.SparkContext"

    def getOrCreate(self) -> str:
        raise Py4JJavaError("An error occurred", self)


def test_a_master_that_gives_no_session_is_said_with_the_last_of_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Jvm:
        log_path = tmp_path / "driver.log"

        def await_gateway(self) -> None:
            self.log_path.write_text("ERROR All masters are unresponsive! Giving up.\n")

    monkeypatch.setattr(session.SparkSession, "builder", NoMaster())
    with pytest.raises(SparkUnavailable) as failed:
        session.open_spark(cast("DriverJvm", Jvm()))
    assert failed.value.happened == (
        "Spark gave no session: java.lang.IllegalStateException: stopped\n"
        "ERROR All masters are unresponsive! Giving up."
    )
