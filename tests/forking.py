"""Programs that fork, each in a process of its own that fails rather than hangs."""

from __future__ import annotations

import textwrap

from support import run_python

BEGIN = """
    import os, signal, sys, threading, traceback, warnings
    warnings.simplefilter("ignore")  # of forks beside threads, which is what is tested
    import rseq._shipped
    rseq._shipped.FOLDER = ""  # code is compiled, whatever comes with the package
    signal.alarm(60)  # a hang is a failure

    def in_child(work):
        '''Fork, and run `work` in the child; the child's status.'''
        if (child := os.fork()) == 0:
            signal.alarm(40)
            status = 1
            try:
                work()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1]
"""


def run(code: str, *arguments: str) -> str:
    """What `code` prints, in a process of its own that fails rather than hangs."""
    return run_python(textwrap.dedent(BEGIN) + textwrap.dedent(code), *arguments).stdout
