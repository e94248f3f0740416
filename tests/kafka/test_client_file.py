"""A file of client properties: how it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.errors import UsageError
from sfcrime.kafka.client_file import read_client_file


@pytest.mark.parametrize("line", ["my secret", "secret", "   password secret"])
def test_a_line_that_is_no_property_is_named_by_its_number_and_not_shown(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / "client.properties"
    path.write_text(f"security.protocol=\\\n  SSL\n# comment\n{line}\n", encoding="utf-8")

    with pytest.raises(UsageError, match="Line 4") as caught:
        read_client_file(path)

    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_client_file(tmp_path / "none.properties")
