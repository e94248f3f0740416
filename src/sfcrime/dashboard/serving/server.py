"""The server: tells its address once it answers, and stops within 3 seconds."""

from __future__ import annotations

import errno
import logging
import os
import resource
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Timer

import uvicorn
from starlette.types import ASGIApp

from sfcrime.dashboard.memory.seen import Watch
from sfcrime.dashboard.serving.app import build_app
from sfcrime.dashboard.serving.binding import Binding, binding_of
from sfcrime.dashboard.serving.connection import Connection
from sfcrime.dashboard.serving.events import EventHub
from sfcrime.dashboard.serving.lag import LagWatch
from sfcrime.dashboard.serving.probes import SeenSource
from sfcrime.domain.known_lag import Lag
from sfcrime.domain.safe_text import terminal_safe
from sfcrime.errors import PortTaken, SfcrimeError, UsageError
from sfcrime.machine.freed_memory import keep_large_blocks_apart, share_one_heap
from sfcrime.machine.own_folder import MARK
from sfcrime.pipeline.activity import DashboardActivity, write_activity
from sfcrime.settings import Settings
from sfcrime.store.address import store_address

_OPEN_FILES = 4096
"""1,000 clients of the stream, and others; many systems give 1,024 unless asked."""
_GRACE_S = 1
"""How long answers under way may take when the server stops; streams end at once."""
_LEFT_WITHIN_S = 0.3


def serve(settings: Settings, stop: Event, on_answering: Callable[[str], None]) -> None:
    """Serves the store of the data folder until told to stop, whether it is there yet or not.

    Args:
        settings: of the page, the data folder and the cluster.
        stop: ends it within 2 s, whoever is connected.
        on_answering: gets the address of the page once it answers.

    Raises:
        PortTaken: something else listens on the port.
        UsageError: the address cannot be used, or lacks what `binding_of` asks for.
    """
    share_one_heap()
    keep_large_blocks_apart()  # the columns of a month are computed anew many times a minute
    binding = binding_of(settings.dashboard)
    with _listener(binding) as listener, told_safely(), _activity(settings.data_dir) as tell:
        url = binding.url(listener.getsockname()[1])
        watch = Watch(store_address(settings), lambda _: app.state.hub.seen_changed())
        lag = LagWatch(lag_of(watch, settings))
        app = build_app(watch, settings, binding, lag)

        def answering() -> None:
            tell(DashboardActivity(url=url, step="answering"))
            on_answering(url)

        watch.start()
        try:
            run_server(app, app.state.hub, listener, stop, answering)
        finally:
            lag.end()
            watch.stop()


def run_server(
    app: ASGIApp,
    hub: EventHub,
    listener: socket.socket,
    stop: Event,
    on_answering: Callable[[], None],
) -> None:
    """Serves an application on a bound socket until told to stop; the streams end first."""
    _Server(app, hub, stop, on_answering).run([listener])


def leave_soon(code: int) -> None:
    """Ends the process in a moment, whatever its threads wait for: a question to a cluster that
    does not answer, or to a large store. Nothing is lost, because this process writes nothing."""

    def leave() -> None:
        sys.stdout.flush()
        os._exit(code)

    timer = Timer(_LEFT_WITHIN_S, leave)
    timer.daemon = True
    timer.start()


def lag_of(source: SeenSource, settings: Settings) -> Callable[[], Lag]:
    """Asks the cluster how far the topic is ahead of what was seen."""

    def measure() -> Lag:
        # Kafka's client is loaded when somebody looks, so that the first page need not wait.
        from sfcrime.pipeline.counted_topic import measure_lag

        seen = source.seen
        if seen is None:
            return Lag(None, "nothing was counted yet")
        try:
            return measure_lag(settings, seen.generation, seen.partitions)
        except SfcrimeError as error:
            return Lag(None, error.happened)

    return measure


class _Server(uvicorn.Server):
    """Stops when it is told to, not by signals of its own, and ends the streams first."""

    def __init__(
        self, app: ASGIApp, hub: EventHub, stop: Event, on_answering: Callable[[], None]
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Connection,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        super().__init__(config)
        self._hub = hub
        self._stop = stop
        self._on_answering = on_answering

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_answering()

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.end()
        await super().shutdown(sockets)


@contextmanager
def _listener(binding: Binding) -> Iterator[socket.socket]:
    """The bound socket: from here on the port is ours."""
    address = f"{binding.host}:{binding.port}"
    _allow_many_files()
    try:
        found = socket.getaddrinfo(
            binding.host or None, binding.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, place = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _no_address(address, error) from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise _no_address(address, error) from error
            next_step = "--dashboard-port 0 picks a free one; or stop what uses it"
            raise PortTaken(address, "page", next_step) from error
        yield listener


def _no_address(address: str, error: OSError) -> UsageError:
    return UsageError(
        f"The page cannot listen on {address}: {error.strerror}.",
        next_step="name an address of this machine with --host, or leave it out",
    )


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _activity(data_dir: Path) -> Iterator[Callable[[DashboardActivity], None]]:
    """Tells `run` what the page is doing; only where the data folder is one of ours."""

    def tell(activity: DashboardActivity) -> None:
        if (data_dir / MARK).is_file():
            with suppress(OSError):  # a folder that can only be read is shown, too
                write_activity(data_dir, activity)

    tell(DashboardActivity())
    try:
        yield tell
    finally:
        tell(DashboardActivity(step="stopped"))


class _SafeFormatter(logging.Formatter):
    """An error may quote a record: nothing of it commands the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).expandtabs().split("\n")
        return "\n".join(terminal_safe(line) for line in lines)


@contextmanager
def told_safely() -> Iterator[None]:
    """What the server has to say goes to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
