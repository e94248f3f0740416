"""How a part that ended is told: its own error once, or the end of its log."""

from __future__ import annotations

from pathlib import Path

from sfcrime.errors import UnreadableFile
from sfcrime.pipeline.supervisor import part_failure


def test_the_error_of_a_part_is_told_once_with_its_own_next_step(tmp_path: Path) -> None:
    log = tmp_path / "producer.log"
    error = UnreadableFile(
        "calls.json ends too early.", rule="A source is read whole.", next_step="fetch it again"
    )
    log.write_text(f"starting\nerror: of an earlier line\nerror: {error}\n")

    failure = part_failure("producer", 3, log)

    assert str(failure) == (
        "The producer ended (exit code 3): calls.json ends too early.\n"
        "A source is read whole.\n"
        f"Next step: fetch it again; its log is {log}"
    )
    assert failure.exit_code == 3


def test_an_error_longer_than_the_end_of_a_log_is_told_whole(tmp_path: Path) -> None:
    log = tmp_path / "stream.log"
    words = "\n".join(f"word {number}" for number in range(20))
    log.write_text(f"error: Spark's JVM ended. Its last words:\n{words}\n")

    failure = part_failure("stream", 1, log)

    assert "Spark's JVM ended. Its last words:\nword 0\n" in str(failure)
    assert str(failure).endswith(f"word 19\nNext step: read {log}")


def test_a_part_that_told_no_error_is_told_by_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "stream.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    failure = part_failure("stream", -9, log)

    assert str(failure).startswith("The stream ended (exit code -9).\nline 85\nline 86\n")
    assert str(failure).endswith(f"line 99\nNext step: read {log}")
    assert failure.exit_code == 1
