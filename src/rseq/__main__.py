"""The command `rseq`, and `python -m rseq`. It needs click, and says so where that is not installed."""

from __future__ import annotations

import sys

from rseq._extras import MissingPackage
from rseq._once import load


def main() -> None:
    """Run the command."""
    try:
        load("click")
    except MissingPackage as lack:
        print(f"Error: {lack}", file=sys.stderr)  # noqa: T201 - click would say it so
        sys.exit(2)
    from rseq._cli import main

    main(prog_name="rseq")


if __name__ == "__main__":
    main()
