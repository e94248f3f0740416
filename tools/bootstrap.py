"""Checks that this Python can install sfcrime, and hands over to install.py.

Any Python from 2.7 on must be able to read this file: it is the one that says what to install.
"""

import os
import sys

OLDEST = (3, 11)

UBUNTU_2204 = "sudo apt-get install python3.11 python3.11-venv"
COMMANDS = (
    ("apt-get", "sudo apt-get update && sudo apt-get install python3 python3-venv"),
    ("dnf", "sudo dnf install python3.12"),
    ("zypper", "sudo zypper install python312"),
    ("pacman", "sudo pacman -S python"),
    ("apk", "sudo apk add python3"),
    ("brew", "brew install python@3.13"),
)


def command_that_installs_python():
    """The command for this machine's package manager, or words where none is known."""
    try:
        with open("/etc/os-release") as release:
            if 'VERSION_ID="22.04"' in release.read():
                return UBUNTU_2204
    except EnvironmentError:  # OSError, before Python 3
        pass
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for program, command in COMMANDS:
            if os.path.exists(os.path.join(folder, program)):
                return command
    return "install Python 3.11 or newer, then run it with: make setup PYTHON=/path/to/python3"


def problem():
    """What is wrong with this Python, or None."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info < OLDEST:
        return "the newest Python found is %s (%s); sfcrime needs 3.11 or newer." % (
            version,
            sys.executable,
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        return "Python %s (%s) cannot make environments: %s." % (version, sys.executable, error)
    return None


def main():
    found = problem()
    if found is not None:
        sys.stderr.write("error: " + found + "\n")
        sys.stderr.write("Next step: " + command_that_installs_python() + "\n")
        return 4
    import install

    return install.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
