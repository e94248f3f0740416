"""`python -m sfcrime`: the same as the `sfcrime` command."""

from sfcrime.cli.main import main

if __name__ == "__main__":
    main()
