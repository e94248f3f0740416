"""Lines beside the results, where they cannot be written."""

from __future__ import annotations

import errno
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sfcrime.cli.output import note

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")
def test_a_line_for_which_the_disk_has_no_room_is_left_out() -> None:
    file = FULL.open("w", encoding="utf-8")
    try:
        for line in ("the stream is back", "the broker is back"):
            note(line, console=Console(file=file))
    finally:
        with pytest.raises(OSError, match="No space left"):
            file.close()  # the lines wait for room


class Failing(StringIO):
    """A file on a disk that fails."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")


def test_a_line_that_cannot_be_written_otherwise_is_an_error() -> None:
    with pytest.raises(OSError, match="Input/output error"):
        note("the stream is back", console=Console(file=Failing()))
