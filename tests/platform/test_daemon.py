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
