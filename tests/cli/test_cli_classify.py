"""`ifmosfs classify`: what is kept at Ctrl-C, what is not extracted twice, what it opens, and what it says meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ifmosfs.app.context import App
from ifmosfs.app.settings import load_settings
from tests.adapters.trees import Tree
from tests.cli.command_line import Desk, ended, interrupt_when

sys.path.insert(0, str(Path(__file__).parents[1] / "ml"))
import extract_samples as valid  # the samples of the layer below

N_FILES = 4_000


def documents(n: int) -> Tree:
    """So many PDF files, each with words of its own."""
    return {b"d%04d.pdf" % number: valid.pdf(f"Invoice number {number}, amount due, VAT, IBAN") for number in range(n)}


def classified_here(desk: Desk) -> tuple[int, int, int]:
    """Scan and classify in this process: files looked at, of them extracted, and remembered."""
    from ifmosfs.app.classifying import classify

    session = desk.here("scan", desk.inbox, "--json").json["session"]
    with App(load_settings(desk.environment)) as app:
        report = classify(app, session)
        extractor = app.classifier.inner._extractor  # type: ignore[attr-defined]
        return report.n_new, extractor.n_extracted, extractor.n_remembered


def test_only_new_contents_are_extracted_whatever_files_are_called(bare_desk: Desk) -> None:
    bare_desk.set_up(documents(6))
    assert classified_here(bare_desk) == (6, 6, 0)
    assert classified_here(bare_desk) == (0, 0, 0)
    os.rename(bare_desk.inbox / "d0000.pdf", bare_desk.inbox / "renamed.pdf")
    shutil.copy(bare_desk.inbox / "d0001.pdf", bare_desk.inbox / "copied.pdf")
    os.utime(bare_desk.inbox / "d0002.pdf")
    (bare_desk.inbox / "d0003.pdf").write_bytes(valid.pdf("Something else"))
    assert classified_here(bare_desk) == (4, 1, 3)


def test_interrupted_classification_says_what_is_kept_and_goes_on_with_the_rest(bare_desk: Desk) -> None:
    n_left = N_FILES
    bare_desk.set_up(documents(n_left))
    bare_desk.here("scan", bare_desk.inbox)
    for seconds in (0.0, 0.05, 0.4, 1.0):  # at the first file, and wherever it is so much later: in a transaction, too
        process = bare_desk.start("classify")
        begun = partial(reads, process, bare_desk.inbox)
        interrupt_when(process, lambda begun=begun, seconds=seconds: begun() and time.sleep(seconds) is None)  # type: ignore[misc]
        result = ended(process)
        said = re.fullmatch(
            r"error\[interrupted\]: interrupted: ([\d,]+) of ([\d,]+) files were classified, which is kept\n"
            r"  hint: the same command goes on with the rest\n",
            result.err,
        )
        assert said, result
        assert (result.status, result.out, int(said[2].replace(",", ""))) == (130, "", n_left)
        n_left -= int(said[1].replace(",", ""))
    assert bare_desk.here("classify", "--json").json["new"] == n_left < N_FILES


def test_what_workers_found_before_the_interruption_is_remembered(bare_desk: Desk) -> None:
    n_files = 1_000
    bare_desk.set_up(documents(n_files))
    bare_desk.here("scan", bare_desk.inbox)
    process = bare_desk.start("classify")
    interrupt_when(process, lambda: stored(bare_desk) > 0)
    result = ended(process)
    assert result.status == 130, result
    n_stored = stored(bare_desk)
    for name in os.listdir(bare_desk.inbox):
        os.rename(bare_desk.inbox / name, bare_desk.inbox / f"renamed-{name}")
    assert 0 < n_stored < n_files
    assert classified_here(bare_desk) == (n_files, n_files - n_stored, n_stored)


def stored(desk: Desk) -> int:
    """How many extracts the catalogue holds."""
    import sqlite3

    connection = sqlite3.connect(f"file:{desk.state}/catalogue.db?mode=ro", uri=True, timeout=20)
    try:
        return int(connection.execute("SELECT count(*) FROM extracts").fetchone()[0])
    finally:
        connection.close()


def reads(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether a command has something below a folder open."""
    descriptors = f"/proc/{process.pid}/fd"
    try:
        return any(os.readlink(f"{descriptors}/{number}").startswith(str(folder)) for number in os.listdir(descriptors))
    except OSError:  # the process, or the descriptor, has gone between the two looks
        return False


