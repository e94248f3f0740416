#!/usr/bin/env bash
# Installs what the exercise needs: into the active virtual or conda environment, or into a new
# one, exercise/.venv. Run again, it has little to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

active="${VIRTUAL_ENV:-${CONDA_PREFIX:-}}"
if [ -n "$active" ]; then
    python="$active/bin/python"
    if ! new_enough "$python"; then
        echo "error: the active environment $active has no Python 3.11 or newer." >&2
        echo "Next step: conda create -n sfcrime python=3.11 && conda activate sfcrime" >&2
        echo "           (or leave it, with \`conda deactivate\` or \`deactivate\`), then ./start.sh" >&2
        exit 4
    fi
    echo "Installing into the active environment $active"
else
    python="$PWD/.venv/bin/python"
    if ! new_enough "$python"; then
        for found in python3.14 python3.13 python3.12 python3.11 python3; do
            if new_enough "$found"; then break; fi
            found=""
        done
        if [ -z "$found" ]; then
            echo "error: there is no Python 3.11 or newer." >&2
            echo "Next step: install one, or activate a conda environment that has it" >&2
            exit 4
        fi
        echo "No environment is active; making $PWD/.venv"
        "$found" -m venv --clear .venv
    fi
fi

echo "(PySpark is an archive of 450 MB: the first time takes some minutes)"
"$python" -m pip install --disable-pip-version-check --quiet -r requirements.txt
"$python" -m sfcrime setup

echo
echo "Ready. To call the tools by their bare names in this terminal:"
echo
[ -n "$active" ] || echo "    source \"$PWD/.venv/bin/activate\""
echo "    export PATH=\"$PWD/bin:\$PATH\""
