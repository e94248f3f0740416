"""Which code a process runs, in 12 digits: machines that judge together must judge alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


def code_digest(modules: Iterable[str], *facts: object) -> str:
    """12 hexadecimal digits of the source of some modules, and of what else decides what they do.
    No input but these."""
    found = hashlib.sha256()
    for name in modules:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        found.update(Path(spec.origin).read_bytes())
    found.update(str(facts).encode())
    return found.hexdigest()[:12]
