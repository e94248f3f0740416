"""How soon a committed batch reaches 500 clients of the event stream, of which a tenth stall.

    python benchmarks/page_events.py --clients 500 --seconds 60 --out events.json

The real `sfcrime dashboard` serves a store to which `committer.py` commits five batches a second,
first without a client, then with all of them. A delivery is from the commit of a batch, as its
ledger row says, to the last byte of its event at a healthy client. A stalled client reads the
head of the answer and nothing after it. Batches that were sent as one newer event are counted;
their delivery is that of the event.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import click
from big_store import make_store
from page_server import ROLES, SERVER, PageServer, page_server
from rich.console import Console
from usage import Usage, Watch

from sfcrime.machine.description import described_machine
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.tuning.figures import percentile

GOAL_P99_MS, GOAL_MEMORY_MB = 250.0, 50.0
_FILES_BESIDES_CLIENTS = 200
_SETTLE_S = 3.0
_STALLED_BUFFER = 4096
_EVENT_ID = re.compile(rb"(?:^|\n)id: ?\d+\.(\d+)\.")
_ALL = 1_000_000


@dataclass(slots=True)
class Arrivals:
    """Of one client: the newest batch of each event, and when its last byte came, ms since 1970."""

    batches: list[int] = field(default_factory=list)
    at_ms: list[float] = field(default_factory=list)
    ended: bool = False


class EventClient(asyncio.Protocol):
    """Asks for the stream; notes each event, or stalls at the first bytes."""

    def __init__(self, arrivals: Arrivals, *, stalls: bool) -> None:
        self._arrivals = arrivals
        self._stalls = stalls
        self._left = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host = ":".join(map(str, transport.get_extra_info("peername")[:2]))
        transport.write(f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now_ms = time.time() * 1000
        if self._stalls:
            self._transport.pause_reading()
            return
        self._left += data
        whole, _, rest = bytes(self._left).rpartition(b"\n\n")
        if whole:
            self._left = bytearray(rest)
            for batch in _EVENT_ID.findall(whole):
                self._arrivals.batches.append(int(batch))
                self._arrivals.at_ms.append(now_ms)

    def connection_lost(self, error: Exception | None) -> None:
        self._arrivals.ended = True


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the healthy clients got."""

    clients: int
    stalled: int
    lost: int
    """Healthy clients whose stream ended before the last batch."""
    batches: int
    events: int
    conflated: int
    """Batches that a newer event stood for, of all clients together."""
    p50_ms: float
    p99_ms: float
    max_ms: float


async def listen(
    server: PageServer, clients: int, stalled: int, committing: Sequence[str]
) -> tuple[list[Arrivals], float]:
    """Connects all clients, runs a committer to its end, and waits for the last events.

    Returns:
        What the healthy ones got; when committing began, ms since 1970.
    """
    loop = asyncio.get_running_loop()
    found = [Arrivals() for _ in range(clients)]
    transports = []
    for number, arrivals in enumerate(found):
        stalls = number < stalled
        connection = socket.socket()
        if stalls:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STALLED_BUFFER)
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", server.port))
        transport, _ = await loop.create_connection(
            lambda a=arrivals, s=stalls: EventClient(a, stalls=s), sock=connection
        )
        transports.append(transport)
    await asyncio.sleep(_SETTLE_S)
    began_ms = time.time() * 1000
    process = await asyncio.create_subprocess_exec(*committing)
    code = await process.wait()
    await asyncio.sleep(_SETTLE_S)
    for transport in transports:
        transport.close()
    if code:
        raise RuntimeError(f"the committer ended with {code}")
    return found[stalled:], began_ms


