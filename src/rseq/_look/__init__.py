"""Looking at segments from outside: the commands `rseq ls`, `rm`, `show`, `top` and `dump`.

They take no place among those that use a segment, make nothing in it and hold nobody up. So they work while a service
runs, and after it has crashed.

chosen.py        which segment is meant
records.py       a record of the user's, from what its entry says of it
structures.py    what structures say: one class for each kind
reading.py       all structures of a segment, read in bulk
rings.py         the events of a ring, copied without a turn
lines.py          what a structure says, in a line
details.py        all that is known of it, in tables
saying.py         numbers, names and tables as text
frames.py        what changes from one look to the next
screen.py        the terminal while `rseq top` has it
ls.py, rm.py, show.py, top.py, dump.py    the commands
"""