def test_no_worker_outlives_the_command(bare_desk: Desk) -> None:
    bare_desk.set_up(documents(3))
    bare_desk.here("scan", bare_desk.inbox)
    assert bare_desk.run("classify").status == 0
    assert workers_of(bare_desk) == []
    process = bare_desk.start("classify")
    process.send_signal(signal.SIGKILL)
    ended(process)
    until = time.monotonic() + 20
    while workers_of(bare_desk) and time.monotonic() < until:
        time.sleep(0.05)
    assert workers_of(bare_desk) == []


def workers_of(desk: Desk) -> list[str]:
    """The workers that have inherited the desk's own place in PATH; other tests may have some, too."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            environment = Path(f"/proc/{number}/environ").read_bytes()
        except OSError:
            continue
        if b"ifmosfs.ml.extract.worker" in words and os.fsencode(desk.folder) in environment:
            found.append(number)
    return found


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
def test_files_are_opened_for_reading_only_and_nothing_reaches_for_the_network(bare_desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    samples = {name.encode(): content for name, (_, content) in valid.samples(other).items()}
    bare_desk.set_up(samples)
    bare_desk.here("scan", bare_desk.inbox)
    log = tmp_path / "calls"
    traced = "open,openat,openat2,creat,socket,connect,unlink,unlinkat,rename,renameat,renameat2,utimensat,setxattr"
    command = ["strace", "-f", "-o", log, "-e", f"trace={traced}", sys.executable, "-m", "ifmosfs", "classify"]
    subprocess.run(command, cwd=bare_desk.folder, env=bare_desk.environment, check=True, capture_output=True)
    calls = log.read_text().splitlines()
    touched = [call for call in calls if any(f'"{name.decode()}"' in call for name in samples)]
    assert len([call for call in touched if "O_RDONLY" in call]) >= len(samples)
    assert [call for call in touched if "O_RDONLY" not in call] == []
    assert [call for call in calls if "AF_INET" in call] == []
    assert worker_opens(calls) == []


def worker_opens(calls: list[str]) -> list[str]:
    """What workers have opened after they gave up their rights; a look into `/dev/fd` is the last thing before that.

    (pdfium would look for fonts, and is refused.)
    """
    at_last_look = {call.split()[0]: number for number, call in enumerate(calls) if '"/dev/fd"' in call}
    assert at_last_look, "no worker was seen"
    opened = []
    for number, call in enumerate(calls):
        process = call.split()[0]
        if number > at_last_look.get(process, len(calls)) and re.search(r"open.* = \d+$", call):
            opened.append(call)
    resumed = [call for call in calls if "/dev/fd" in call and "unfinished" in call]
    return opened[len(resumed) :]


def test_long_work_is_told_of_on_plain_lines_with_the_time_that_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    from ifmosfs.cli.common import PlainProgress

    progress = PlainProgress(seconds=0.0)
    progress("Classifying", 0, 400)
    time.sleep(0.01)
    progress("Classifying", 100, 400)
    progress("Scanning", 7, None)
    progress("", 0, None)
    lines = capsys.readouterr().err.splitlines()
    assert [re.sub(r"about \d+ s", "about N s", line) for line in lines] == [
        "Classifying: 0 of 400", "Classifying: 100 of 400, about N s left", "Scanning: 7"
    ]  # fmt: skip


def test_short_work_is_told_of_in_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    from ifmosfs.cli.common import PlainProgress

    progress = PlainProgress()
    for n_done in range(100):
        progress("Classifying", n_done, 100)
    assert capsys.readouterr().err == ""
