"""The last verdict of `sfcrime audit`, kept in a small file beside the store.

The store is not written by an audit: it shows what the job committed, and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sfcrime.domain.outcomes import Accounting
from sfcrime.machine.own_folder import DATA_FOLDER, take_folder
from sfcrime.machine.whole_files import write_whole

VERDICT_FILE = "audit.json"
"""Its name inside the data folder."""


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What an audit said of one generation up to one batch."""

    equal: bool
    audited_ms: int
    """When it ended, milliseconds since 1970 UTC."""
    generation: int
    """Number of the generation."""
    created_ms: int
    """When it was begun: another store may give the number again."""
    batch: int | None
    """The newest batch it covers; None: there was none."""
    cells: int
    """Cells that the recount found."""
    differing: int
    accounting: Accounting
    """Of the recount."""


def write_verdict(data_dir: Path, verdict: AuditVerdict) -> None:
    """Replaces the verdict of the audit before.

    Raises:
        UsageError, OSError: the folder is not ours, or cannot be written.
    """
    take_folder(data_dir, DATA_FOLDER)
    write_whole(data_dir / VERDICT_FILE, json.dumps(asdict(verdict), indent=2).encode() + b"\n")


def read_verdict(data_dir: Path) -> AuditVerdict | None:
    """The last verdict; None where there is none, or where the file says something else."""
    try:
        found = json.loads((data_dir / VERDICT_FILE).read_bytes())
        return AuditVerdict(**found | {"accounting": Accounting(**found["accounting"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
