"""What a fork waits for, what it does not wait for, and that the child can use what it finds."""

from __future__ import annotations

import textwrap

import pytest

from forking import run
from support import ROOT, run_python


def test_forks_are_followed_in_one_place() -> None:
    files = (ROOT / "src").rglob("*.py")
    calling = {path.name for path in files if "register_at_fork(" in path.read_text() and path.name != "_texts.py"}
    assert calling == {"_forks.py"}


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_the_package_imports_where_there_is_no_fork(system: str) -> None:
    code = """
        import mmap, os, signal, sys
        for name in ("register_at_fork", "fork", "sched_getaffinity", "sched_setaffinity", "sysconf", "sched_yield",
                     "confstr", "memfd_create", "eventfd", "getuid", "geteuid", "pidfd_open", "posix_fallocate"):
            if hasattr(os, name):
                delattr(os, name)
        for name in dir(mmap):
            if name.startswith(("MAP_", "PROT_", "MADV_")):
                delattr(mmap, name)
        for name in ("pthread_sigmask", "setitimer", "alarm", "SIGKILL", "SIGALRM", "SIGUSR1"):
            delattr(signal, name)
        sys.platform = sys.argv[1]
        import rseq
        import rseq.logging
        print(rseq.available())
        for needs_linux in (rseq.Counter, rseq.RCU, lambda: rseq.RingBuffer(64), lambda: rseq.Segment(size=1 << 16)):
            try:
                needs_linux()
            except rseq.UnsupportedError as error:
                print(str(error).partition(" and ")[0])
    """
    assert run_python(code, system).stdout.splitlines() == ["False"] + 4 * [
        "Restartable sequences are a system call of Linux"
    ]


def test_a_fork_holds_nothing_that_a_thread_needs_whose_lock_its_hooks_want() -> None:
    """As logging's: its configuration makes a handler, with a ring, under the lock that its hook takes."""
    out = run("""
        theirs, forking = threading.Lock(), threading.Event()
        os.register_at_fork(before=theirs.acquire, after_in_parent=theirs.release, after_in_child=theirs.release)
        import rseq  # its hook runs before that one
        os.register_at_fork(before=forking.set)  # and after this one

        def make():
            forking.wait()
            rseq.RingBuffer(1 << 14)
            theirs.release()

        theirs.acquire()
        thread = threading.Thread(target=make)
        thread.start()
        print(in_child(lambda: rseq.Counter().add()))
        thread.join()
    """)
    assert out.split() == ["0"]


SLOW_MODULE = """
    import pathlib, tempfile
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "slow.py").write_text("import __main__\\n__main__.begun.set()\\n__main__.wait()\\nvalue = 7\\n")
    sys.path.insert(0, str(folder))
    begun = threading.Event()
    import rseq, rseq._forks
    from rseq._once import load
"""


def test_a_fork_waits_until_another_thread_has_imported_what_it_needs() -> None:
    code = """
        forking = threading.Event()
        wait = forking.wait
        os.register_at_fork(before=forking.set)
        thread = threading.Thread(target=load, args=("slow",))
        thread.start()
        begun.wait()

        def child():
            import slow
            assert slow.value == 7

        print(in_child(child))
        thread.join()
    """
    assert run(textwrap.dedent(SLOW_MODULE) + textwrap.dedent(code)).split() == ["0"]


def test_a_fork_does_not_wait_for_ever_for_a_thread_that_waits_for_it() -> None:
    """It is in the middle of an import, say in a finaliser, and wants a lock that the forking thread holds."""
    code = """
        rseq._forks.PATIENCE_S = 0.2
        mine = threading.Lock()
        def wait():
            with mine:
                pass

        with mine:
            thread = threading.Thread(target=load, args=("slow",))
            thread.start()
            begun.wait()

            def child():
                mine.release()
                import slow
                assert slow.value == 7
                assert rseq.Counter().value == 0
                mine.acquire()

            print(in_child(child))
        thread.join()
    """
    assert run(textwrap.dedent(SLOW_MODULE) + textwrap.dedent(code)).split() == ["0"]


