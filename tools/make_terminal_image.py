"""Makes docs/images/run.svg: what `sfcrime run` shows, captured from a real run.

    .venv/bin/python tools/make_terminal_image.py

Runs the synthetic city in a terminal of its own (this needs `tmux`), waits until enough was
counted, and draws the characters and colours that stand there then. Nothing is retouched; the
lines above the live view (the steps of starting) are cut off. Another run gives other numbers.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
TITLE = "sfcrime run --source synthetic"
STARTS_WITHIN_S = 300
STOPS_WITHIN_S = 30
LEAST_CHANGES = 2
"""Call types whose change must be seen, so that the picture shows what that column is for."""

THEME = TerminalTheme(
    (24, 27, 33),
    (214, 218, 224),
    [
        (24, 27, 33),
        (224, 108, 117),
        (152, 195, 121),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (214, 218, 224),
    ],
)

# Without rich's own fonts: a picture in a repository fetches nothing from anywhere.
SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>The live view of sfcrime run, counting a synthetic city</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono",
  Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 16px; font-family: ui-sans-serif, Helvetica, Arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> int:
    arguments = parsed_arguments()
    if shutil.which("tmux") is None:
        print("error: tmux is not installed.\nNext step: sudo apt-get install tmux")
        return 4
    with tempfile.TemporaryDirectory(prefix="sfcrime-image-") as folder:
        with running(Path(folder), arguments) as terminal:
            screen = await_screen(terminal, arguments.records)
        lines = live_view(screen)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(as_svg(lines, arguments.columns), encoding="utf-8")
    print(f"{arguments.output}: {len(lines)} lines")
    return 0


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "run.svg")
    parser.add_argument("--columns", type=int, default=92)
    parser.add_argument("--lines", type=int, default=30)
    parser.add_argument("--records", type=int, default=40_000, help="capture after so many")
    parser.add_argument("--speed", default="7200x")
    return parser.parse_args()


class Terminal:
    """A tmux server of our own with one window; nothing else on this machine is touched."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def ask(self, *words: str) -> str:
        answer = subprocess.run(
            [*self._tmux, *words], check=True, capture_output=True, text=True, encoding="utf-8"
        )
        return answer.stdout

    def screen(self) -> str:
        """What stands there now, with the escape sequences of its colours."""
        return self.ask("capture-pane", "-p", "-e", "-t", "run")

    def has_ended(self) -> bool:
        return self.ask("list-panes", "-t", "run", "-F", "#{pane_dead}").strip() == "1"


@contextmanager
def running(folder: Path, arguments: argparse.Namespace) -> Iterator[Terminal]:
    """`sfcrime run` on a data folder of its own; stopped as a user would stop it."""
    command = [sys.executable, "-m", "sfcrime", "run", "--source", "synthetic"]
    command += ["--speed", arguments.speed, "--port", "0", "--ui-port", "0"]
    command += ["--data-dir", str(folder / "data")]
    terminal = Terminal(folder / "tmux")
    size = ["-x", str(arguments.columns), "-y", str(arguments.lines)]
    terminal.ask(
        *("start-server", ";", "set", "-g", "remain-on-exit", "on", ";", "set", "-g"),
        *("default-terminal", "tmux-256color", ";", "set", "-g", "status", "off", ";"),
        *("new-session", "-d", *size, "-s", "run", shlex.join(command)),
    )
    try:
        yield terminal
    finally:
        terminal.ask("send-keys", "-t", "run", "C-c")
        deadline = time.monotonic() + STOPS_WITHIN_S
        while not terminal.has_ended() and time.monotonic() < deadline:
            time.sleep(0.2)
        terminal.ask("kill-server")


def await_screen(terminal: Terminal, records: int) -> str:
    """The first screen that shows at least so many records, their sum, and some changes."""
    deadline = time.monotonic() + STARTS_WITHIN_S + records / 50
    while time.monotonic() < deadline:
        screen = terminal.screen()
        plain = Text.from_ansi(screen).plain
        if terminal.has_ended():
            raise SystemExit(f"sfcrime ended:\n{plain}")
        read = re.search(r"([\d,]+) read = ", plain)
        changes = len(re.findall("[▲▼]", plain))
        if (
            read is not None
            and int(read[1].replace(",", "")) >= records
            and changes >= LEAST_CHANGES
            and "adds up" in plain
        ):
            return screen
        time.sleep(0.5)
    raise SystemExit(f"{records:,} records were not counted in time:\n{terminal.screen()}")


def live_view(screen: str) -> list[Text]:
    """The lines of the frame, from its upper to its lower border."""
    lines = list(AnsiDecoder().decode(screen))  # a colour lasts until the next, over lines
    first = next(number for number, line in enumerate(lines) if line.plain.startswith("╭"))
    last = next(number for number, line in enumerate(lines) if line.plain.startswith("╰"))
    return lines[first : last + 1]


def as_svg(lines: list[Text], columns: int) -> str:
    """The lines as a picture that holds everything it needs."""
    console = Console(
        width=columns,
        height=len(lines),
        record=True,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", highlight=False)
    return console.export_svg(title=TITLE, theme=THEME, code_format=SVG, unique_id="run")


if __name__ == "__main__":
    sys.exit(main())
