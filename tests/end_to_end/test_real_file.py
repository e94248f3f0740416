"""The real file, where it lies beside the project: its known counts, exactly."""

from __future__ import annotations

import pytest

from real_file import REAL_FILE, needs_real_file
from running import Digest, Sfcrime
from sfcrime.domain.outcomes import Accounting

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.real_data,
    needs_real_file,
]


def test_the_real_file_is_counted_exactly(sfcrime: Sfcrime) -> None:
    ended = sfcrime(
        *("run", "--source", str(REAL_FILE), "--speed", "max", "--until-caught-up"),
        *("--no-dashboard", "--port", "0", "--ui-port", "0"),
    )
    assert ended.code == 0, ended.out + ended.err

    digest = sfcrime.digest()
    assert digest == Digest(
        Accounting(read=199_999, counted=199_995, duplicate=4), 126_749, digest.sha256
    )
    answer = sfcrime("report", "--by", "type", "--every", "all", "--raw", "--json").json
    calls = {row["type"]: row["calls"] for row in answer["rows"]}
    assert calls["Passing Call"] == 35_179
    assert answer["calls_with_unofficial_disposition"] == 19_846
    audit = sfcrime("audit", "--json")
    assert audit.code == 0, audit.out
    assert (audit.json["cells"], audit.json["differing"]) == (126_749, 0)
