"""What the end-to-end tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import Sfcrime


@pytest.fixture
def sfcrime(tmp_path: Path) -> Sfcrime:
    """The command on an empty data folder."""
    return Sfcrime(tmp_path / "data")
