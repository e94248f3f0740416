"""What runs, in 12 digits."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfcrime.domain.code_digest import code_digest


def test_other_modules_facts_or_sources_have_another_digest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = code_digest(["sfcrime.domain.calls"], 1, "a")
    assert first == code_digest(["sfcrime.domain.calls"], 1, "a")
    assert len(first) == 12

    others = {
        code_digest(["sfcrime.domain.outcomes"], 1, "a"),
        code_digest(["sfcrime.domain.calls"], 1, "b"),
        code_digest(["sfcrime.domain.calls"], 1),
    }
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"pass")
    others.add(code_digest(["sfcrime.domain.calls"], 1, "a"))

    assert len(others - {first}) == 4
