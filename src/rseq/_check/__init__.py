"""Inside of `rseq.check`: an emulator that interrupts sequences, and what should come of it."""
