"""How fast the page's API answers over a store of 5 million cells, endpoint by endpoint.

    python benchmarks/page_api.py --cells 5000000 --requests 200 --out api.json

Starts the real `sfcrime dashboard`, while `committer.py` commits five batches a second. Spans,
filters and names are drawn anew for each request, so that nothing is answered twice; endpoints are
asked in turn, over one connection, one request at a time. A time is from the send of a request to
the last byte of its answer. What the server holds is taken once it has all cells, and at its most.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlencode

import click
from big_store import CELLS_OF_TEN_YEARS, make_store
from page_server import ROLES, SERVER, PageServer, page_server
from rich.console import Console
from rich.table import Table
from usage import Watch, memory_by_role

from sfcrime.machine.child import last_lines, start_child
from sfcrime.machine.description import described_machine
from sfcrime.store import STORE_FILE
from sfcrime.tuning.figures import percentile

API = "/api/v1"
GOAL_P99_MS = 100.0
_HOUR = timedelta(hours=1)
_COMMITTING_S = 3600

Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Known:
    """What questions are made of."""

    first: datetime
    last: datetime
    """The hour of the newest call."""
    categories: Sequence[str]
    types: Sequence[str]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answered:
    """The requests of one endpoint."""

    name: str
    requests: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    kb: float
    """Of an answer, median."""


class Questions:
    """Draws the parameters of each endpoint."""

    def __init__(self, known: Known, seed: int = 1) -> None:
        self._known = known
        self._chance = random.Random(seed)  # noqa: S311

    def all(self) -> dict[str, Callable[[], Parameters]]:
        """By endpoint, with a CSV answer and a whole span of each that takes longest."""
        return {
            "/overview": dict,
            "/span": dict,
            "/hours": lambda: {"at": self._hour(), "count": self._chance.randint(1, 1008)},
            "/stand-outs": self._span,
            "/names": self._names,
            "/names (whole)": lambda: {**self._whole(), "limit": self._chance.randint(1, 500)},
            "/names (labels)": lambda: {**self._span(), "type": self._type(), "limit": 500},
            "/names (part)": lambda: {**self._whole(), "q": self._chance.choice(self._known.words)},
            "/names (csv)": lambda: {**self._names(), "format": "csv"},
            "/matrix": self._matrix,
            "/matrix (whole)": lambda: {**self._whole(), "limit": self._chance.randint(1, 100)},
            "/heat": lambda: {**self._span(), **self._filter()},
            "/heat (whole)": lambda: {**self._whole(), **self._filter()},
            "/days": lambda: {**self._span(), **self._filter()},
            "/days (whole)": lambda: {**self._whole(), **self._filter()},
            "/comparison": self._comparison,
            "/changes": lambda: {"limit": self._chance.randint(1, 500)},
            "/changes (part)": lambda: {"q": self._chance.choice(self._known.words)},
            "/batches": lambda: {"limit": self._chance.randint(1, 1000)},
            "/rejected": lambda: {"after": f"0:{self._chance.randrange(7_000_000)}"},
            "/late": lambda: {"after": f"0:{self._chance.randrange(7_000_000)}"},
            "/settings": dict,
            "/audit": dict,
            "/methods": dict,
        }

    def _at(self, hours: int) -> str:
        return (self._known.first + hours * _HOUR).isoformat(timespec="minutes")

    @property
    def _hours(self) -> int:
        return (self._known.last - self._known.first) // _HOUR + 1

    def _hour(self) -> str:
        return self._at(self._chance.randrange(self._hours))

    def _span(self) -> Parameters:
        first, last = sorted(self._chance.sample(range(self._hours + 1), 2))
        return {"since": self._at(first), "until": self._at(last)}

    def _whole(self) -> Parameters:
        """All but some hours at its ends."""
        first, left_out = self._chance.randrange(500), self._chance.randrange(500)
        return {"since": self._at(first), "until": self._at(self._hours - left_out)}

    def _type(self) -> str:
        return self._chance.choice(self._known.types)

    def _filter(self) -> Parameters:
        category = {"category": self._chance.choice(self._known.categories)}
        return self._chance.choice([{}, category, {"type": self._type()}])

    def _names(self) -> Parameters:
        return {**self._span(), **self._filter(), "limit": self._chance.randint(1, 500)}

    def _matrix(self) -> Parameters:
        category = {"category": self._chance.choice(self._known.categories)}
        return {**self._span(), **self._chance.choice([{}, category])}

    def _comparison(self) -> Parameters:
        one, other = self._span(), self._span()
        return {**one, "other_since": other["since"], "other_until": other["until"]}


class Client:
    """One connection that stays open."""

    def __init__(self, server: PageServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def ask(self, path: str, parameters: Parameters) -> tuple[float, bytes]:
        """Milliseconds, and the answer.

        Raises:
            RuntimeError: it was another status than 200.
        """
        url = f"{API}{path}?{urlencode(parameters, quote_via=quote)}"
        began = time.perf_counter()
        self._connection.request("GET", url)
        response = self._connection.getresponse()
        body = response.read()
        took_ms = (time.perf_counter() - began) * 1000
        if response.status != 200:
            raise RuntimeError(f"{response.status} from {url}: {body[:500]!r}")
        return took_ms, body

    def json(self, path: str, **parameters: str | int) -> Any:
        """The answer, read."""
        return json.loads(self.ask(path, parameters)[1])


def known_of(client: Client) -> Known:
    """What the store holds, by the API's own word."""
    span = client.json("/span")
    first, last = (datetime.fromisoformat(span[name]) for name in ("first_hour", "last_hour"))
    whole = {"since": span["first_hour"], "limit": 500}
    categories = [each["name"] for each in client.json("/names", **whole)["names"]]
    types = [
        each["name"]
        for category in categories
        for each in client.json("/names", category=category, **whole)["names"][:40]
    ]
    words = sorted({word for name in types for word in name.split() if len(word) > 2})
    return Known(first, last, categories, types, words)


