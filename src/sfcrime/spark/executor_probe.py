"""What an executor has: run by its Python, by the text of this file, before sfcrime is known to be
there. So it uses the standard library alone, of any Python 3 that may be found, and fails at
nothing.

Each line of standard input is a JSON object with `modules` to import, `jars` that should lie in the
executor's folder, and `files` that it should be able to read; each is answered by a line.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any


def _judge(modules: list[str]) -> tuple[str, str]:
    """The digest that the last of the modules has, and why there is none."""
    try:
        return [importlib.import_module(name) for name in modules][-1].JUDGE_DIGEST, ""
    except BaseException as error:  # whatever an import may raise
        return "", f"{type(error).__name__}: {error}"


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """As `executors.Found` has it."""
    judge, problem = _judge(asked["modules"])
    jars = [Path(name) for name in asked["jars"]]
    return {
        "host": platform.node(),
        "folder": str(Path.cwd()),
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "judge": judge,
        "problem": problem,
        "jars": {
            jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars if jar.is_file()
        },
        "unreadable": [path for path in asked["files"] if not os.access(path, os.R_OK)],
    }


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
