"""Commands of the program's own that run beside the view's process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from ifmosfs.platform import daemon

WAITS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"


def end_when_noted(noted: Path, ended: threading.Event) -> threading.Thread:
    """Have it ended as soon as the command has written its process id."""

    def end() -> None:
        while not (noted.exists() and noted.read_text()):
            time.sleep(0.01)
        ended.set()

    thread = threading.Thread(target=end)
    thread.start()
    return thread


@pytest.mark.filterwarnings("ignore:Exception ignored")  # a view outlives whoever has started it
@pytest.mark.parametrize(("wanted", "found"), [(None, "1"), ("3", "3")])
def test_a_view_starts_no_threads_for_vectors_unless_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str | None, found: str
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if wanted is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", wanted)
    tell = "import os, sys; print(os.environ['OPENBLAS_NUM_THREADS']); os.write(int(sys.argv[1]), b'ready\\n')"
    daemon.start([sys.executable, "-uc", tell], tmp_path / "log")
    assert (tmp_path / "log").read_text() == f"{found}\n"


def test_the_exit_status_of_a_command_is_told() -> None:
    assert daemon.run_beside([sys.executable, "-c", "raise SystemExit(5)"], threading.Event()) == 5


def test_a_signal_that_ended_it_is_told() -> None:
    kill = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    assert daemon.run_beside([sys.executable, "-c", kill], threading.Event()) == -signal.SIGKILL


def test_a_command_that_is_not_waited_for_any_more_is_ended(tmp_path: Path) -> None:
    noted, ended = tmp_path / "pid", threading.Event()
    thread = end_when_noted(noted, ended)
    began = time.monotonic()
    assert daemon.run_beside([sys.executable, "-c", WAITS, str(noted)], ended) is None
    thread.join()
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)


def test_a_command_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "TERMINATION_S", 0.1)
    noted, ended = tmp_path / "pid", threading.Event()
    thread = end_when_noted(noted, ended)
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
    assert daemon.run_beside([sys.executable, "-c", deaf, str(noted)], ended) is None
    thread.join()
    with pytest.raises(ProcessLookupError):  # killed, and no zombie of it is left
        os.kill(int(noted.read_text()), 0)


def test_a_command_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        daemon.run_beside([str(tmp_path / "none")], threading.Event())
