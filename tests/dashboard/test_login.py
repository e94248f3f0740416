"""The form that asks for the token, and the cookie it answers with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.conftest import HOST, TOKEN, Asked
from dashboard.serving import PageClient
from sfcrime.dashboard.serving.binding import Binding

ORIGIN = {"Origin": f"http://{HOST}"}


@pytest.fixture
def client(asked: Asked, binding: Binding) -> PageClient:
    return asked(replace(binding, token=TOKEN))


def test_the_form_works_without_script_and_leads_on(client: PageClient) -> None:
    form = client.get("/login?next=/trust")

    assert form.status_code == 200
    assert "<script" not in form.text and "style=" not in form.text
    assert '<form method="post" action="/login">' in form.text
    assert 'name="next" value="/trust"' in form.text
    assert form.headers["Cache-Control"] == "no-store"


def test_the_right_token_gives_a_cookie_that_opens_the_page(client: PageClient) -> None:
    fields = {"token": f" {TOKEN} ", "next": "/history?since=2018-10-02"}

    answer = client.post("/login", data=fields, headers=ORIGIN)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/history?since=2018-10-02")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert TOKEN not in cookie
    assert client.get("/api/v1/overview").status_code == 200


def test_a_wrong_token_gives_the_form_again_and_no_cookie(client: PageClient) -> None:
    answer = client.post("/login", data={"token": TOKEN[:-1], "next": "/trust"}, headers=ORIGIN)

    assert answer.status_code == 401
    assert "This is not the token." in answer.text
    assert 'value="/trust"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert client.get("/api/v1/overview").status_code == 401


def test_a_cookie_of_another_token_opens_nothing(
    client: PageClient, asked: Asked, binding: Binding
) -> None:
    client.post("/login", data={"token": TOKEN}, headers=ORIGIN)
    other = asked(replace(binding, token=f"{TOKEN}x"))

    other.cookies = client.cookies

    assert other.get("/api/v1/overview").status_code == 401


def test_another_page_cannot_send_the_form(client: PageClient) -> None:
    answer = client.post("/login", data={"token": TOKEN}, headers={"Origin": "http://example.org"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "elsewhere",
    ["https://example.org/", "//example.org", "/\\example.org", "javascript:x", "/x", "/\n/", ""],
)
def test_it_leads_nowhere_but_to_the_page(client: PageClient, elsewhere: str) -> None:
    answer = client.post("/login", data={"token": TOKEN, "next": elsewhere}, headers=ORIGIN)

    assert answer.headers["Location"] == "/"


def test_what_is_quoted_in_the_form_cannot_end_it(client: PageClient) -> None:
    form = client.get("/login", params={"next": '/trust?"><script>'})

    assert "<script" not in form.text
    assert "/trust?&quot;&gt;&lt;script&gt;" in form.text


def test_a_form_of_a_megabyte_is_refused(client: PageClient) -> None:
    answer = client.post("/login", data={"token": "x" * 1_000_000}, headers=ORIGIN)

    assert (answer.status_code, answer.json()["error"]) == (400, "bad_parameter")


def test_where_no_token_is_asked_for_the_form_leads_on(asked: Asked) -> None:
    answer = asked().get("/login?next=/pipeline")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/pipeline")
