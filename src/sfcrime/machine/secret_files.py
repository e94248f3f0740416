"""Files with a secret, which are read only where nobody but their owner could read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST_SECRET_BYTES = 4096


class SecretNotRead(Exception):
    """A file with a secret cannot be used; its text continues the name of the file."""


def read_secret(path: Path) -> str:
    """What a file holds that its owner alone can read, at most 4,097 bytes of it; blanks around it
    are no part of it, and what is no UTF-8 is replaced.

    Raises:
        SecretNotRead: it cannot be read, or others can read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            is_file = stat.S_ISREG(status.st_mode)
            content = os.read(descriptor, MOST_SECRET_BYTES + 1) if is_file else b""
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SecretNotRead(f"cannot be read: {error.strerror}") from error
    if not is_file:
        raise SecretNotRead("is no file")
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
        raise SecretNotRead(f"has mode {stat.S_IMODE(status.st_mode):04o} or another owner")
    return content.decode("utf-8", "replace").strip()
