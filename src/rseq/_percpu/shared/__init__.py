"""Shared segments: per-CPU memory that processes share, and the directory of what is in it.

layout.py       how a segment's file is laid out; what is checked before it is believed
files.py        where segments with a name are, how one is made, found, and begun anew
processes.py    who has a segment open
directory.py    structures by name
extents.py      memory for them
core.py         a segment as this process has it open
segment.py      `rseq.Segment`
kinds.py        from a structure to its entry in the directory, and back
listing.py      all segments of the user: `rseq.segments()`
"""
