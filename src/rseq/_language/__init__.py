"""A Python function in, a checked `Sequence` out: parse, type, check the restart contract."""
