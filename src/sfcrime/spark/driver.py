"""The driver JVM: its command line, its start and its end.

It is started directly. PySpark's own launcher insists on a Java module that a slim runtime lacks
and starts a JVM of its own to build the command line. This gives control of every option, saves a
second, and lets PySpark be imported while the JVM starts. Configuration goes into a properties
file, never on the command line, where others can read it.
"""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sfcrime.errors import ChildFailed
from sfcrime.jvm.jars import startup_cache
from sfcrime.jvm.java import StartupCache, log_options, pyspark_jars_folder
from sfcrime.machine.child import last_words
from sfcrime.machine.own_folder import PRIVATE_UMASK, SPARK_FOLDER, take_empty
from sfcrime.settings import JvmSettings, Settings
from sfcrime.spark.cluster import executor_python, require_master
from sfcrime.spark.properties import spark_properties

WORK_FOLDER = "spark"
START_TIMEOUT_S = 60.0
STOP_GRACE_S = 5.0

SCALA_VERSION = "2.13"
"""What PySpark's jars are compiled for; part of the name of every package for Spark."""

OUT_OF_MEMORY_EXIT_CODES = (3, 52)
"""With which a JVM ends when memory runs out: by itself, as it was told to (`driver_java`), or by
Spark where it is memory beside the heap."""

SPARK_MODULE_OPTIONS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            *("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net"),
            *("java.nio", "java.util", "java.util.concurrent", "java.util.concurrent.atomic"),
            *("jdk.internal.ref", "sun.nio.ch", "sun.nio.cs", "sun.security.action"),
            "sun.util.calendar",
        )
    ),
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled",
    "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)
"""What org.apache.spark.launcher.JavaModuleOptions of PySpark 4.2.0 lists, but for
`--add-modules=jdk.incubator.vector` (a test compares)."""

_LATE_COMPILATION = (
    "-XX:Tier3InvocationThreshold=2000",
    "-XX:Tier3MinInvocationThreshold=1000",
    "-XX:Tier3CompileThreshold=20000",
    "-XX:Tier3BackEdgeThreshold=600000",
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
)
"""Ten times Java's own, for its quick compiler (3) and its optimising one (4): what is called for
every record is compiled all the same, within a second of a backlog, and what is called for every
batch does not take a core away from the start."""


def driver_java(
    java: Path, heap: str, temporary: Path, class_path: str, options: Sequence[str]
) -> list[str]:
    """Java with every option of a Spark driver; a main class and its arguments follow.

    Args:
        java: runs it.
        heap: bound of its memory, e.g. "1200m".
        temporary: an existing folder for what lasts no longer than the JVM.
        class_path: see `pyspark_jars`.
        options: put after the others, so that they win.
    """
    return [
        str(java),
        f"-Xmx{heap}",
        "-XX:+UseParallelGC",
        *_LATE_COMPILATION,
        # A thread that ran out of memory would leave the others waiting for it for ever.
        "-XX:+ExitOnOutOfMemoryError",
        *SPARK_MODULE_OPTIONS,
        f"-Djava.io.tmpdir={temporary}",
        *options,
        "-cp",
        class_path,
    ]


def pyspark_jars() -> str:
    """PySpark's own jars, as a class path has them."""
    return str(pyspark_jars_folder() / "*")


def driver_startup(settings: JvmSettings, *, fetch: bool = True) -> StartupCache:
    """What the driver is started with: PySpark's own jars come before the connector's."""
    return startup_cache("spark", settings, before=pyspark_jars(), fetch=fetch)


class DriverJvm:
    """A driver JVM; it ends when its standard input does, so with this process.

    Args:
        process: starting or running.
        work_dir: takes its logs.
        stop_grace_s: how long it may take to end by itself.
        connection: the file, empty at first, in which it leaves its port and secret.
        python: of the workers.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        work_dir: Path,
        stop_grace_s: float,
        connection: Path,
        python: str,
    ) -> None:
        self._process = process
        self.log_path, self.output_path = _log_paths(work_dir)
        self._stop_grace_s = stop_grace_s
        self._connection = connection
        self._python = python
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
        while not self._connection.stat().st_size:  # the JVM puts a whole file in its place
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
        self._connection.unlink()
        os.environ["PYSPARK_PYTHON"] = self._python  # read when the session is made
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


def _log_paths(work_dir: Path) -> tuple[Path, Path]:
    """What Spark logs, and what the JVM itself and the Python workers below it say."""
    return work_dir / "driver.log", work_dir / "driver.out"


def fresh_work_dir(data_dir: Path) -> Path:
    """An empty folder for Spark's log, configuration and sockets; the job's lock is held.

    Raises:
        UsageError: a folder of that name exists and is not ours.
    """
    return take_empty(data_dir / WORK_FOLDER, SPARK_FOLDER)


def start_driver_jvm(settings: Settings, work_dir: Path) -> DriverJvm:
    """Starts the driver as the settings have it; `await_gateway` waits for it.

    Args:
        settings: `stream` and `jvm` are read.
        work_dir: takes logs, shuffle files and everything else that may be deleted.

    Raises:
        UsageError, JarsUnavailable, JavaUnavailable: a property is refused, or a part is missing.
        SparkUnavailable: the cluster's master does not listen.
    """
    require_master(settings.stream.master)
    stream, properties = settings.stream, spark_properties(settings, work_dir)
    startup = driver_startup(settings.jvm)
    work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Directly in the folder that every start keeps: where a JVM whose job was killed cannot make
    # its file, it would never end.
    descriptor, connection = tempfile.mkstemp(dir=work_dir, prefix="gateway-")
    os.close(descriptor)
    file, (log_path, output_path) = work_dir / "driver.properties", _log_paths(work_dir)
    for private in (file, output_path):
        private.touch(mode=0o600)
    file.write_text(_as_properties(properties), encoding="utf-8")
    log = log_options(log_path, "WARN")
    options = [*log, *startup.options, *stream.jvm_options.split()]  # the user's own win
    java = driver_java(startup.java, stream.heap, work_dir, startup.class_path, options)
    main_class = "org.apache.spark.deploy.SparkSubmit"
    with output_path.open("ab") as output:  # one before it may have said why it ended
        process = subprocess.Popen(
            [*java, main_class, "--properties-file", str(file), "pyspark-shell"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**driver_environment(), "_PYSPARK_DRIVER_CONN_INFO_PATH": connection},
            start_new_session=startup.own_session,
            # Spark makes folders and sockets with the modes that this leaves: what is written into
            # a worker's socket is unpickled.
            umask=PRIVATE_UMASK,
        )
    grace_s, python = startup.stop_grace_s(STOP_GRACE_S), executor_python(stream)
    return DriverJvm(process, work_dir, grace_s, Path(connection), python)


def driver_environment() -> dict[str, str]:
    """The environment of a driver JVM."""
    environment = {
        **os.environ,
        # The Spark UI binds to all interfaces unless told otherwise, and this is how.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONNECT_MODE": "0",
    }
    environment.pop("SPARK_HOME", None)  # another Spark on this machine is not ours to run
    return environment


def _as_properties(properties: Mapping[str, str]) -> str:
    """Java properties text; values of ours hold no line ends, backslashes are doubled."""
    return "".join(f"{key}={value}\n".replace("\\", "\\\\") for key, value in properties.items())