def test_a_fork_waits_while_another_thread_is_inside_of_llvm() -> None:
    out = run("""
        import rseq, rseq._forks
        rseq.Counter()
        import llvmlite.binding.ffi, rseq._codegen.blob
        rseq._forks.PATIENCE_S = 1e9
        inside, forking = threading.Event(), threading.Event()
        os.register_at_fork(before=forking.set)

        def compile():
            with llvmlite.binding.ffi.lib._lock:
                inside.set()
                forking.wait()

        thread = threading.Thread(target=compile)
        thread.start()
        inside.wait()

        def child():
            assert not rseq._codegen.blob._cut_off
            assert rseq.Max("int16") is not None

        print(in_child(child))
        thread.join()
    """)
    assert out.split() == ["0"]


def test_a_thread_does_not_wait_for_ever_for_what_another_one_makes() -> None:
    out = run("""
        import rseq._forks
        from rseq._once import once
        rseq._forks.PATIENCE_S = 0.2
        mine, begun = threading.Lock(), threading.Event()

        @once
        def thing():
            if begun.is_set():
                return "made by the second"
            begun.set()
            with mine:
                return "made by the first"

        got = []
        with mine:
            thread = threading.Thread(target=lambda: got.append(thing()))
            thread.start()
            begun.wait()
            got.append(thing())
        thread.join()
        print(*got, sep=", ")
    """)
    assert out == "made by the second, made by the second\n"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("way", ["finaliser", "signal handler", "plainly"])
def test_a_thread_that_forks_while_it_makes_something_goes_on_in_the_child(way: str) -> None:
    out = run(
        """
        import rseq, rseq._forks, rseq._codegen.blob as blob
        rseq._forks.PATIENCE_S = 1e9  # it must not wait for itself
        children, emit = [], blob.object_file

        def fork(*_):
            if not children:
                children.append(os.fork())

        class Forks:
            __del__ = fork

        def emits(module, architecture):
            ways = {"plainly": fork, "finaliser": Forks, "signal handler": lambda: os.kill(os.getpid(), signal.SIGUSR1)}
            ways[sys.argv[1]]()
            return emit(module, architecture)

        signal.signal(signal.SIGUSR1, fork)
        blob.object_file = emits
        counter = rseq.Counter()
        counter.add(3)
        ring = rseq.RingBuffer(1 << 12)
        ring.write(b"it")
        assert counter.value == 3 and [event.data for event in ring.drain()] == [b"it"]
        if children[0] == 0:
            os._exit(0)
        print(os.waitpid(children[0], 0)[1])
        """,
        way,
    )
    assert out.split() == ["0"]


def test_ctrl_c_while_a_fork_waits_comes_after_the_fork() -> None:
    out = run("""
        import time, types
        import rseq, rseq._forks
        rseq._forks.PATIENCE_S = 1e9
        begun, waiting, end = threading.Event(), threading.Event(), threading.Event()

        def pause(seconds):
            waiting.set()
            time.sleep(seconds)

        rseq._forks.time = types.SimpleNamespace(monotonic=time.monotonic, sleep=pause)

        def compile():
            import llvmlite.binding.ffi
            with llvmlite.binding.ffi.lib._lock:
                begun.set()
                waiting.wait()
                os.kill(os.getpid(), signal.SIGINT)
                end.wait()

        lock = rseq.SpinLock()
        cpu = lock.acquire()
        threading.Thread(target=compile, daemon=True).start()
        begun.wait()
        try:
            in_child(lambda: lock.release(cpu))
            print("not raised")
        except KeyboardInterrupt:
            print("raised", os.waitpid(-1, 0)[1])
        end.set()
    """)
    assert out == "raised 0\n"


