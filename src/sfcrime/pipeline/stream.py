"""Runs the query as a part of its own: starts the JVM, and the rest while that starts."""

from __future__ import annotations

from sfcrime.pipeline.stream_request import StreamRequest, job_lock, require_settable
from sfcrime.spark.driver import driver_command
from sfcrime.spark.gateway import start_driver_jvm
from sfcrime.streaming.scratch import fresh_work_dir


def stream_topic(request: StreamRequest) -> dict[int, int]:
    """Runs the query until it is stopped or caught up, or fails.

    Returns:
        By partition, the first offset that is not accounted for; empty where a stop came first.

    Raises:
        AlreadyRunning: another job works on this data directory.
        SfcrimeError: see `streaming.job` for what is refused and what can fail.
    """
    settings = request.settings
    require_settable(settings)
    with job_lock(settings.data_dir):
        request.hooks.on_step("starting Spark")
        jvm = start_driver_jvm(driver_command(settings, fresh_work_dir(settings.data_dir)))
        try:
            # PySpark, Arrow and SQLAlchemy take as long to import as the JVM takes to start.
            from sfcrime.pipeline.count_topic import count_topic

            return count_topic(request, jvm)
        finally:
            jvm.stop()
