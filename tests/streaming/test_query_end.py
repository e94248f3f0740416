"""What is said of a query that Spark ended."""

from __future__ import annotations

import pytest

from sfcrime.streaming.query_end import last_word

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


@pytest.mark.parametrize(
    "text, word",
    [
        (WORKER, "ValueError: 3"),
        (CAUSES, "Caused by: java.lang.ArithmeticException: long overflow"),
        ("disk full\nand more", "disk full"),
        ("", "RuntimeError('')"),
    ],
)
def test_the_line_that_says_why_is_found(text: str, word: str) -> None:
    assert last_word(RuntimeError(text)) == word
