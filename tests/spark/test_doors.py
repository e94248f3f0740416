"""What other accounts of the machine meet at a running driver: nothing they can end, call or read;
and what it logs for months stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark

DRIVER = """
import json, socket, sys, threading, urllib.error, urllib.request
from pathlib import Path
from pyspark.java_gateway import ensure_callback_server_started
from sfcrime.settings import Settings, StreamSettings
from sfcrime.spark.session import start_spark

work_dir = Path(sys.argv[1])
settings = Settings(stream=StreamSettings(ui_port=0, master="local[1]", heap="576m"))
spark = start_spark(settings, work_dir)
context, found = spark.session.sparkContext, {}


def page(path):
    try:
        return urllib.request.urlopen(spark.ui_url + path).read().decode()
    except urllib.error.HTTPError as refused:
        return str(refused.code)


def slow_job():
    try:
        rows = spark.session.range(0, 3 * 10**9, 1, 1).selectExpr("max(id)").collect()
        found["job"] = str(rows[0][0])
    except Exception as error:
        found["job"] = str(error).splitlines()[0]


job = threading.Thread(target=slow_job)
job.start()
while not context.statusTracker().getActiveJobsIds():
    assert job.is_alive(), found
number = context.statusTracker().getActiveJobsIds()[0]
page(f"/jobs/job/kill/?id={number}")
job.join()

jvm = context._jvm
manager = jvm.org.apache.spark.SparkEnv.get().securityManager()
secret = manager.getSecretKey()
said = page("/environment/") + page(f"/api/v1/applications/{context.applicationId}/environment")
said += Path(f"/proc/{spark.jvm.pid}/cmdline").read_text()
said += "".join(each.read_text("utf-8") for each in work_dir.glob("driver.*"))
found["authenticates"] = manager.isAuthenticationEnabled()
found["shows"] = "spark.ui.killEnabled" in said
found["secret shown"] = not secret or secret in said

ensure_callback_server_started(context._gateway)  # as foreachBatch does
port = context._gateway._callback_server.server_socket.getsockname()[1]
with socket.create_connection(("127.0.0.1", port)) as stranger:
    stranger.sendall(b"c\\np0\\nnotifyListener\\ne\\n")
    try:
        found["callback answers"] = stranger.recv(100).decode()
    except ConnectionResetError:
        found["callback answers"] = ""

log = jvm.org.apache.logging.log4j.LogManager.getLogger("a.library")
for _ in range(60):
    log.warn("x" * 1_000_000)
log.info("nobody needs it")
found["logs"] = {each.name: each.stat().st_size for each in work_dir.glob("driver.log*")}
batches = "org.apache.spark.sql.execution.streaming.runtime.ProcessingTimeExecutor"
log = jvm.org.apache.logging.log4j.LogManager.getLogger(batches)
found["tells slow batches"] = log.isWarnEnabled()
spark.stop()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a stranger found, and what was logged."""
    work_dir: Path = tmp_path_factory.mktemp("doors") / "spark"
    ran = subprocess.run(
        [sys.executable, "-c", DRIVER, str(work_dir)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_nobody_can_end_a_job_in_the_ui(found: Any) -> None:
    assert found["job"] == "2999999999"


def test_what_waits_for_executors_asks_for_a_secret_that_is_shown_nowhere(found: Any) -> None:
    assert found["authenticates"] is True
    assert found["shows"] is True
    assert found["secret shown"] is False


def test_nobody_without_the_token_can_call_what_the_jvm_calls_for_a_batch(found: Any) -> None:
    assert found["callback answers"] == ""


def test_what_is_logged_for_months_takes_four_files_of_ten_megabytes(found: Any) -> None:
    names = {"driver.log", "driver.log.1", "driver.log.2", "driver.log.3"}
    assert set(found["logs"]) == names
    assert all(size < 12 * 2**20 for size in found["logs"].values())
    assert found["tells slow batches"] is False
