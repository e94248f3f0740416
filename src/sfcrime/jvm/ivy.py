"""Runs the Ivy that ships inside PySpark, to fetch one jar set into one folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sfcrime.errors import JarsUnavailable
from sfcrime.jvm.downloading import download_options
from sfcrime.jvm.java import pyspark_jars_folder


def retrieve_jars(
    java: Path,
    configuration: str,
    folder: Path,
    on_downloaded: Callable[[int], None],
    ivy_xml: Traversable,
) -> None:
    """Fetches the jars of one configuration of an `ivy.xml` into `folder`.

    Args:
        java: runs Ivy.
        configuration: the jar set's name.
        folder: an existing empty folder on a disk with room for the set twice over.
        on_downloaded: called with the number of jars downloaded so far.
        ivy_xml: names what each configuration needs.

    Raises:
        JarsUnavailable: something could not be fetched; Ivy's words are in a log it names.
    """
    work = folder.with_suffix(".ivy")
    work.mkdir(parents=True, exist_ok=True)
    log_path = folder.with_suffix(".log")
    options = [
        "-XX:TieredStopAtLevel=1",
        f"-Divy.default.ivy.user.dir={work / 'home'}",
        # Every jar is compared with its committed hash, whatever the registry says of it: 22 s, not
        # 36, for the two sets of `sfcrime setup`.
        "-Divy.checksums=",
        *download_options(work),
    ]
    with resources.as_file(ivy_xml) as ivy_file:
        command = [
            *(str(java), *options, "-cp", str(_ivy_jar()), "org.apache.ivy.Main"),
            *("-ivy", str(ivy_file), "-confs", configuration, "-cache", str(work / "cache")),
            *("-retrieve", f"{folder}/[artifact]-[revision](-[classifier]).[ext]"),
            *("-types", "jar", "bundle"),
        ]
        exit_code = _run(command, log_path, on_downloaded)
    if exit_code != 0:
        raise JarsUnavailable(
            f"The jars of {configuration} could not be fetched: {_reason(log_path)}.",
            rule="They are fetched once, from the Java package registry, and then kept.",
            next_step="check the network (a proxy is taken from https_proxy), then run the same "
            f"command (or `sfcrime setup`) again; the whole output is in {log_path}",
        )
    shutil.rmtree(work, ignore_errors=True)
    log_path.unlink(missing_ok=True)


def _ivy_jar() -> Path:
    found = sorted(pyspark_jars_folder().glob("ivy-*.jar"))
    if not found:
        raise JarsUnavailable(
            f"There is no Ivy among PySpark's jars in {pyspark_jars_folder()}.",
            next_step="rm -r .venv && make setup",
        )
    return found[-1]


def _run(command: list[str], log_path: Path, on_downloaded: Callable[[int], None]) -> int:
    downloaded = 0
    with (
        log_path.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as ivy,
    ):
        assert ivy.stdout is not None
        for line in ivy.stdout:
            log.write(line)
            if "[SUCCESSFUL ]" in line:
                downloaded += 1
                on_downloaded(downloaded)
    return ivy.returncode


def _reason(log_path: Path) -> str:
    """The line of Ivy's output that says most, without its decoration."""
    lines = [line.strip(" \t:") for line in log_path.read_text("utf-8").splitlines()]
    for sign in ("UnknownHostException", "Host ", "SSLHandshake", "ERROR", "not found", "xception"):
        for line in lines:
            if sign in line:
                return line[:300].rstrip(".")
    return next((line for line in reversed(lines) if line), "Ivy said nothing")[:300]
