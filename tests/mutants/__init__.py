"""Mutants: small mistakes made by rule in the shipped sequences, and which check notices each. See docs/checker.md."""