def test_a_child_compiles_elsewhere_if_another_thread_was_inside_of_llvm() -> None:
    out = run("""
        import rseq, rseq._forks
        rseq.Counter()
        import llvmlite.binding.ffi
        rseq._forks.PATIENCE_S = 0
        inside, end = threading.Event(), threading.Event()

        def compile():
            with llvmlite.binding.ffi.lib._lock, rseq._forks.Working():
                inside.set()
                end.wait()

        thread = threading.Thread(target=compile)
        thread.start()
        inside.wait()

        def child():
            highest = rseq.Max("int16")
            highest.update(7)
            assert highest.value == 7
            def grandchild():
                lowest = rseq.Min("int16")
                lowest.update(-7)
                assert lowest.value == -7
            assert in_child(grandchild) == 0
            sys.executable = "/nowhere/python"
            try:
                rseq.Stack(4)
            except RuntimeError as error:
                assert str(error).startswith("another thread was compiling when this process was forked"), error
            else:
                raise AssertionError

        print(in_child(child))
        end.set()
        thread.join()
    """)
    assert out.split() == ["0"]


def test_object_files_from_elsewhere_are_the_same() -> None:
    from rseq._arch import host
    from rseq._codegen.llvm import emit, emit_elsewhere

    architecture = host()
    assert architecture is not None
    text = 'target datalayout = ""\ndefine i64 @f(i64 %x) {\n  %y = add i64 %x, 3\n  ret i64 %y\n}\n'
    request = (text, architecture.triple, architecture.features, architecture.code_model)
    assert emit_elsewhere(*request) == emit(*request)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("number", [1, 20, 120, 160])
def test_a_child_imports_anew_what_another_thread_was_importing(number: int) -> None:
    """The thread stands still at its import of that number, and the fork does not wait for it."""
    out = run(
        """
        import rseq, rseq._forks
        rseq._forks.PATIENCE_S = 0
        inside, end, begun = threading.Event(), threading.Event(), []

        def hook(event, arguments):
            if event == "import" and threading.current_thread() is thread and not inside.is_set():
                begun.append(arguments)
                if len(begun) == int(sys.argv[1]):
                    inside.set()
                    end.wait()

        def first_use():
            rseq.Counter().value
            inside.set()

        thread = threading.Thread(target=first_use)
        sys.addaudithook(hook)
        thread.start()
        inside.wait()

        def child():
            counter = rseq.Counter()
            counter.add(3)
            assert counter.value == 3

        print(in_child(child))
        end.set()
        thread.join()
        """,
        str(number),
    )
    assert out.split() == ["0"]


SEQUENCE = "@rseq.sequence\ndef put(cpu: Cell, n: rseq.i64) -> None:\n    cpu.value = n\n"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("number", [1, 20, 60])
def test_a_child_imports_anew_what_another_thread_imports_for_a_sequence(number: int) -> None:
    """As a decorator does it, and `bind`, before and after either begins to make something."""
    out = run(
        """
        import linecache, textwrap
        import rseq, rseq._forks

        def bound():
            text = textwrap.dedent(TEXT)
            linecache.cache["<text>"] = (len(text), None, text.splitlines(True), "<text>")
            names = {"rseq": rseq, "Cell": Cell, "__name__": "made"}
            exec(compile(text, "<text>", "exec"), names)
            return names["put"].bind(rseq.percpu(Cell))

        TEXT = """
        + repr(SEQUENCE)
        + """
        rseq._forks.PATIENCE_S = 0
        class Cell(rseq.Record):
            value: rseq.i64

        inside, end, begun = threading.Event(), threading.Event(), []

        def hook(event, arguments):
            if event == "import" and threading.current_thread() is thread and not inside.is_set():
                begun.append(arguments)
                if len(begun) == int(sys.argv[1]):
                    inside.set()
                    end.wait()

        def first_use():
            bound()
            inside.set()

        thread = threading.Thread(target=first_use)
        sys.addaudithook(hook)
        thread.start()
        inside.wait()

        def child():
            bound()(3)

        print(in_child(child))
        end.set()
        thread.join()
        """,
        str(number),
    )
    assert out.split() == ["0"]
