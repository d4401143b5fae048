"""Fixtures and markers of all tests; what the session itself must not let pass."""

from __future__ import annotations

import gc
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Tests compile anew, and leave the user's cache alone. RSEQ_TEST_CACHE=FOLDER has what one run keeps taken by the next.
os.environ["RSEQ_CACHE_DIR"] = os.environ.get("RSEQ_TEST_CACHE", "")

pytest.register_assert_rewrite("support")

import support  # noqa: E402 - after its assertions have been registered for rewriting
import tiers  # noqa: E402

GOLDEN = Path(__file__).parent / "golden"
SOURCE = support.ROOT / "src" / "rseq"
SKIPS = pytest.StashKey["_NeedsRseq"]()


class _NeedsRseq:
    """How many tests that need rseq were reached, and how many of them were skipped."""

    reached = 0
    skipped = 0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew instead of comparing")
    parser.addoption(
        "--allow-no-rseq",
        action="store_true",
        help="pass even if every test that needs rseq was skipped on a kernel that has it",
    )


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
    gc.set_threshold(20_000)  # each time it goes through what all tests have imported
    config.stash[SKIPS] = _NeedsRseq()
    stale = _stale_files()
    if stale:
        raise pytest.UsageError(
            f"the installed rseq differs from src/ ({', '.join(stale[:3])}): run `make install`, "
            "or work with an editable install (see CONTRIBUTING.md)"
        )


def _stale_files() -> list[str]:
    """Source files whose installed copy is another one: tests of yesterday's code would say nothing."""
    import rseq

    installed = Path(next(iter(rseq.__path__)))
    if installed == SOURCE:
        return []
    names = {path.relative_to(folder) for folder in (SOURCE, installed) for path in folder.rglob("*.py")}
    names.discard(Path("_texts.py"))  # the build makes it of the others
    return sorted(str(name) for name in names if _bytes(SOURCE / name) != _bytes(installed / name))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def pytest_report_header() -> str:
    import rseq

    return f"rseq: {next(iter(rseq.__path__))}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`one_in(n)`: the other cases of the test are slow."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("one_in") and not item.get_closest_marker("slow"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for those in cases.values():
        (n,) = next(those[0].iter_markers("one_in")).args
        first = tiers.one_in(n, [item.name for item in those])
        for item in those:
            if item.name not in first:
                item.add_marker(pytest.mark.slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("arch"):
        if platform.machine() not in marker.args:
            pytest.skip(f"runs on {', '.join(marker.args)}, this machine is {platform.machine()}")
    if item.get_closest_marker("needs_rseq"):
        _require_rseq(item.config.stash[SKIPS])


def _require_rseq(skips: _NeedsRseq) -> None:
    import rseq

    skips.reached += 1
    if not rseq.available():
        skips.skipped += 1
        pytest.skip("the kernel has not registered this thread for restartable sequences (see `rseq info`)")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of pytest-xdist has ended: what it skipped counts here."""
    reached, skipped = getattr(node, "workeroutput", {}).get("needs_rseq", (0, 0))
    node.config.stash[SKIPS].reached += reached
    node.config.stash[SKIPS].skipped += skipped


def pytest_sessionfinish(session: pytest.Session) -> None:
    skips, output = session.config.stash[SKIPS], getattr(session.config, "workeroutput", None)
    if output is not None:
        output["needs_rseq"] = skips.reached, skips.skipped
        return
    if _skipped_everything(session.config) and session.exitstatus in (pytest.ExitCode.OK, 0):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skips = config.stash[SKIPS]
    if _skipped_everything(config):
        terminalreporter.write_line(
            f"FAILED: this kernel has rseq, yet all {skips.reached} tests that need it were skipped. "
            "Find out why with `rseq info`, or say --allow-no-rseq if that is meant.",
            red=True,
        )
    elif skips.reached and skips.skipped == skips.reached:
        terminalreporter.write_line(f"No rseq here: {skips.reached} tests that need it were skipped.", yellow=True)


def _skipped_everything(config: pytest.Config) -> bool:
    skips = config.stash[SKIPS]
    all_skipped = skips.reached > 0 and skips.skipped == skips.reached
    return all_skipped and support.kernel_has_rseq() and not config.getoption("allow_no_rseq")


@pytest.fixture(autouse=True, scope="module")
def _frozen() -> Iterator[None]:
    """What a file of tests leaves is kept, so that no later collection of garbage goes through it again."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def threads() -> Iterator[support.ThreadSet]:
    """A `ThreadSet` that is joined, and whose failures are raised, at the end of the test at the latest."""
    started = support.ThreadSet()
    yield started
    started.join()


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """The one CPU that this thread, and what it starts, runs on: it finds on its lane what it has put there."""
    with support.on_one_cpu() as cpu:
        yield cpu


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], None]:
    """`in_child(function)` calls it in a forked child and fails if it raises there."""
    return support.run_in_child


@pytest.fixture
def run_python() -> Callable[..., object]:
    """`support.run_python`: run code in a child process, with other environment variables."""
    return support.run_python


@pytest.fixture
def segment_folder() -> Iterator[Path]:
    """An empty folder in /dev/shm, where this test and the processes that it starts find segments."""
    from shared.folders import folder

    with folder() as path:
        yield path


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`golden(text)` compares with the golden file of this test, `golden(text, "asm/add.s")` with that one.

    The file's path follows from the test's: tests/golden/<test file without test_>/<test without test_>.txt.
    A missing file fails and prints what the test made; `--update-golden` writes it.
    """

    def compare(text: str, name: str | None = None) -> None:
        path = GOLDEN / (name or _golden_name(request))
        if request.config.getoption("update_golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        if not path.exists():
            pytest.fail(f"no golden file {path}: pytest --update-golden writes it. Made:\n{text}", pytrace=False)
        assert text == path.read_text(encoding="utf-8"), f"differs from {path}; if it should, pytest --update-golden"

    return compare


def _golden_name(request: pytest.FixtureRequest) -> str:
    tests = Path(__file__).parent
    folder = request.path.relative_to(tests).with_suffix("")
    folder = folder.with_name(folder.name.removeprefix("test_"))
    return f"{folder}/{request.node.name.removeprefix('test_')}.txt"
