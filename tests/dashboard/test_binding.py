"""Which addresses, names and tokens the page may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.dashboard.serving.binding import binding_of, is_loopback, read_token
from sfcrime.errors import UsageError
from sfcrime.settings import DashboardSettings

TOKEN = "0123456789abcdef"  # noqa: S105 - of this test
ANYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens here


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n", encoding="ascii")
    path.chmod(0o600)
    return path


def test_the_defaults_answer_on_loopback_to_its_names_alone() -> None:
    binding = binding_of(DashboardSettings())

    assert binding.names == {"localhost", "127.0.0.1", "[::1]"}
    assert binding.token is None
    assert binding.url(8000) == "http://127.0.0.1:8000"


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    binding = binding_of(DashboardSettings(host="::1"))

    assert binding.url(80) == "http://[::1]:80"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_is_only_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.168.1.5", "calls.example.org", ""])
def test_any_other_address_may_be_reached_from_elsewhere(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.168.1.5", "calls.example.org"])
def test_another_address_needs_a_token_and_a_name_and_says_so(host: str, token_file: Path) -> None:
    for settings in (
        DashboardSettings(host=host),
        DashboardSettings(host=host, token_file=str(token_file)),
        DashboardSettings(host=host, allowed_hosts="calls.example.org"),
    ):
        with pytest.raises(UsageError, match="--token-file") as refused:
            binding_of(settings)
        assert "SFCRIME_DASHBOARD_ALLOWED_HOSTS" in str(refused.value)


def test_with_both_it_may_be_reached_under_that_name(token_file: Path) -> None:
    binding = binding_of(
        DashboardSettings(
            host=ANYWHERE,
            token_file=str(token_file),
            allowed_hosts="Calls.Example.org, [2001:db8::1]",
        )
    )

    assert binding.token == TOKEN
    assert binding.names == {
        "localhost",
        "127.0.0.1",
        "[::1]",
        "calls.example.org",
        "[2001:db8::1]",
    }
    assert binding.url(8000) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "names", ["http://calls.example.org", "calls.example.org:8000", "a/b", "*", "a b", "-"]
)
def test_a_name_that_is_no_host_is_refused(names: str) -> None:
    with pytest.raises(UsageError, match="is no host"):
        binding_of(DashboardSettings(allowed_hosts=names))


def test_blanks_around_a_token_are_no_part_of_it(token_file: Path) -> None:
    assert read_token(token_file) == TOKEN


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660])
def test_a_token_that_others_can_read_is_refused(token_file: Path, mode: int) -> None:
    token_file.chmod(mode)

    with pytest.raises(UsageError, match=f"has mode {mode:04o}") as refused:
        read_token(token_file)

    assert f"chmod 600 {token_file}" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"0123456789abcde", b"0123456789abcdef\nmore", b"\xff" * 16, b"a" * 5000],
)
def test_what_is_no_token_is_refused_without_being_shown(token_file: Path, content: bytes) -> None:
    token_file.write_bytes(content)

    with pytest.raises(UsageError, match="holds no token") as refused:
        read_token(token_file)

    assert "0123" not in str(refused.value)


def test_a_token_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_token(tmp_path / "nothing")
    with pytest.raises(UsageError, match="is no file"):
        read_token(tmp_path)
