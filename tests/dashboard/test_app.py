"""The page's files, and the one body of every error."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dashboard.conftest import Asked
from dashboard.serving import GivenSource, PageClient
from sfcrime.errors import AccountingBroken, KafkaUnavailable, StoreUnavailable


@pytest.fixture
def client(asked: Asked) -> PageClient:
    return asked()


@pytest.mark.parametrize("view", ["/", "/history", "/pipeline", "/trust", "/history?since=2018"])
def test_each_view_is_the_one_page_which_is_asked_for_again_each_time(
    client: PageClient, view: str
) -> None:
    answer = client.get(view)

    assert answer.status_code == 200
    assert answer.text == "<!doctype html><title>built</title>"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_an_unchanged_page_is_not_sent_again(client: PageClient) -> None:
    tag = client.get("/").headers["ETag"]

    assert client.get("/", headers={"If-None-Match": tag}).status_code == 304


def test_assets_are_kept_for_ever_because_their_names_change(client: PageClient) -> None:
    answer = client.get("/assets/index-a1b2.js")

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/javascript")


def test_a_file_beside_the_page_is_served(client: PageClient) -> None:
    answer = client.get("/favicon.svg")

    assert (answer.text, answer.headers["Content-Type"]) == ("<svg/>", "image/svg+xml")


@pytest.mark.parametrize(
    "path",
    [
        *("%2e%2e/index.html", "%2e%2e/%2e%2e/secret", "..%2f..%2fsecret"),
        *("/etc/passwd", "%2fetc%2fpasswd"),
    ],
)
def test_nothing_outside_of_the_assets_is_served(
    client: PageClient, page_folder: Path, path: str
) -> None:
    (page_folder.parent / "secret").write_text("secret")

    assert client.get(f"/assets/{path}").status_code == 404


def test_where_the_page_is_not_built_it_says_how(asked: Asked, tmp_path: Path) -> None:
    answer = asked(folder=tmp_path / "nothing").get("/history")

    assert answer.status_code == 503
    assert "npm ci &amp;&amp; npm run build" in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/assets/nothing.js", "/docs"])
def test_what_is_not_there_has_the_one_body(client: PageClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json() == {
        "error": "not_found",
        "message": f"There is nothing at {path}.",
        "next_step": "the page is at /, its API at /api/v1",
    }


@pytest.mark.parametrize("path", ["/", "/api/v1/overview", "/api/v1/events", "/metrics"])
def test_what_cannot_be_asked_like_this_has_the_one_body(client: PageClient, path: str) -> None:
    answer = client.request("PUT", path)

    assert answer.status_code == 405
    assert answer.json()["error"] == "method_not_allowed"
    assert "GET" in answer.headers["Allow"]


def test_a_parameter_that_cannot_be_has_the_one_body(client: PageClient) -> None:
    answer = client.get("/api/v1/hours?count=none")

    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_parameter"
    assert "count" in answer.json()["message"]


def test_before_anything_is_counted_the_api_says_so(
    client: PageClient, source: GivenSource
) -> None:
    source.seen = None

    answer = client.get("/api/v1/overview")

    assert (answer.status_code, answer.json()["error"]) == (503, "store_empty")


@pytest.mark.parametrize("path", ["/api/v1/overview", "/metrics", "/readyz"])
def test_an_unexpected_error_is_logged_and_tells_nothing_of_itself(
    asked: Asked,
    path: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: GivenSource) -> None:
        raise ValueError("a secret path")

    client = asked()
    monkeypatch.setattr(GivenSource, "seen", property(fail), raising=False)

    with caplog.at_level(logging.ERROR):
        answer = client.get(path)

    assert answer.status_code == 500
    assert answer.json() == {
        "error": "internal",
        "message": "The server failed to answer; what happened is in its log.",
        "next_step": "ask again; where it fails again, report it with the log",
    }
    assert "secret" not in answer.text
    assert "a secret path" in caplog.text and "Traceback" in caplog.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_an_error_of_ours_that_is_no_matter_of_the_asker_is_logged_and_not_told(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: GivenSource) -> None:
        raise AccountingBroken("The secret path has 3 records too few.")

    client = asked()
    monkeypatch.setattr(GivenSource, "seen", property(fail), raising=False)

    answer = client.get("/api/v1/overview")

    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "3 records too few" in caplog.text


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (StoreUnavailable("The store is locked."), "store_unavailable"),
        (KafkaUnavailable("No broker."), "kafka_unavailable"),
    ],
)
def test_a_dependency_that_is_away_is_told_as_such(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str
) -> None:
    def fail(_: GivenSource) -> None:
        raise error

    client = asked()
    monkeypatch.setattr(GivenSource, "seen", property(fail), raising=False)

    answer = client.get("/api/v1/overview")

    assert (answer.status_code, answer.json()["error"]) == (503, name)


def test_the_document_of_the_api_is_there_and_pages_that_load_scripts_are_not(
    client: PageClient,
) -> None:
    document = client.get("/api/v1/openapi.json").json()

    assert document["openapi"].startswith("3.")
    assert "/api/v1/events" in document["paths"]
    assert "/metrics" not in document["paths"]
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404
