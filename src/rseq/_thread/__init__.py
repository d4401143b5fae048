"""What the kernel and libc do for the calling thread: its registration, its CPU, fences, and a report on all of it.

    support.py        whether code can be made for this machine at all
    registration.py   the area that libc has registered with the kernel, and where it is
    current.py        the CPU that the calling thread runs on
    cpus.py           how many CPU numbers there can be
    membarrier.py     fences between threads: those that restart sequences, and those that order memory
    report.py         what there is and what is missing, in sentences: `rseq.info()`

What follows from a thread that is not registered is always the same: its sequences run on the spare lane under a lock,
with the same results. So nothing here fails for want of rseq; the report says what is missing, and why.
"""
