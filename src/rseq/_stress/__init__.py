"""Stress: every shipped sequence under what a busy kernel does to it, ending on laws that must hold.

`stress` lets threads, signals, migrations and forks interrupt it, and counts the aborts; `every_instruction` puts a
breakpoint before each instruction. `rseq stress` is both on the command line.
"""
