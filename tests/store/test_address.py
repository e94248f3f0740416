"""How a store is named, and what no name may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.settings import Settings, StoreSettings
from sfcrime.settings_loading import as_environment, load_settings
from sfcrime.store.address import PostgresqlAddress, store_address


def at(url: str, password_file: str = "") -> Settings:
    return Settings(store=StoreSettings(url=url, password_file=password_file, data_dir="/calls"))


def test_without_a_url_the_store_is_a_file_of_the_data_folder() -> None:
    assert store_address(at("")) == Path("/calls/sfcrime.db")


def test_a_url_names_a_database_and_reaches_a_child_process() -> None:
    settings = at("postgresql://me@db.example.org/calls", "/secrets/calls")

    assert store_address(settings) == PostgresqlAddress(
        "postgresql://me@db.example.org/calls", "/secrets/calls"
    )
    assert str(store_address(settings)) == "postgresql://me@db.example.org/calls"
    assert load_settings(environment=as_environment(settings)).store == settings.store


def test_a_folder_of_its_own_has_a_store_of_its_own() -> None:
    moved = at("postgresql://me@db/calls", "/secrets/calls").in_folder(Path("/elsewhere"))

    assert store_address(moved) == Path("/elsewhere/sfcrime.db")
    assert moved.store.password_file == ""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:gehe1m@db/calls",
        "postgresql://me:@db/calls",
        "postgresql://db/calls?user=me&password=gehe1m",
        "postgresql://db/calls?sslpassword=gehe1m",
        "postgresql://me:x/gehe1m@db/calls",
        "postgresql://me:x?gehe1m@db/calls",
        "postgresql://me:x#gehe1m@db/calls",
        "postgresql://me:[gehe1m]@db/calls",
        "postgresql://me:gehe1m\u2100@db/calls",
        "postgresql://me:gehe1m[@db/calls",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match=r"store\.url holds a password") as refused:
        store_address(at(url))

    assert "gehe1m" not in str(refused.value)
    assert refused.value.__context__ is None, "an error before it may hold the URL"
    assert "SFCRIME_STORE_PASSWORD_FILE" in refused.value.next_step


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:gehe1m/calls",
        "postgresql://me@db:5432:gehe1m/calls",
        "postgresql://me@[::1]gehe1m/calls",
        "postgresql://gehe1m[me@db/calls",
        "postgresql://db/calls?gehe1m=1",
        "postgresql:/me:gehe1m@db/calls",
        "PostgreSQL://me:gehe1m@db/calls",
        "gehe1m",
    ],
)
def test_nothing_of_a_url_that_is_refused_is_shown(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        store_address(at(url))

    said = f"{refused.value} {refused.value.rule} {refused.value.next_step}"
    assert "gehe1m" not in said
    assert refused.value.__context__ is None, "an error before it may hold the URL"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://me@db/calls", "names no database of PostgreSQL"),
        ("calls", "names no database of PostgreSQL"),
        ("postgresql://me@db", "names no database"),
        ("postgresql://me@db/", "names no database"),
        ("postgresql://[me@db/calls", "cannot be read"),
        ("postgresql://db/calls?options=-csynchronous_commit%3Doff", "has another parameter"),
    ],
)
def test_a_url_that_names_no_database_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        store_address(at(url))


@pytest.mark.parametrize("variable", ["PGHOST", "PGHOSTADDR"])
def test_a_variable_that_names_another_machine_counts_as_the_url_does(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "192.0.2.7")
    address = store_address(at("postgresql:///calls"))

    assert isinstance(address, PostgresqlAddress)
    assert address.connection_parameters == {"sslmode": "verify-full"}


def test_a_service_may_name_any_machine_where_the_url_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGSERVICE", "calls")
    monkeypatch.setenv("PGHOST", "localhost")  # which a service overrules
    of_a_service = store_address(at("postgresql:///calls"))
    named = store_address(at("postgresql://me@127.0.0.1/calls"))

    assert isinstance(of_a_service, PostgresqlAddress) and isinstance(named, PostgresqlAddress)
    assert of_a_service.connection_parameters == {"sslmode": "verify-full"}
    assert named.connection_parameters == {}


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgresql://me@db.example.org/calls", "verify-full"),
        ("postgresql://me@192.0.2.7:6432/calls", "verify-full"),
        ("postgresql://me@[2001:db8::7]:5432/calls", "verify-full"),
        ("postgresql://me@127.0.0.1,db.example.org/calls", "verify-full"),
        ("postgresql://me@127.0.0.1/calls?host=db.example.org", "verify-full"),
        ("postgresql://me@db.example.org/calls?sslmode=require", None),
        ("postgresql://me@127.0.0.1:5433/calls", None),
        ("postgresql://me@[::1]:5433/calls", None),
        ("postgresql://me@localhost/calls", None),
        ("postgresql:///calls", None),
        ("postgresql://me@%2Frun%2Fpostgresql/calls", None),
        ("postgresql:///calls?host=/run/postgresql", None),
    ],
)
def test_off_this_machine_a_server_has_to_prove_who_it_is(url: str, sslmode: str | None) -> None:
    address = store_address(at(url))

    assert isinstance(address, PostgresqlAddress)
    assert address.connection_parameters.get("sslmode") == sslmode
