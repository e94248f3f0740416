"""The process that Spark forks its Python workers from, with all they need imported once.

    python -m sfcrime.streaming.worker_daemon pyspark.worker

PySpark's own daemon in everything else. Two workers so start 0.3 s sooner, and share the memory of
what is imported.
"""

from __future__ import annotations

import pyspark.worker  # noqa: F401 - for the workers
from pyspark.daemon import manager

import sfcrime.streaming.intake  # noqa: F401 - for the workers

if __name__ == "__main__":
    manager()
