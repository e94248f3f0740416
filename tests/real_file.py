"""The real file of calls, where it lies beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL_FILE = (
    Path(__file__).resolve().parents[1]
    / ".."
    / "shared"
    / "data"
    / "police-department-calls-for-service.json.gz"
)

needs_real_file = pytest.mark.skipif(
    not REAL_FILE.exists(), reason="the real file is not beside the project"
)
