"""With --json a program that calls the command gets one JSON object, also where the command ends with an error."""

from __future__ import annotations

import errno
import os
import re

import pytest

from ifmosfs.core.names import to_text
from tests.cli.command_line import Desk


def told(code: str, message: str, path: str | None, hint: str | None, status: int) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "path": path, "hint": hint}, "status": status}


def test_an_error_is_an_object_on_stdout_and_words_on_stderr(desk: Desk) -> None:
    result = desk.here("scan", "nowhere", "--json")
    what, hint = "no such folder", "check the spelling; names with spaces need quotes"
    assert (result.json, result.status) == (told("bad-root", what, "nowhere", hint, 2), 2)
    assert result.err == f"error[bad-root]: {what}: nowhere\n  hint: {hint}\n"


def test_a_path_that_is_no_utf8_can_be_taken_back_from_it(desk: Desk) -> None:
    path = os.fsencode(desk.inbox) + b"/gr\xfc\xdfe"
    result = desk.run("scan", path, "--json")
    assert (result.json["error"]["path"], os.fsencode(result.json["error"]["path"])) == (to_text(path), path)


@pytest.mark.parametrize(
    ("words", "begins", "hint"),
    [
        (("status", "--nosuch", "--json"), "no such option", "ifmosfs status --help"),
        (("--json", "status"), "no such option", "ifmosfs --help"),
        (("commit", "a", "b", "--json"), "got unexpected extra argument", "ifmosfs commit --help"),
        (("scan", "--json"), "no folder to scan was named", "ifmosfs scan FOLDER"),
        (("stage", "show", "nosuch", "--json"), "no plan 'nosuch'", "list them: ifmosfs stage list"),
    ],
)
def test_mistakes_in_the_words_of_a_command_are_told_alike(
    desk: Desk, words: tuple[str, ...], begins: str, hint: str
) -> None:
    result = desk.here(*words)
    code = "not-found" if "nosuch" in words else "usage"
    message = result.json["error"]["message"]
    assert message.startswith(begins)  # what follows is the parser's own, and differs between its versions
    assert (result.json, result.status) == (told(code, message, None, hint, 2), 2)
    assert result.err == f"error[{code}]: {message}\n  hint: {hint}\n"


def test_an_interrupted_command_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ifmosfs.app.looking.mounted_views", interrupt)
    result = desk.here("status", "--json")
    assert (result.json, result.status) == (told("interrupted", "nothing is half done", None, None, 130), 130)
    assert result.err.strip() == "interrupted: nothing is half done"


@pytest.mark.parametrize("words", [("status", "--nosuch"), ("history", "--", "--json")])
def test_without_the_option_nothing_comes_to_stdout(desk: Desk, words: tuple[str, ...]) -> None:
    result = desk.here(*words)
    assert (result.status, result.out) == (2, "")


def test_a_refused_change_is_told_with_its_own_status(desk: Desk) -> None:
    plan = desk.staged()
    result = desk.here("commit", plan, "--json")
    message = "this has to be confirmed, and there is no terminal to ask on"
    assert (result.json, result.status) == (told("usage", message, None, "add --yes", 2), 2)


DISK, ROOM, ELSE = "check the disk, then run the command again: it recovers first", "free some space", "see to it"


@pytest.mark.parametrize(
    ("number", "code", "message", "hint", "status"),
    [
        (errno.EIO, "disk-failed", "the disk failed (Input/output error)", DISK, 8),
        (errno.ENOTCONN, "disk-failed", "the disk failed (Transport endpoint is not connected)", DISK, 8),
        (errno.ENOSPC, "disk-full", "no space is left", f"{ROOM}, then run the command again", 1),
        (errno.EMFILE, "failed", "it was refused (Too many open files)", f"{ELSE}, then run the command again", 1),
    ],
)
def test_what_the_system_says_of_a_file_at_an_unforeseen_place_is_told_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, code: str, message: str, hint: str, status: int
) -> None:
    def fail(_: object) -> None:
        raise OSError(number, os.strerror(number), b"/mnt/a\xff")

    monkeypatch.setattr("ifmosfs.app.looking.mounted_views", fail)
    result = desk.here("status", "--json")
    assert (result.json, result.status) == (told(code, message, to_text(b"/mnt/a\xff"), hint, status), status)
    assert result.err == f"error[{code}]: {message}: /mnt/a\\xff\n  hint: {hint}\n"


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EIO, "Input/output error", 7), OSError(errno.EBADF, "Bad file descriptor", "name"), OSError("odd")],
)
def test_what_may_be_a_bug_keeps_its_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("ifmosfs.app.looking.mounted_views", fail)
    with pytest.raises(OSError, match=re.escape(str(error))):
        desk.here("status")
