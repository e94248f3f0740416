"""Makes .venv and fills it: libraries with hashes, sfcrime itself, and its jars.

Called by `make`, through bootstrap.py. A stamp in .venv says for which lock files, Python and
folder it was filled, so that a second call has nothing to do.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "setup.log"
STAMP = VENV / "ready"

INPUTS = (
    "pyproject.toml",
    "requirements/build.lock",
    "requirements/runtime.lock",
    "requirements/dev.lock",
    "src/sfcrime/jvm/ivy.xml",
    "src/sfcrime/jvm/jars.sha256",
    "tools/install.py",
)
FLAVOURS = ("runtime", "dev")
ROOM_NEEDED_GB = 3
"""PySpark is a 450 MB source archive that is unpacked and packed again; 1.2 GB stay."""

QUIET_HEARTBEAT_S = 20.0
NETWORK_SIGNS = (
    "Temporary failure in name resolution",
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ProxyError",
    "Connection broken",
    "(from versions: none)",
)


class SetupFailed(Exception):
    """A step that failed, with what mends it."""

    def __init__(self, happened: str, next_step: str) -> None:
        super().__init__(f"error: {happened}\nNext step: {next_step}")


def main(arguments: list[str]) -> int:
    """`[--check] runtime|dev`; with --check: 0 iff there is nothing to do, else 1."""
    flavour = arguments[-1]
    if flavour not in FLAVOURS:
        raise SystemExit(f"usage: bootstrap.py [--check] {'|'.join(FLAVOURS)}")
    if is_ready(flavour):
        return 0
    if "--check" in arguments:
        return 1
    try:
        install(flavour)
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print("\ninterrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


def is_ready(flavour: str) -> bool:
    """Whether .venv was filled for exactly this state, with at least this flavour."""
    try:
        key, filled = STAMP.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return False
    enough = FLAVOURS[FLAVOURS.index(flavour) :]
    return key == state_key() and filled in enough and PYTHON.exists()


def state_key() -> str:
    """A hash of everything that .venv depends on."""
    state = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for name in INPUTS:
        state.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return state.hexdigest()


def install(flavour: str) -> None:
    """Runs every step in turn, and leaves the stamp.

    Raises:
        SetupFailed: a step failed; the others were not tried.
    """
    began = time.monotonic()
    require_room()
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    hashed = [*pip, "--require-hashes", "--no-deps", "--no-build-isolation", "-r"]
    libraries = "libraries and developer tools" if flavour == "dev" else "libraries"
    steps: list[tuple[str, Callable[[], None]]] = [
        ("making .venv", make_environment),
        ("installing build tools", lambda: run([*hashed, lock("build")])),
        (
            f"installing Python {libraries} (PySpark is 450 MB)",
            lambda: run([*hashed, lock(flavour)]),
        ),
        (
            "installing sfcrime itself",
            lambda: run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]),
        ),
        ("fetching Kafka's and Spark's jars", fetch_jars),
    ]
    for number, (words, step) in enumerate(steps, start=1):
        with Heartbeat(f"[{number}/{len(steps)}] {words}"):
            step()
    STAMP.write_text(f"{state_key()} {flavour}\n", encoding="ascii")
    say(f"ready after {time.monotonic() - began:.0f} s; try: make run")


def lock(name: str) -> str:
    return str(ROOT / "requirements" / f"{name}.lock")


def require_room() -> None:
    """Refuses to begin what the disk cannot hold.

    Raises:
        SetupFailed: there is too little room.
    """
    if STAMP.exists():
        return  # the large parts are there already
    for place in {ROOT, Path(tempfile.gettempdir())}:
        free_gb = shutil.disk_usage(place).free / 1e9
        if free_gb < ROOM_NEEDED_GB:
            raise SetupFailed(
                f"{place} has {free_gb:.1f} GB free; setting up needs {ROOM_NEEDED_GB} GB.",
                f"make room there, or (for a temporary folder) TMPDIR=/a/larger/disk {again()}",
            )


def make_environment() -> None:
    """Makes .venv, again where it belongs to another Python."""
    settings = VENV / "pyvenv.cfg"
    version = f"{sys.version_info[0]}.{sys.version_info[1]}."
    if settings.exists() and PYTHON.exists():
        found = re.search(
            r"^version(?:_info)? *= *(\S+)", settings.read_text("utf-8"), re.MULTILINE
        )
        if found is not None and found.group(1).startswith(version):
            return
    try:
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupFailed(
            f".venv cannot be made: {error}.", f"rm -rf .venv && {again()}"
        ) from error


def fetch_jars() -> None:
    """Runs `sfcrime setup`, which fetches and verifies; its own error says what went wrong.

    Raises:
        SetupFailed: see the command's message.
    """
    run([str(VENV / "bin" / "sfcrime"), "setup"])


def run(command: list[str]) -> None:
    """Runs a command with its output in the log.

    Raises:
        SetupFailed: with the log's last lines, or what they mean.
    """
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        began = log.tell()
        code = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
    if code == 0:
        return
    with LOG.open(encoding="utf-8", errors="replace") as log:
        log.seek(began)
        output = log.read()
    last = "\n".join("    " + line for line in output.strip().splitlines()[-12:])
    if "No space left on device" in output:
        raise SetupFailed("the disk is full.", f"make room ({ROOM_NEEDED_GB} GB), then {again()}")
    unreachable = [line for line in output.splitlines() if any(s in line for s in NETWORK_SIGNS)]
    if "pip" in command and unreachable:
        raise SetupFailed(
            f"the package registry cannot be reached:\n    {unreachable[0].strip()[:400]}",
            f"check the network (a proxy: export https_proxy=...), then {again()}; "
            "what was downloaded is kept",
        )
    raise SetupFailed(f"that step failed:\n{last}", f"see {LOG}, then {again()}")


def again() -> str:
    return "make setup"


def say(words: str) -> None:
    print(words, flush=True)


class Heartbeat:
    """Says what a step does while it runs, and how long it took.

    On a terminal one line is kept up to date; elsewhere a line appears every 20 s.
    """

    def __init__(self, words: str) -> None:
        self._words = words
        self._began = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        if not sys.stdout.isatty():
            say(f"{self._words} ...")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done.set()
        self._thread.join()
        clear = "\r\033[K" if sys.stdout.isatty() else ""
        outcome = "done" if kind is None else "FAILED"
        say(f"{clear}{self._words}: {outcome} in {self._seconds():.1f} s")

    def _beat(self) -> None:
        terminal = sys.stdout.isatty()
        while not self._done.wait(0.5 if terminal else QUIET_HEARTBEAT_S):
            doing = last_pip_line()
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                line = f"{self._words} ... {self._seconds():.0f} s  {doing}"[:width]
                print(f"\r\033[K{line}", end="", flush=True)
            else:
                say(f"{self._words} ... {self._seconds():.0f} s  {doing}")

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def last_pip_line() -> str:
    """What the step is busy with, from the end of its log."""
    try:
        with LOG.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 2000))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:60] if lines else ""
