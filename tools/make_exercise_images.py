"""Types every command of the exercise in order, and makes its pictures of what was seen.

    .venv/bin/python tools/make_exercise_images.py --transcript exercise.log

Uses the ports of exercise/config and the folder exercise/data, which must not be there. Calls are
those of the synthetic city. The pictures are drawn by a headless Chromium (`chromium` on PATH),
terminals from their text and colours, the Spark UI from the page itself; nothing is retouched.
"""

from __future__ import annotations

import argparse
import html
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from make_terminal_image import ROOT, THEME
from rich.console import Console
from rich.text import Text

EXERCISE = ROOT / "exercise"
IMAGES = EXERCISE / "images"
SERVERS = "--bootstrap-server localhost:9092"
TOPIC = "org.sf.police.calls"
PACKAGES = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"
UI = "http://localhost:3000"
WAIT_S = 180.0
STOP_S = 40.0
COLUMNS, LINES = 118, 34
BATCHES_SEEN = 10
"""Batches before the pictures of the job are taken."""


def main() -> int:
    arguments = parsed_arguments()
    if shutil.which("chromium") is None:
        print("error: chromium is not installed.\nNext step: sudo apt-get install chromium")
        return 4
    if (EXERCISE / "data").exists():
        print(f"error: {EXERCISE / 'data'} is there.\nNext step: rm -r {EXERCISE / 'data'}")
        return 1
    terminal = Terminal()
    try:
        type_everything(terminal, arguments.install)
    finally:
        arguments.transcript.write_text("\n".join(terminal.transcript), encoding="utf-8")
        shutil.rmtree(EXERCISE / "data", ignore_errors=True)
    return 0


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--transcript", type=Path, default=Path("exercise.log"))
    parser.add_argument("--install", action="store_true", help="begin with pip install")
    return parser.parse_args()


def type_everything(terminal: Terminal, install: bool) -> None:
    """The table of exercise/README.md, from its first line to its last."""
    if install:
        terminal.type("pip install -r requirements.txt")
    with ExitStack() as running:

        def start(command: str, until: str) -> Running:
            return running.enter_context(terminal.started(command, until))

        start("bin/zookeeper-server-start config/zookeeper.properties", "PrepRequestProcessor")
        start("bin/kafka-server-start config/server.properties", r"started \(kafka.server")
        start("python kafka_server.py", r"\d records, the last of")
        with terminal.started("python consumer_server.py", r"(\d+:\d+  .*\n){100}"):
            pass
        console = f"bin/kafka-console-consumer {SERVERS} --topic {TOPIC} --from-beginning"
        with terminal.started(console, r"(\{.*\n){60}") as consumer:
            draw(console, consumer.text(), IMAGES / "kafka_consumer_console_output.png")
        terminal.type(f"bin/kafka-topics {SERVERS} --describe --topic {TOPIC}")
        terminal.type(f"bin/kafka-consumer-groups {SERVERS} --describe --group consumer-server")
        submit = f"spark-submit --packages {PACKAGES} --master 'local[*]' data_stream.py"
        with terminal.started(submit, f"batch {BATCHES_SEEN}: ") as job:
            photograph(statistics_page(), IMAGES / "spark_streaming_UI.png", "1250,1000")
            draw(submit, job.text(), IMAGES / "progress_reporter.png")
        # Started again, it shows what it had counted and goes on.
        with terminal.started(submit, "Totals from the checkpoint[^$]*Totals after batch"):
            pass


class Running:
    """A command in the background, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


class Terminal:
    """Types commands in the exercise's folder, and keeps what they print."""

    def __init__(self) -> None:
        self.transcript: list[str] = []
        path = [str(EXERCISE / "bin"), str(Path(sys.prefix) / "bin"), os.environ["PATH"]]
        self._environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "VIRTUAL_ENV": sys.prefix,
            "COLUMNS": str(COLUMNS),
        }

    def type(self, command: str) -> None:
        """Runs a command to its end; one that fails ends everything."""
        with self.started(command, "") as running:
            if running.process.wait(WAIT_S * 5) != 0:
                raise SystemExit(f"$ {command}\n{running.text()}")

    @contextmanager
    def started(self, command: str, until: str) -> Iterator[Running]:
        """Starts a command and waits for a text; Ctrl-C ends it with the block."""
        print(f"$ {command}", flush=True)
        place = len(self.transcript)
        self.transcript.append("")
        with tempfile.TemporaryDirectory(prefix="exercise-") as folder:
            log = Path(folder) / "output"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    shlex.split(command),
                    cwd=EXERCISE,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            running = Running(process, log)
            try:
                self._await(running, command, until)
                yield running
            finally:
                end(process)
                self.transcript[place] = f"$ {command}\n{running.text()}"

    def _await(self, running: Running, command: str, until: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while until and not re.search(until, running.text()):
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"$ {command}\nnever said {until!r}:\n{running.text()}")
            time.sleep(0.2)


def end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does; a process that does not end by that is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit(f"{process.args} did not end by Ctrl-C") from None


def draw(command: str, text: str, path: Path) -> None:
    """The last screen of a terminal, as a picture."""
    console = Console(
        width=COLUMNS,
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    lines = [line[:COLUMNS] for line in text.splitlines()][-LINES:]
    for line in [f"$ {command}", "", *lines]:
        console.print(Text(line), no_wrap=True, overflow="crop", highlight=False)
    svg = console.export_svg(title="exercise", theme=THEME)
    width, height = (float(each) for each in re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
    with tempfile.TemporaryDirectory(prefix="exercise-") as folder:
        page = Path(folder) / "page.html"
        style = "body{margin:0} svg{display:block}"
        # rich names a font on the network; what is installed here is drawn.
        page.write_text(f"<style>{style}</style>{re.sub('@font-face {.*?}', '', svg, flags=re.S)}")
        photograph(page.as_uri(), path, f"{int(width) + 1},{int(height) + 1}")


def statistics_page() -> str:
    """The address of the query's own page in the Spark UI."""
    with urllib.request.urlopen(f"{UI}/StreamingQuery/", timeout=30) as answer:  # noqa: S310
        found = re.search(r'href="(/StreamingQuery/statistics[^"]*)"', answer.read().decode())
    if found is None:
        raise SystemExit("the Spark UI shows no query")
    return f"{UI}{html.unescape(found[1])}"


def photograph(url: str, path: Path, size: str) -> None:
    """What a headless Chromium shows of an address."""
    with tempfile.TemporaryDirectory(prefix="exercise-") as folder:
        subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                *("--hide-scrollbars", f"--user-data-dir={folder}", "--virtual-time-budget=8000"),
                *(f"--window-size={size}", f"--screenshot={path}", url),
            ],
            check=True,
            capture_output=True,
            timeout=90,
        )


if __name__ == "__main__":
    sys.exit(main())
