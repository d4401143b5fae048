"""Per-CPU memory: segments, lanes, the allocator, and the storage that sequences are bound to.

Who may do what:

- A lane's records are written by bound sequences and routines only, from any thread. A sequence writes the lane of
  the CPU that it runs on, or the spare lane while it holds the lock (`Place.lock`). Python writes through a view only
  where it knows that nothing runs.
- Anyone may read any lane at any time, and sees each aligned word whole. Words that must agree are read by a routine.
- Making, dropping and viewing memory is allowed from any thread at any time, in signal handlers and finalisers, and
  after a fork.
- A shared segment is the same memory in all processes forked since; what is said of threads holds for theirs.
- An address means something only while a `Memory`, or what holds it (storage, a builtin, an array view), lives.
"""
