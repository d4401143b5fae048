"""`rseq run`: any command whose processes have prometheus_client's metrics in one segment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import rseq
from support import run_python

COUNT = """
    import os, sys
    from prometheus_client import Counter, generate_latest
    hits = Counter("hits", "Hits.")
    hits.inc()
    if len(sys.argv) > 1:
        import subprocess
        subprocess.run([sys.executable, sys.argv[0], *sys.argv[2:]], check=True)
    print(*(line for line in generate_latest().decode().splitlines() if line.startswith("hits_total")), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that counts, and starts itself again for each argument."""
    return _written(tmp_path / "app.py", COUNT)


def _written(path: Path, code: str) -> Path:
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    return path


def _started(*args: str, process_group: int | None = None, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rseq", "run", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
        process_group=process_group,
        preexec_fn=_signals_as_usual,  # noqa: PLW1509 - of a program started in the background some are ignored
    )


def _signals_as_usual() -> None:
    for one in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(one, signal.SIG_DFL)


def _ran(*args: str, **env: str) -> tuple[int, str, str]:
    started = _started(*args, **env)
    out, err = started.communicate(timeout=120)
    return started.returncode, out, err


def test_a_command_and_its_children_share_their_metrics(program: Path, segment_folder: Path) -> None:
    assert _ran("--", sys.executable, str(program), "a", "b") == (0, "hits_total 3.0\n" * 3, "")
    assert list(segment_folder.iterdir()) == []


def test_the_exit_status_comes_back() -> None:
    assert _ran("--", "sh", "-c", "exit 7")[0] == 7
    assert _ran("sh", "-c", "kill -KILL $$")[0] == 128 + signal.SIGKILL
    assert _ran("sh", "-c", "kill -TERM $$")[0] == 128 + signal.SIGTERM


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    status, _, err = _ran("--", "no-such-command")
    assert (status, err) == (127, "Error: there is no command 'no-such-command'\n")
    status, _, err = _ran("--", str(tmp_path))
    assert (status, err) == (126, f"Error: '{tmp_path}' cannot be started: Permission denied\n")
    status, _, err = _ran("--segment", "../x", "--", "true")
    assert (status, err.startswith("Error: name: expected up to 100 letters")) == (1, True)
    status, _, err = _ran("--segment", "", "--", "true")
    assert (status, err.startswith("Error: name: expected up to 100 letters")) == (1, True)
    status, _, err = _ran("--exec", "--", "true")
    assert (status, "--exec needs --segment NAME" in err) == (2, True)


def test_the_end_of_the_command_is_seen_though_whoever_started_all_this_ignores_ends() -> None:
    code = """
        import os, signal, sys
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.execv(sys.executable, [sys.executable, "-m", "rseq", "run", "--", "sh", "-c", "echo ready; exit 3"])
    """
    assert run_python(code, returncode=3, timeout_s=30.0).stdout == "ready\n"


def test_the_exit_status_comes_back_though_the_segment_was_removed(segment_folder: Path) -> None:
    assert _ran("--", "sh", "-c", f"rm {segment_folder}/*; exit 3") == (3, "", "")


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH"])
def test_signals_are_passed_on(name: str) -> None:
    script = f"trap 'kill $!; echo got {name}; exit 3' {name}; sleep 100 >/dev/null 2>&1 & echo ready; wait"
    started = _started("--", "bash", "-c", script)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    started.send_signal(signal.Signals[f"SIG{name}"])
    out, _ = started.communicate(timeout=60)
    assert (started.returncode, out) == (3, f"got {name}\n")


TELL = """
    import os, signal, sys
    signals = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    if sys.argv[1:]:
        os.setpgid(0, 0)
    print("ready", flush=True)
    while (got := signal.sigwait(signals)) != signal.SIGTERM:
        print(got.name, flush=True)
"""


@pytest.mark.parametrize("leaves", [(), ("leaves the group",)], ids=["beside", "elsewhere"])
def test_what_is_sent_to_the_group_reaches_the_command_once(tmp_path: Path, leaves: tuple[str, ...]) -> None:
    app = _written(tmp_path / "app.py", TELL)
    started = _started("--", sys.executable, str(app), *leaves, process_group=0)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    for _ in range(300):
        os.killpg(started.pid, signal.SIGUSR1)
        assert started.stdout.readline() == "SIGUSR1\n"
        started.send_signal(signal.SIGUSR2)  # which `rseq run` looks at after the other one
        assert started.stdout.readline() == "SIGUSR2\n"
    os.killpg(started.pid, signal.SIGTERM)
    assert started.communicate(timeout=60) == ("", "")
    assert started.returncode == 0


def _forked_by(parent: int) -> int:
    """The one child that runs what its parent runs."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    runs = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (str(parent), *children)}
    (found,) = (int(pid) for pid in children if runs[pid] == runs[str(parent)])
    return found


def test_without_its_witness_signals_are_still_passed_on(tmp_path: Path) -> None:
    app = _written(tmp_path / "app.py", TELL)
    started = _started("--", sys.executable, str(app), process_group=0)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    os.kill(_forked_by(started.pid), signal.SIGKILL)
    for _ in range(3):
        started.send_signal(signal.SIGUSR1)
        assert started.stdout.readline() == "SIGUSR1\n"
    started.terminate()
    assert started.communicate(timeout=60) == ("", "")


def test_it_stays_for_the_command_and_reaps_its_orphans() -> None:
    script = "(sleep 0 & echo started) ; read x; exit 4"
    started = _started("--", "bash", "-c", script)
    out, _ = started.communicate("go\n", timeout=60)
    assert (started.returncode, out) == (4, "started\n")


def test_nothing_is_lost_when_all_workers_are_replaced(tmp_path: Path, program: Path) -> None:
    script = f"for i in 1 2 3; do {sys.executable} {program}; done"
    out = "hits_total 1.0\nhits_total 2.0\nhits_total 3.0\n"
    assert _ran("--segment", "shop", "--", "sh", "-c", script)[:2] == (0, out)
    assert _ran("--segment", "shop", "--exec", "--", "sh", "-c", script + "; exit 5")[:2] == (5, out)
    assert _ran("--segment", "shop", "--keep", "--", sys.executable, str(program))[1] == "hits_total 4.0\n"
    assert rseq.Segment("shop", keep=True).processes()


def test_one_run_inside_another_has_its_own(program: Path) -> None:
    inner = [sys.executable, "-m", "rseq", "run", "--", sys.executable, str(program)]
    script = f"{sys.executable} {program}; {' '.join(inner)}; {sys.executable} {program}"
    assert _ran("--", "sh", "-c", script)[1] == "hits_total 1.0\nhits_total 1.0\nhits_total 2.0\n"


def test_a_program_without_metrics_loads_nothing(tmp_path: Path) -> None:
    code = "import sys; print([name for name in sys.modules if name.startswith(('rseq', 'importlib.', 'click'))])"
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "rseq'" not in plain.stdout
    assert _ran("--", sys.executable, "-c", code) == (0, plain.stdout, "")


def test_what_the_user_begins_with_is_run_too(tmp_path: Path, program: Path) -> None:
    _written(tmp_path / "sitecustomize.py", "import sys; sys.began = __file__\n")
    code = "import sys, sitecustomize; print(sys.began == sitecustomize.__file__, sys.began)"
    path = str(tmp_path / "sitecustomize.py")
    assert _ran("--", sys.executable, "-c", code, PYTHONPATH=str(tmp_path))[1] == f"True {path}\n"
    assert _ran("--", sys.executable, str(program), PYTHONPATH=str(tmp_path))[1] == "hits_total 1.0\n"
    _written(tmp_path / "sitecustomize.py", "raise RuntimeError('of the user')\n")
    assert "of the user" in _ran("--", sys.executable, "-c", "", PYTHONPATH=str(tmp_path))[2]


def test_a_module_of_the_client_is_as_good_as_the_whole(tmp_path: Path) -> None:
    code = """
        import prometheus_client.values
        from prometheus_client import Counter
        hits = Counter("hits", "Hits.")
        print(type(hits._value).__module__)
    """
    app = _written(tmp_path / "app.py", code)
    assert _ran("--", sys.executable, str(app))[1] == "rseq._metrics.series\n"


def test_a_program_that_lacks_the_client_learns_that_as_always(tmp_path: Path) -> None:
    code = """
        import sys
        sys.path[:] = [path for path in sys.path if "site-packages" not in path]
        try:
            import prometheus_client
        except ImportError as error:
            print(error)
    """
    app = _written(tmp_path / "app.py", code)
    assert _ran("--", sys.executable, str(app))[1] == "No module named 'prometheus_client'\n"


def test_a_python_that_lacks_rseq_says_so(tmp_path: Path) -> None:
    _written(tmp_path / "prometheus_client.py", "")
    code = """
        import sys
        sys.path[:] = [path for path in sys.path if "site-packages" not in path and not path.endswith("src")]
        sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
        import prometheus_client
    """
    app = _written(tmp_path / "app.py", code)
    err = _ran("--", sys.executable, str(app))[2]
    assert f"`rseq run` has started {sys.executable}, which cannot import rseq: install rseq there" in err


def test_importing_the_hook_elsewhere_does_nothing() -> None:
    code = """
        import sys
        before = sys.path[:], sys.meta_path[:]
        import rseq._metrics.site.sitecustomize
        print((sys.path, sys.meta_path) == before)
    """
    assert run_python(code, env={"RSEQ_METRICS": "shop"}).stdout == "True\n"
