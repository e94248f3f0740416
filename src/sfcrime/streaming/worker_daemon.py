"""The process that Spark forks its Python workers from, with all they need imported once.

    python -m sfcrime.streaming.worker_daemon pyspark.worker

PySpark's own daemon in everything else but one: two workers so start 0.3 s sooner, and share the
memory of what is imported; and a worker without a task ends without a word when its JVM does.
"""

from __future__ import annotations

import gc
import sys
from io import BufferedReader, BufferedWriter

import pyspark.worker
from pyspark.daemon import manager

import sfcrime.streaming.intake  # noqa: F401 - for the workers

_run_task = pyspark.worker.main


def run_task(task: BufferedReader, result: BufferedWriter) -> None:
    """Waits for a task and runs it.

    PySpark's own takes the end of its input for a task that failed, writes that into a socket that
    nobody holds, and prints two tracebacks over it: behind the last words of a job that stopped in
    order, whenever the worker is quicker than the signal that ends it.

    Raises:
        SystemExit: there are no further tasks, or this one failed.
    """
    if not task.peek(1):
        sys.exit(-1)  # as PySpark's own, so that the daemon asks for no further task
    _run_task(task, result)


if __name__ == "__main__":
    pyspark.worker.main = run_task
    # PySpark's daemon collects garbage behind every task: what is imported need not be looked at.
    gc.freeze()
    manager()
