"""What the tests of rseq.numba share: scripts in a child process, since Numba and LLVM may end one."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import support

_RUN = "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"

RunScript = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_script(tmp_path: Path) -> RunScript:
    """`run_script(text, env=…, returncode=0)` runs a file (sequences need one) in a new Python; the finished process.

    Numba's cache is in a folder of the test's own.
    """

    def run(
        text: str, *args: str, env: Mapping[str, str] | None = None, returncode: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text))
        environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_NUM_THREADS": "2", **(env or {})}
        return support.run_python(_RUN, str(script), *args, env=environment, returncode=returncode)

    return run