def delivered(
    healthy: Sequence[Arrivals], committed_ms: Mapping[int, int], stalled: int
) -> Delivered:
    """Each batch's way to each client: to the first event that is not older than it.

    Args:
        committed_ms: of each batch that counts.
    """
    times, events, conflated, lost = [], 0, 0, 0
    for arrivals in healthy:
        own = [
            (batch, at)
            for batch, at in zip(arrivals.batches, arrivals.at_ms, strict=True)
            if batch in committed_ms
        ]
        events += len(own)
        lost += arrivals.ended and (not own or own[-1][0] < max(committed_ms))
        waiting = sorted(committed_ms, reverse=True)
        for batch, at_ms in own:
            passed = 0
            while waiting and waiting[-1] <= batch:
                times.append(at_ms - committed_ms[waiting.pop()])
                passed += 1
            conflated += max(0, passed - 1)
    times.sort()
    return Delivered(
        clients=len(healthy) + stalled,
        stalled=stalled,
        lost=lost,
        batches=len(committed_ms),
        events=events,
        conflated=conflated,
        p50_ms=round(statistics.median(times), 1),
        p99_ms=round(percentile(times, 0.99), 1),
        max_ms=round(times[-1], 1),
    )


def allow_files(clients: int) -> None:
    """Raises the soft limit on open files of this process and of those it starts.

    Raises:
        RuntimeError: the hard limit is lower.
    """
    wanted = clients + _FILES_BESIDES_CLIENTS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise RuntimeError(f"{clients} clients need {wanted} open files; the limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _small_store(cells: int) -> Iterator[Path]:
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder:
        data_dir = Path(folder) / "data"
        make_store(data_dir, cells)
        yield data_dir


@click.command()
@click.option("--clients", default=500, show_default=True)
@click.option("--stalled", default=50, show_default=True, help="Of them.")
@click.option("--seconds", default=60.0, show_default=True, help="Of each part.")
@click.option("--batches-per-s", default=5.0, show_default=True)
@click.option("--calls", default=10, show_default=True, help="Of each batch.")
@click.option("--cells", default=200_000, show_default=True, help="Of the store, at first.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(  # noqa: PLR0913 - one parameter a flag
    clients: int,
    stalled: int,
    seconds: float,
    batches_per_s: float,
    calls: int,
    cells: int,
    out: Path | None,
) -> None:
    """Measure deliveries to many clients."""
    allow_files(clients)
    with _small_store(cells) as data_dir:
        committing = [
            *(sys.executable, str(Path(__file__).with_name("committer.py")), str(data_dir)),
            *("--batches-per-s", str(batches_per_s), "--calls", str(calls)),
            *("--seconds", str(seconds)),
        ]
        with page_server(data_dir, data_dir.with_name("server.log")) as server:
            with Watch([os.getpid()], ROLES) as alone:
                subprocess.run(committing, check=True)
            with Watch([os.getpid()], ROLES) as watched:
                healthy, began_ms = asyncio.run(listen(server, clients, stalled, committing))
        with open_reader(data_dir / STORE_FILE) as reader:
            rows = [row for row in reader.ledger_rows(_ALL) if row.committed_ms >= began_ms]
    found = delivered(healthy, {row.batch_id: row.committed_ms for row in rows}, stalled)
    memory = _memory(alone.usage, watched.usage)
    Console(width=100).print(f"{found}\n{memory}")
    if out is not None:
        summary = {**asdict(found), **memory}
        document = {"machine": described_machine(), "seconds": seconds, "summary": summary}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _memory(alone: Usage, watched: Usage) -> dict[str, float]:
    without_mb, with_mb = (each.peak_rss_mb_by_role[SERVER] for each in (alone, watched))
    return {
        "peak_rss_mb_without": round(without_mb, 1),
        "peak_rss_mb_with": round(with_mb, 1),
        "memory_of_clients_mb": round(with_mb - without_mb, 1),
        "server_cpu_s_without": round(alone.cpu_s_by_role[SERVER], 1),
        "server_cpu_s_with": round(watched.cpu_s_by_role[SERVER], 1),
        "others_cpu_share": round(watched.others_share, 3),
    }


if __name__ == "__main__":
    main()
