"""Starts the driver JVM directly and hands it to PySpark.

PySpark's own launcher insists on a Java module that a slim runtime lacks and starts a JVM of its
own to build the command line. Starting the JVM here puts every option in our hand, keeps
configuration off the command line (a properties file), and saves a second.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyspark

from sfcrime.errors import ChildFailed
from sfcrime.jvm.child import last_lines
from sfcrime.jvm.startup_cache import StartupCache

START_TIMEOUT_S = 60.0
STOP_GRACE_S = 5.0

SPARK_MODULE_OPTIONS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.invoke=ALL-UNNAMED",
    "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/java.net=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.cs=ALL-UNNAMED",
    "--add-opens=java.base/sun.security.action=ALL-UNNAMED",
    "--add-opens=java.base/sun.util.calendar=ALL-UNNAMED",
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled",
    "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)
"""What org.apache.spark.launcher.JavaModuleOptions of PySpark 4.2.0 lists, but for
`--add-modules=jdk.incubator.vector` (a test compares)."""


@dataclass(frozen=True, slots=True)
class DriverCommand:
    """How the driver JVM is started."""

    java: Path
    jars: Sequence[Path]
    """The connector's jars, put behind PySpark's own on the class path."""
    heap: str
    properties: Mapping[str, str]
    """Spark configuration; goes into a file that only this user can read."""
    work_dir: Path
    """Takes that file and the JVM's log."""

    startup_cache: StartupCache
    jvm_options: Sequence[str] = ()
    """The user's own; they have the last word."""

    def arguments(self, properties_file: Path) -> list[str]:
        """The whole command line."""
        class_path = driver_class_path(self.jars)
        options = [*self.startup_cache.options, *self.jvm_options]
        return [
            *driver_java(self.java, self.heap, self.work_dir, class_path, options),
            "org.apache.spark.deploy.SparkSubmit",
            "--properties-file",
            str(properties_file),
            "pyspark-shell",
        ]


def driver_java(
    java: Path, heap: str, temporary: Path, class_path: str, options: Sequence[str]
) -> list[str]:
    """Java with every option of a Spark driver; a main class and its arguments follow.

    Args:
        java: runs it.
        heap: bound of its memory, e.g. "1200m".
        temporary: an existing folder for what lasts no longer than the JVM.
        class_path: see `driver_class_path`.
        options: put behind the others, so that they win.
    """
    return [
        str(java),
        f"-Xmx{heap}",
        "-XX:+UseParallelGC",
        # A thread that ran out of memory would leave the others waiting for it for ever.
        "-XX:+ExitOnOutOfMemoryError",
        *SPARK_MODULE_OPTIONS,
        f"-Djava.io.tmpdir={temporary}",
        *options,
        "-cp",
        class_path,
    ]


OUT_OF_MEMORY_EXIT_CODE = 3
"""With which a JVM ends that was told to end where memory runs out."""


def driver_class_path(jars: Sequence[Path]) -> str:
    """PySpark's own jars, then the connector's."""
    spark_jars = Path(pyspark.__file__).parent / "jars"
    return os.pathsep.join([f"{spark_jars}{os.sep}*", *map(str, jars)])


class DriverJvm:
    """A running driver JVM; it ends when its standard input does, so with this process."""

    def __init__(
        self, process: subprocess.Popen[bytes], log_path: Path, stop_grace_s: float = STOP_GRACE_S
    ) -> None:
        self._process = process
        self.log_path = log_path
        self._stop_grace_s = stop_grace_s

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

    @property
    def exit_code(self) -> int | None:
        """-9 where it was killed, 3 where its heap was too small; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ends it: end of input, then SIGKILL when its time is over. Repeatable."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self.ends_within(self._stop_grace_s):
            self._process.kill()
            self._process.wait()


def start_driver_jvm(command: DriverCommand) -> DriverJvm:
    """Starts the JVM and points PySpark at it (through the variables PySpark reads).

    Raises:
        ChildFailed: it ended, or did not open its gateway within a minute.
    """
    command.work_dir.mkdir(parents=True, exist_ok=True)
    log_path = command.work_dir / "driver.log"
    with tempfile.TemporaryDirectory(dir=command.work_dir) as folder:
        connection = Path(folder) / "gateway"
        process = _start(command, connection, log_path)
        port, secret = _read_connection(connection, process, log_path)
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers', read when the session is made
    os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
    os.environ["PYSPARK_GATEWAY_SECRET"] = secret
    return DriverJvm(process, log_path, command.startup_cache.stop_grace_s(STOP_GRACE_S))


def _start(command: DriverCommand, connection: Path, log_path: Path) -> subprocess.Popen[bytes]:
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
    with log_path.open("wb") as log:
        return subprocess.Popen(
            command.arguments(properties),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def _read_connection(
    connection: Path, process: subprocess.Popen[bytes], log_path: Path
) -> tuple[int, str]:
    """Port and secret, once the JVM has renamed the file that holds them into place."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not connection.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise ChildFailed(
                f"The Spark driver's JVM did not start (exit code {process.wait()}).\n"
                + last_lines(log_path),
                next_step=f"read {log_path}; `sfcrime setup` checks Java and the jars",
            )
        time.sleep(0.02)
    port, length = struct.unpack("!ii", connection.read_bytes()[:8])
    return port, connection.read_bytes()[8 : 8 + length].decode("utf-8")


def _as_properties(properties: Mapping[str, str]) -> str:
    """Java properties text; values of ours hold no line ends, backslashes are doubled."""
    return "".join(f"{key}={value}\n".replace("\\", "\\\\") for key, value in properties.items())
