"""Code for child processes in which the kernel refuses a system call, or libc registers no thread."""

from __future__ import annotations

UNREGISTERED = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
"""The environment of a process whose threads are not registered."""

FORBID = """
    import ctypes, errno, json, os, struct, sys, threading
    from rseq import _arch as arch
    from rseq._thread import cpus, membarrier, registration, report

    def forbid(number, failure):
        libc = ctypes.CDLL(None, use_errno=True)
        # load the number of the call; if it is not this one, skip a line; fail; allow
        lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | failure), (0x06, 0, 0, 0x7FFF0000)]
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
        address = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(program)))
        for arguments in ((38, 1, 0, 0, 0), (22, 2, address, 0, 0)):  # PR_SET_NO_NEW_PRIVS; PR_SET_SECCOMP, a filter
            if libc.prctl(*arguments):
                raise OSError(ctypes.get_errno(), "no filter of system calls")
"""
"""From then on, `forbid(number, failure)` has that system call fail, in this and all later threads."""
