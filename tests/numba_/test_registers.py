"""The largest sequences in the worst callers: LLVM finds a register for everything that `assemble` accepts.

They run in a child process: where LLVM has too few registers, it ends the process (worst_callers.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

pytestmark = [pytest.mark.arch("x86_64"), pytest.mark.needs_rseq]

_HERE = {"PYTHONPATH": str(Path(__file__).parent)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"NUMBA_OPT": "3"},
        {"NUMBA_OPT": "1"},
        {"NUMBA_OPT": "0"},
        {"NUMBA_OPT": "0", "NUMBA_DEBUGINFO": "1"},
    ],
    ids=["optimised", "optimised a little", "not optimised", "with debug information"],
)
def test_the_largest_sequences_compile_in_the_worst_callers(run_script: Any, environment: dict[str, str]) -> None:
    done = run_script("import worst_callers; worst_callers.main()", env=_HERE | environment)
    assert len(done.stdout.split()) == 14


@pytest.mark.slow
def test_one_register_more_would_end_the_process(run_script: Any) -> None:
    # The budget is as large as it may be: with one more, LLVM gives up in such a caller, and takes the process along.
    script = """
        from worst_callers import caller, host, largest, rseq

        type(host()).budget = {"int": 14, "float": 16}
        big, record, count, _ = largest("add")
        bound = big.bind(rseq.percpu(record))
        print("bound", flush=True)
        caller("add", count)(bound, 20, *range(count), 12345)
        print("survived", flush=True)
    """
    done = run_script(script, env=_HERE, returncode=None)
    assert done.returncode != 0
    assert done.stdout == "bound\n"
    assert "inline assembly requires more registers than available" in done.stderr


@pytest.mark.slow
def test_one_value_more_is_a_sentence(run_script: Any) -> None:
    # `bind` refuses it, so that Numba never sees it; if it did, Numba would say the same.
    script = """
        import numba
        from worst_callers import RegisterError, host, rseq, sequence

        sentence = "big() needs 14 int registers on x86_64, where a critical section may have 13"
        big, record = sequence("add", 8)
        try:
            big.bind(rseq.percpu(record))
        except RegisterError as error:
            assert sentence in str(error)
        else:
            raise AssertionError("bind takes it")

        type(host()).budget = {"int": 14, "float": 16}  # as if bind had let it pass
        bound = big.bind(rseq.percpu(record))
        type(host()).budget = {"int": 13, "float": 16}

        @numba.njit
        def call(bound):
            bound(1, 2, 3, 4, 5, 6, 7, 8)

        try:
            call(bound)
        except Exception as error:
            assert sentence in str(error), error
            print(type(error).__mro__)
        else:
            raise AssertionError("Numba takes it")
    """
    done = run_script(script, env=_HERE)
    assert "RegisterError" in done.stdout or "NumbaError" in done.stdout
