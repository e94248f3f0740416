"""The driver JVM's command line.

Configuration goes into a properties file, never on the command line, where others can read it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sfcrime.errors import JarsUnavailable
from sfcrime.jvm.jars import resolve_jars
from sfcrime.jvm.java import find_java
from sfcrime.jvm.log import log_options
from sfcrime.jvm.startup_cache import StartupCache, startup_cache
from sfcrime.settings import Settings
from sfcrime.spark.properties import spark_properties

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


@dataclass(frozen=True, slots=True)
class DriverCommand:
    """How the driver JVM is started."""

    java: Path
    jars: Sequence[Path]
    """The connector's jars, put after PySpark's own on the class path."""
    heap: str
    properties: Mapping[str, str]
    """Spark configuration; goes into a file that only this user can read."""
    work_dir: Path
    """Takes that file and the JVM's logs; a folder of our own."""

    startup_cache: StartupCache
    jvm_options: Sequence[str] = ()
    """The user's own; they win over the others."""

    @property
    def log_path(self) -> Path:
        """What Spark logs."""
        return self.work_dir / "driver.log"

    @property
    def output_path(self) -> Path:
        """What the JVM itself says, and the Python workers below it."""
        return self.work_dir / "driver.out"

    def arguments(self, properties_file: Path) -> list[str]:
        """The whole command line."""
        class_path = driver_class_path(self.jars)
        log = log_options(self.log_path, "WARN")
        options = [*log, *self.startup_cache.options, *self.jvm_options]
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


def driver_class_path(jars: Sequence[Path]) -> str:
    """PySpark's own jars, then the connector's. PySpark is found, not imported: that takes as long
    as a good part of the JVM's start, which need not wait for it."""
    pyspark = find_spec("pyspark")
    if pyspark is None or pyspark.origin is None:
        raise JarsUnavailable(
            "PySpark is not installed, and Spark's jars come with it.", next_step="make setup"
        )
    spark_jars = Path(pyspark.origin).parent / "jars"
    return os.pathsep.join([f"{spark_jars}{os.sep}*", *map(str, jars)])


def driver_command(settings: Settings, work_dir: Path) -> DriverCommand:
    """The driver as the settings have it.

    Args:
        settings: `stream` and `jvm` are read.
        work_dir: takes logs, shuffle files and everything else that may be deleted.

    Raises:
        UsageError, JarsUnavailable, JavaUnavailable: a property is refused, or a part is missing.
    """
    jars = resolve_jars("spark", settings.jvm)
    java = find_java(settings.jvm)
    return DriverCommand(
        java=java,
        jars=jars,
        startup_cache=startup_cache("spark", java, driver_class_path(jars), settings.jvm),
        heap=settings.stream.heap,
        properties=spark_properties(settings, work_dir),
        work_dir=work_dir,
        jvm_options=settings.stream.jvm_options.split(),
    )
