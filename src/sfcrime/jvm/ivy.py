"""Runs the Ivy that ships inside PySpark, to fetch one jar set into one folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from sfcrime.errors import JarsUnavailable
from sfcrime.jvm.trust import PASSWORD, write_trust_store

_CONNECT_TIMEOUT_MS = 20_000
_READ_TIMEOUT_MS = 60_000


def pyspark_jars_folder() -> Path:
    """The folder of the jars inside PySpark, found without importing it.

    Raises:
        JarsUnavailable: PySpark is not installed.
    """
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise JarsUnavailable("PySpark is not installed.", next_step="make setup")
    return Path(spec.origin).parent / "jars"


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


def download_options(folder: Path) -> list[str]:
    """Java's options for downloading here: whom to trust, through which proxy, how patiently.

    Args:
        folder: takes the trust store; must exist for as long as the JVM runs.
    """
    options = [
        f"-Dsun.net.client.defaultConnectTimeout={_CONNECT_TIMEOUT_MS}",
        f"-Dsun.net.client.defaultReadTimeout={_READ_TIMEOUT_MS}",
        *proxy_options(getproxies()),
    ]
    trust_store = folder / "authorities.jks"
    if write_trust_store(trust_store):
        options += [
            f"-Djavax.net.ssl.trustStore={trust_store}",
            f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",
        ]
    return options


def proxy_options(proxies: Mapping[str, str]) -> list[str]:
    """Java's options for the proxies that the environment names (Java reads no environment).

    A proxy's user name and password are not passed on: arguments can be seen by every user.
    """
    options = []
    for scheme in ("http", "https"):
        place = urlsplit(proxies.get(scheme, ""))
        if place.hostname:
            options.append(f"-D{scheme}.proxyHost={place.hostname}")
            options.append(f"-D{scheme}.proxyPort={place.port or 80}")
    return options


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