def measure(client: Client, questions: Questions, requests: int) -> list[Answered]:
    """Asks every endpoint so often, in turn; the first answer of each is a warm-up."""
    times: dict[str, list[float]] = {}
    sizes: dict[str, list[int]] = {}
    for turn in range(requests + 1):
        for name, parameters in questions.all().items():
            took_ms, body = client.ask(name.partition(" ")[0], parameters())
            if turn:
                times.setdefault(name, []).append(took_ms)
                sizes.setdefault(name, []).append(len(body))
    return [
        Answered(
            name=name,
            requests=len(found),
            p50_ms=round(statistics.median(found), 2),
            p99_ms=round(percentile(sorted(found), 0.99), 2),
            max_ms=round(max(found), 2),
            kb=round(statistics.median(sizes[name]) / 1000, 1),
        )
        for name, found in times.items()
    ]


@contextmanager
def _commits(data_dir: Path) -> Iterator[None]:
    """Batches are committed while the block runs."""
    script = str(Path(__file__).with_name("committer.py"))
    command = [sys.executable, script, str(data_dir), "--seconds", str(_COMMITTING_S)]
    child = start_child(command, data_dir.with_name("committer.log"))
    try:
        yield
        if not child.is_running():
            raise RuntimeError(f"nothing was committed: {last_lines(child.log_path)}")
    finally:
        child.stop()


def report(found: Sequence[Answered], console: Console) -> None:
    """Prints them, slowest first."""
    table = Table("endpoint", "requests", "p50 ms", "p99 ms", "longest", "KB")
    for each in sorted(found, key=lambda each: -each.p99_ms):
        figures = f"{each.p50_ms:,.1f}", f"{each.p99_ms:,.1f}", f"{each.max_ms:,.1f}"
        table.add_row(each.name, str(each.requests), *figures, f"{each.kb:,.1f}")
    console.print(table)


@click.command()
@click.option("--cells", default=CELLS_OF_TEN_YEARS, show_default=True)
@click.option("--requests", default=200, show_default=True, help="Of each endpoint.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keeps the store, or has one.")
@click.option("--out", type=click.Path(path_type=Path), help="Takes the result as JSON.")
def main(cells: int, requests: int, data_dir: Path | None, out: Path | None) -> None:
    """Measure every endpoint over a store of many cells."""
    console = Console(width=100)
    with TemporaryDirectory(prefix="sfcrime-bench-") as folder:
        data_dir = data_dir or Path(folder) / "data"
        if not (data_dir / STORE_FILE).exists():
            console.print(f"made: {make_store(data_dir, cells)}")
        with page_server(data_dir, Path(folder) / "server.log") as server:
            held = memory_by_role([server.pid], ROLES)
            client = Client(server)
            questions = Questions(known_of(client))
            with Watch([os.getpid()], ROLES) as watch, _commits(data_dir):
                found = measure(client, questions, requests)
            start = {
                "answers_after_s": round(server.answers_after_s, 2),
                "whole_after_s": round(server.whole_after_s, 2),
                "memory_mb": round(sum(each.pss_mb for each in held.values()), 1),
                "peak_rss_mb": round(watch.usage.peak_rss_mb_by_role[SERVER], 1),
                "others_cpu_share": round(watch.usage.others_share, 3),
            }
    report(found, console)
    slow = [each.name for each in found if each.p99_ms > GOAL_P99_MS]
    console.print(f"{start}; above {GOAL_P99_MS:g} ms: {', '.join(slow) or 'none'}")
    if out is not None:
        summary = {
            "server": start,
            "highest_p99_ms": max(each.p99_ms for each in found),
            "endpoints": [asdict(each) for each in found],
        }
        document = {"machine": described_machine(), "cells": cells, "summary": summary}
        out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
