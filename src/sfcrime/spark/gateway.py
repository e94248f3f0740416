"""Starts the driver JVM directly and hands it to PySpark.

PySpark's own launcher insists on a Java module that a slim runtime lacks and starts a JVM of its
own to build the command line. Starting the JVM here gives control of every option, saves a second,
and lets PySpark be imported while it starts.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from sfcrime.errors import ChildFailed
from sfcrime.machine.child import last_words
from sfcrime.machine.own_folder import PRIVATE_UMASK
from sfcrime.spark.driver import DriverCommand

START_TIMEOUT_S = 60.0
STOP_GRACE_S = 5.0

OUT_OF_MEMORY_EXIT_CODE = 3
"""With which a JVM ends when memory runs out, if it was told to (`driver_java`)."""


class DriverJvm:
    """A driver JVM; it ends when its standard input does, so with this process.

    Args:
        process: starting or running.
        command: what it was started with.
        connection: the file in which it leaves its port and secret, in a folder of its own.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], command: DriverCommand, connection: Path
    ) -> None:
        self._process = process
        self.log_path, self.output_path = command.log_path, command.output_path
        self._stop_grace_s = command.startup_cache.stop_grace_s(STOP_GRACE_S)
        self._connection = connection
        self._answers = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Whether it has ended, or does so soon."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def await_gateway(self) -> None:
        """Waits until it answers, and points PySpark at it (through the variables PySpark reads).

        Raises:
            ChildFailed: it ended, or did not open its gateway within a minute.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._connection.exists():  # the JVM renames it into place
            if not self.is_running() or time.monotonic() > deadline:
                self.stop()
                raise ChildFailed(
                    f"The Spark driver's JVM did not start (exit code {self.exit_code}).\n"
                    + last_words(self.log_path, self.output_path),
                    next_step=f"read {self.output_path}; `sfcrime setup` checks Java and the jars",
                )
            time.sleep(0.02)
        port, length = struct.unpack("!ii", self._connection.read_bytes()[:8])
        secret = self._connection.read_bytes()[8 : 8 + length].decode("utf-8")
        shutil.rmtree(self._connection.parent)
        os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers', read when the session is made
        os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
        os.environ["PYSPARK_GATEWAY_SECRET"] = secret
        self._answers = True

    @property
    def exit_code(self) -> int | None:
        """-9 where it was killed, 3 where its heap was too small; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ends it: end of input, then SIGKILL when its time is over. Repeatable.

        One that does not answer yet has nothing to lose, and does not read its input.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self.ends_within(self._stop_grace_s if self._answers else 0.0):
            self._process.kill()
            self._process.wait()


def start_driver_jvm(command: DriverCommand) -> DriverJvm:
    """Starts the JVM; `await_gateway` waits for it."""
    command.work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = Path(tempfile.mkdtemp(dir=command.work_dir, prefix="gateway-")) / "gateway"
    return DriverJvm(_start(command, connection), command, connection)


def _start(command: DriverCommand, connection: Path) -> subprocess.Popen[bytes]:
    properties = command.work_dir / "driver.properties"
    properties.touch(mode=0o600)
    properties.write_text(_as_properties(command.properties), encoding="utf-8")
    environment = {
        **os.environ,
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONNECT_MODE": "0",
    }
    environment.pop("SPARK_HOME", None)  # another Spark on this machine is not ours to run
    command.output_path.touch(mode=0o600)
    with command.output_path.open("wb") as output:
        return subprocess.Popen(
            command.arguments(properties),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=command.startup_cache.own_session,
            # Spark makes folders and sockets with the modes that this leaves: what is written into
            # a worker's socket is unpickled.
            umask=PRIVATE_UMASK,
        )


def _as_properties(properties: Mapping[str, str]) -> str:
    """Java properties text; values of ours hold no line ends, backslashes are doubled."""
    return "".join(f"{key}={value}\n".replace("\\", "\\\\") for key, value in properties.items())
