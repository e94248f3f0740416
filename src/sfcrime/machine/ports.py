"""Free ports on loopback."""

from __future__ import annotations

import errno
import socket

from sfcrime.errors import PortTaken

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now; somebody may by the time it is used, so retry."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on the port now (one in TIME_WAIT counts as free).

    Args:
        port: of TCP.
        host: an address of this machine, or a name of one.

    Raises:
        OSError: the host is none of this machine's.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def require_free(port: int) -> None:
    """Refuses a port the embedded broker cannot have.

    Raises:
        PortTaken: something listens on it, or this user may not.
    """
    if not is_free(port):
        raise PortTaken(f"{LOOPBACK}:{port}")
