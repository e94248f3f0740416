"""Who is answered, and with which headers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.conftest import TOKEN, Asked
from dashboard.serving import PageClient
from sfcrime.dashboard.serving.binding import Binding
from sfcrime.dashboard.serving.guard import host_of

API = "/api/v1/overview"


@pytest.fixture
def client(asked: Asked) -> PageClient:
    return asked()


@pytest.fixture
def with_token(asked: Asked, binding: Binding) -> PageClient:
    return asked(replace(binding, token=TOKEN))


@pytest.fixture
def with_name(asked: Asked, binding: Binding) -> PageClient:
    return asked(replace(binding, names=binding.names | {"calls.example.org"}))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]:8000", "[::1]", "localhost."]
)
def test_the_names_of_loopback_are_answered(client: PageClient, host: str) -> None:
    assert client.get(API, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "calls.example.org",
        "calls.example.org:8000",
        "127.0.0.1.example.org",
        "localhost:8000@example.org",
        "localhost:8000.example.org",
        "example.org:localhost",
        "[::1].example.org",
        "0.0.0.0:8000",
        "",
    ],
)
def test_any_other_name_is_refused_so_that_no_page_leads_a_browser_here(
    client: PageClient, host: str
) -> None:
    answer = client.get(API, headers={"Host": host})

    assert answer.status_code == 403
    assert answer.json()["error"] == "forbidden_host"
    assert "sfcrime dashboard" in answer.json()["next_step"]


def test_a_request_that_names_two_hosts_is_refused(client: PageClient) -> None:
    headers = [("Host", "localhost"), ("Host", "calls.example.org")]

    assert client.get(API, headers=headers).json()["error"] == "forbidden_host"


def test_a_name_that_was_allowed_is_answered(with_name: PageClient) -> None:
    assert with_name.get(API, headers={"Host": "calls.example.org:443"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "https://example.org", "null", "", "file://", "http://127.0.0.1"],
)
def test_what_another_page_sends_is_refused(client: PageClient, origin: str) -> None:
    answer = client.get(API, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden_origin")


def test_what_the_page_itself_sends_is_answered(client: PageClient) -> None:
    assert client.get(API, headers={"Origin": "http://127.0.0.1:8000"}).status_code == 200


def test_a_server_in_between_may_ask_for_the_name_that_was_allowed(with_name: PageClient) -> None:
    origin = {"Origin": "https://calls.example.org"}

    assert with_name.get(API, headers=origin).status_code == 200
    assert with_name.get(API, headers={"Origin": "https://example.org"}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_embeds_is_refused_and_a_link_is_followed(
    client: PageClient, site: str
) -> None:
    image = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "image"}
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document"}

    assert client.get(API, headers=image).json()["error"] == "forbidden_origin"
    assert client.get("/", headers=link).status_code == 200
    assert client.get(API, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("path", ["/", API, "/nothing", "/healthz", "/assets/index-a1b2.js"])
def test_every_answer_carries_the_headers_that_keep_others_out(
    client: PageClient, path: str
) -> None:
    headers = client.get(path).headers

    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_a_refusal_carries_them_too(client: PageClient) -> None:
    answer = client.get("/", headers={"Host": "example.org"})

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", [API, "/metrics", "/readyz", "/api/v1/events", "/nothing"])
def test_without_the_token_nothing_is_told(with_token: PageClient, path: str) -> None:
    answer = with_token.get(path)

    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "given", [f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer", "\xff"]
)
def test_a_wrong_token_is_no_token(with_token: PageClient, given: str) -> None:
    headers = {"Authorization": given.encode("latin-1")}

    assert with_token.get(API, headers=headers).status_code == 401


def test_the_token_opens_everything(with_token: PageClient) -> None:
    for given in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
        assert with_token.get(API, headers={"Authorization": given}).status_code == 200


def test_whether_the_process_lives_is_told_to_everybody(with_token: PageClient) -> None:
    assert with_token.get("/healthz").json() == {"status": "ok"}


def test_a_browser_without_the_token_is_led_to_the_form(with_token: PageClient) -> None:
    answer = with_token.get("/history?since=2018-10-02", headers={"Accept": "text/html,*/*"})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2Fhistory%3Fsince%3D2018-10-02"


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("localhost", "localhost"),
        ("localhost:8000", "localhost"),
        ("[::1]", "[::1]"),
        ("[::1]:8000", "[::1]"),
        ("localhost:", "localhost"),
        ("localhost:http", ""),
        ("localhost:8000:8000", "localhost:8000"),
    ],
)
def test_the_host_of_an_authority_is_what_stands_before_the_port(authority: str, host: str) -> None:
    assert host_of(authority) == host
