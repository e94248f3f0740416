"""The process that Spark forks its Python workers from, with all they need imported once.

    python -m sfcrime.spark.worker_daemon pyspark.worker

So two workers start 0.3 s sooner, and share the memory of what is imported. It is PySpark's own
daemon but for two things: a worker without a task ends silently when its JVM does, and what was
imported is left out of the garbage collection after every task.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from io import BufferedReader, BufferedWriter

import pyspark.worker
from pyspark.daemon import manager

JUDGING = "sfcrime.streaming.intake"
"""What every worker imports; named, because this room knows nothing of the query."""

_run_task = pyspark.worker.main


def run_task(task: BufferedReader, result: BufferedWriter) -> None:
    """Waits for a task and runs it.

    PySpark's own takes the end of its input for a task that failed, writes that into a socket that
    nobody reads, and prints two tracebacks because of it: after the last words of a job that
    stopped in order, whenever the worker is quicker than the signal that ends it.

    Raises:
        SystemExit: there are no further tasks, or this one failed.
    """
    if not task.peek(1):
        sys.exit(-1)  # as PySpark's own, so that the daemon asks for no further task
    _run_task(task, result)


if __name__ == "__main__":
    pyspark.worker.main = run_task  # the daemon takes no worker module of another name
    import_module(JUDGING)
    gc.freeze()  # 9 ms of CPU time a task
    manager()
