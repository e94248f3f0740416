"""What is said of a query that Spark ended."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from pyspark.errors import StreamingQueryException

from sfcrime.spark.driver import DriverJvm
from sfcrime.streaming.query_end import TooMuchForSpark, cause_of, last_word, not_started

WORKER = """An error occurred while calling o12.collectToPython.
: org.apache.spark.SparkException: Job aborted.
Caused by: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "worker.py", line 1, in judge
    raise ValueError(3)
ValueError: 3

\tat org.apache.spark.api.python.BasePythonRunner.handle(PythonRunner.scala:1)
"""
CAUSES = """[STREAM_FAILED] Query terminated with exception: Job aborted.
\tat org.apache.spark.Some.place(Some.scala:1)
Caused by: org.apache.spark.SparkException: Task failed
\tat org.apache.spark.Some.place(Some.scala:1)
Caused by: java.lang.ArithmeticException: long overflow
\tat java.base/java.lang.Math.multiplyExact(Math.java:1032)
"""
NO_WORKER = """Job aborted due to stage failure: org.apache.spark.SparkException:
Error from python worker:
  Traceback (most recent call last):
    File "<frozen runpy>", line 198, in _run_module_as_main
  ModuleNotFoundError: No module named 'sfcrime'
PYTHONPATH was:
  /opt/spark/python/lib/pyspark.zip
org.apache.spark.SparkException: EOFException occurred while reading the port number
"""


@pytest.mark.parametrize(
    "text, word",
    [
        (WORKER, "ValueError: 3"),
        (NO_WORKER, "ModuleNotFoundError: No module named 'sfcrime'"),
        (CAUSES, "java.lang.ArithmeticException: long overflow"),
        ("disk full\nand more", "disk full"),
        ("", "RuntimeError('')"),
    ],
)
def test_the_line_that_says_why_is_found(text: str, word: str) -> None:
    assert last_word(RuntimeError(text)) == word


class Jvm:
    log_path = Path("data/spark/driver.log")


@pytest.mark.parametrize(
    "said, is_too_much",
    [
        ("Caused by: java.lang.ArithmeticException: long overflow", True),
        ("ExecutorLostFailure (executor 3 exited): Command exited with code 52", True),
        ("Caused by: java.lang.OutOfMemoryError: Java heap space", True),
        ("ExecutorLostFailure (executor 3 exited): Command exited with code 137", False),
        ("Caused by: java.io.IOException: No space left on device", False),
    ],
)
def test_records_over_which_memory_runs_out_are_too_much_for_spark(
    said: str, is_too_much: bool
) -> None:
    failure = StreamingQueryException(said)
    cause = cause_of(failure, None, cast("DriverJvm", Jvm()), lambda: None)
    assert isinstance(cause, TooMuchForSpark) is is_too_much


def test_a_query_that_cannot_start_says_why_and_may_start_later() -> None:
    said = """An error occurred while calling o96.start.
: java.io.IOException: No space left on device
"""
    error = not_started(RuntimeError(said), cast("DriverJvm", Jvm()))
    assert error.happened == (
        "Spark could not start the query: java.io.IOException: No space left on device"
    )
    assert error.may_pass
