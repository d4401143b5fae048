"""`python -m rseq` is the command `rseq`."""

from __future__ import annotations

from rseq._cli import main

if __name__ == "__main__":
    main(prog_name="rseq")
