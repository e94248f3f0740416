"""`sfcrime dashboard` as a process: its address, what it loads, and how it stops."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cli.conftest import fill_store
from dashboard.serving import served
from dashboard.test_newest_events import Page
from running import Sfcrime, Started, wait_until
from sfcrime.dashboard.serving.events import BEAT_S, EventHub
from sfcrime.dashboard.serving.server import told_safely
from sfcrime.machine.own_folder import DATA_FOLDER, take_folder
from sfcrime.pipeline.activity import DashboardActivity, read_activity
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND

STOPS_WITHIN_S = 3.0
ANSWERS_WITHIN_S = 20.0

FREE_PORT = ("dashboard", "--dashboard-port", "0")


@pytest.fixture
def data_dir(sfcrime: Sfcrime) -> Path:
    take_folder(sfcrime.data_dir, DATA_FOLDER)
    fill_store(sfcrime.data_dir)
    return sfcrime.data_dir


def address_of(started: Started) -> str:
    """What the command printed, once it did."""
    started.wait_for(lambda: "page: " in started.log(), "the address", ANSWERS_WITHIN_S)
    return started.log().split("page: ")[1].split()[0]


def open_stream(url: str) -> socket.socket:
    """A connection on which the stream was asked for."""
    client = socket.create_connection(("127.0.0.1", httpx.URL(url).port), timeout=10)
    client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def test_the_address_that_is_printed_answers(sfcrime: Sfcrime, data_dir: Path) -> None:
    with sfcrime.started(*FREE_PORT) as started:
        url = address_of(started)
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        activity = read_activity(data_dir, DashboardActivity)
        assert activity == DashboardActivity(url=url, step="answering")

        def accounts() -> Any:
            return httpx.get(f"{url}/api/v1/overview").json().get("accounts")

        wait_until(accounts, "the store is shown", ANSWERS_WITHIN_S)
        assert accounts()["counted"] == 10
        overview = httpx.get(f"{url}/api/v1/overview").json()
        assert overview["state"]["state"] == "stale"
        started.signal(signal.SIGTERM)
        assert started.wait() == 0

    assert read_activity(data_dir, DashboardActivity) == DashboardActivity(step="stopped")


def test_it_waits_for_a_store_and_follows_its_batches(sfcrime: Sfcrime) -> None:
    take_folder(sfcrime.data_dir, DATA_FOLDER)
    with sfcrime.started(*FREE_PORT) as started:
        url = address_of(started)
        empty = httpx.get(f"{url}/api/v1/overview")
        assert (empty.status_code, empty.json()["error"]) == (503, "store_empty")
        with httpx.stream("GET", f"{url}/api/v1/events", timeout=ANSWERS_WITHIN_S) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 1000"
            fill_store(sfcrime.data_dir)
            sent = (json.loads(line[6:]) for line in lines if line.startswith("data: "))
            assert any(each["accounts"]["read"] == 15 for each in sent)


def test_a_committed_batch_is_sent_at_once(sfcrime: Sfcrime) -> None:
    take_folder(sfcrime.data_dir, DATA_FOLDER)
    store = sfcrime.data_dir / STORE_FILE
    with open_writer(store, history_rows=100) as writer, sfcrime.started(*FREE_PORT) as started:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        url = address_of(started)
        with httpx.stream("GET", f"{url}/api/v1/events", timeout=ANSWERS_WITHIN_S) as stream:
            lines = stream.iter_lines()
            _await(lines, "id: 1.0.")
            writer.commit_batch(SECOND)
            committed_s = time.monotonic()
            _await(lines, "id: 1.1.")
            assert time.monotonic() - committed_s < BEAT_S, "it came with a beat at best"


def _await(lines: Iterator[str], start: str) -> None:
    """Reads on until a line begins so; three beats without it are too many."""
    until_s = time.monotonic() + 3 * BEAT_S
    while not next(lines).startswith(start):
        assert time.monotonic() < until_s, f"no line begins with {start}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_3_seconds_with_20_streams_of_which_2_never_read(
    sfcrime: Sfcrime, data_dir: Path, number: signal.Signals
) -> None:
    with sfcrime.started(*FREE_PORT) as started, ExitStack() as opened:
        url = address_of(started)
        streams = [opened.enter_context(closing(open_stream(url))) for _ in range(20)]
        for stream in streams[2:]:
            assert stream.recv(100).startswith(b"HTTP/1.1 200")

        signalled_s = time.monotonic()
        started.signal(number)

        assert started.wait(10) == 0
        assert time.monotonic() - signalled_s < STOPS_WITHIN_S
        assert started.log().endswith("stopped\n")
        assert "Traceback" not in started.log()


def test_an_answer_under_way_that_takes_long_does_not_hold_up_the_end() -> None:
    begun, released = Event(), Event()

    def slow(_: Request) -> Response:
        begun.set()
        released.wait(20)
        return PlainTextResponse("late")

    hub = EventHub(Page().events)
    app = Starlette(routes=[Route("/slow", slow)], lifespan=lambda _: hub.running())
    with served(app, hub) as server, ExitStack() as opened:
        client = opened.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert begun.wait(10)
        stopped_s = time.monotonic()
        server.stop.set()
        server.thread.join(10)
        assert time.monotonic() - stopped_s < STOPS_WITHIN_S
    released.set()


def test_a_port_in_use_is_named_with_the_flag_that_chooses_another(sfcrime: Sfcrime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = sfcrime("dashboard", "--dashboard-port", str(port))

    assert ran.code == 4
    assert ran.err == (
        f"error: The page cannot listen on 127.0.0.1:{port}: the port is in use.\n"
        "Next step: --dashboard-port 0 picks a free one; or stop what uses it\n"
    )


def test_an_address_that_is_not_of_this_machine_is_a_usage_error(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef", encoding="ascii")
    token.chmod(0o600)
    elsewhere = Sfcrime(sfcrime.data_dir, {"SFCRIME_DASHBOARD_ALLOWED_HOSTS": "example.org"})

    ran = elsewhere("dashboard", "--host", "192.0.2.1", "--token-file", str(token))

    assert ran.code == 2
    assert "The page cannot listen on 192.0.2.1:0: " in ran.err


def test_an_address_that_others_reach_needs_a_token_before_anything_listens(
    sfcrime: Sfcrime,
) -> None:
    ran = sfcrime("dashboard", "--host", "0.0.0.0")  # noqa: S104 - it is refused

    assert ran.code == 2
    assert "--token-file" in ran.err


def test_a_folder_that_is_not_ours_is_shown_and_left_alone(
    sfcrime: Sfcrime, tmp_path: Path
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine", encoding="utf-8")
    with Sfcrime(folder).started(*FREE_PORT) as started:
        assert httpx.get(f"{address_of(started)}/healthz").status_code == 200

    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after some code."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ},
    )  # fmt: skip
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_the_server_loads_neither_spark_nor_arrow_nor_kafka_before_it_answers() -> None:
    loaded = loaded_after("import sfcrime.dashboard.serving.server")

    heavy = {"pyspark", "py4j", "pyarrow", "duckdb", "confluent_kafka", "rich", "prometheus_client"}
    assert loaded & heavy == set()
    assert {"fastapi", "uvicorn"} <= loaded


def test_the_help_and_other_commands_load_no_web_library() -> None:
    commands = "import sfcrime.cli.main, sfcrime.cli.status, sfcrime.cli.run, sfcrime.cli.dashboard"
    loaded = loaded_after(commands)

    assert loaded & {"fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client"} == set()


def test_what_an_error_quotes_cannot_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with told_safely():
        logging.getLogger("sfcrime.dashboard").error("It holds \x1b[2J\u202ecalls.")

    assert capsys.readouterr().err.endswith("ERROR It holds \\x1b[2J\\u202ecalls.\n")
