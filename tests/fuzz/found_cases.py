"""Disagreements that were found, as files: each is tried again by every `make test`."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzz_topics import FuzzRecord, FuzzTopic

FOUND = Path(__file__).with_name("found")


def save(folder: Path, topic: FuzzTopic, differences: Sequence[str]) -> Path:
    """Writes a topic on which the sides differ; its name follows from its content."""
    written = {
        "lateness_s": topic.lateness_s,
        "window_minutes": topic.window_minutes,
        "source_name": topic.source_name,
        "batches": [[_written(record) for record in batch] for batch in topic.batches],
    }
    text = json.dumps(written, indent=1)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"differences": list(differences[:20]), **written}, indent=1) + "\n")
    return path


def load(path: Path) -> FuzzTopic:
    """The topic of such a file."""
    written = json.loads(path.read_text())
    return FuzzTopic(
        tuple(tuple(_read(record) for record in batch) for batch in written["batches"]),
        written["lateness_s"],
        written["window_minutes"],
        written["source_name"],
    )


def _written(record: FuzzRecord) -> dict[str, Any]:
    return {
        "family": record.family,
        "partition": record.partition,
        "skipped": record.skipped,
        "published_ms": record.published_ms,
        "value": _coded(record.value),
        "headers": [[name, _coded(value)] for name, value in record.headers],
    }


def _read(written: dict[str, Any]) -> FuzzRecord:
    return FuzzRecord(
        written["family"],
        written["partition"],
        _decoded(written["value"]),
        written["published_ms"],
        written["skipped"],
        tuple((name, _decoded(value)) for name, value in written["headers"]),
    )


def _coded(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
