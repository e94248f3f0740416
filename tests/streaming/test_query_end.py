"""What is said of a query that Spark ended."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from sfcrime.spark.driver import DriverJvm
from sfcrime.streaming.query_end import last_word, not_started

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


def test_a_query_that_cannot_start_says_why_and_may_start_later() -> None:
    class Jvm:
        log_path = Path("data/spark/driver.log")

    said = """An error occurred while calling o96.start.
: java.io.IOException: No space left on device
"""
    error = not_started(RuntimeError(said), cast("DriverJvm", Jvm()))
    assert error.happened == (
        "Spark could not start the query: java.io.IOException: No space left on device"
    )
    assert error.may_pass
