"""The one progress bar: what a command does, how far it is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from sfcrime.cli.output import note, note_console


class ProgressBar:
    """A line on stderr that changes, and is gone at the end; nothing where that is no terminal.

    Args:
        console: where it is drawn; stderr by default.
        clock: seconds that never go back.
    """

    def __init__(
        self, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console or note_console()
        self.is_drawn = self._console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            _PaceColumn(),
            console=self._console,
            transient=True,
            disable=not self.is_drawn,
            get_time=clock,
        )
        self._task = self._bar.add_task("", total=None, amount="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def show(self, step: str, done: float = 0, due: float | None = None, amount: str = "") -> None:
        """How far a step is.

        Args:
            step: what is done; pace and time begin again with each.
            done, due: of what there is to do; None or 0: not known.
            amount: both in words; "1 of 3" by default, nothing where nothing is known.
        """
        if not amount and due:
            amount = f"{done:,} of {due:,}"
        if self._bar.tasks[0].description != step:
            self._bar.reset(self._task, completed=int(done), description=step, amount=amount)
        self._bar.update(self._task, completed=done, total=due or None, amount=amount)

    def pace(self) -> str:
        """ "500/s, 0:04 left", and empty before the step has moved twice: what a step needs to
        begin is no pace."""
        return _pace(self._bar.tasks[0])

    def tell(self, text: str, style: str = "") -> None:
        """A line that stays, above the bar."""
        note(text, style, self._console)


class _PaceColumn(ProgressColumn):
    """Rate and time left; before they are known the time gone by."""

    def render(self, task: Task) -> Text:
        return Text(_pace(task) or _minutes(task.elapsed or 0.0))


def _pace(task: Task) -> str:
    rate, left_s = task.speed, task.time_remaining
    if rate is None:
        return ""
    return f"{rate:,.0f}/s" + (f", {_minutes(left_s)} left" if left_s is not None else "")


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
