"""`ifmosfs review`: asks on a terminal, lists without one, and keeps each answer before the next question."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adapters.trees import Tree
from tests.cli.command_line import INVOICE, Desk

LETTER = b"Dear Ms Miller,\nthank you for the lovely evening number %d at the lake. The boat was fine.\nYours, Tom\n"
INBOX: Tree = {
    b"letters": {b"note-%d.xyz" % number: LETTER % number for number in range(1, 5)},
    b"misc": {b"what.xyz": b"hm", b"other.dat": bytes(range(256))},
    b"invoice-17.txt": INVOICE,
}
PROMPT = b"What is it? "
SECONDS = 60.0


@pytest.fixture
def mail(bare_desk: Desk) -> Desk:
    bare_desk.set_up(INBOX)
    return bare_desk


@dataclass
class Talk:
    """A review on a terminal of its own: what it said until now, and how it ended."""

    said: bytes = b""
    status: int | None = None


def talk(desk: Desk, *answers: str | Callable[[], object], arguments: tuple[str, ...] = ()) -> Talk:
    """Answer one question after the other, or do something while it waits; after the last answer, wait for the end."""
    master, terminal = pty.openpty()
    process = desk.start("review", *arguments, terminal=terminal, stdin=terminal, start_new_session=True)
    os.close(terminal)
    done, pending, seen = Talk(), list(answers), 0
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            done.said += os.read(master, 4096)
        except OSError:
            break
        if pending and done.said[seen:].endswith(PROMPT):
            seen, answer = len(done.said), pending.pop(0)
            while not isinstance(answer, str):
                answer()
                answer = pending.pop(0)
            if answer == "^C":
                wait_until_it_reads(process.pid)
                os.killpg(process.pid, signal.SIGINT)
            else:
                os.write(master, answer.encode() + b"\n")
    done.status = process.wait(SECONDS)
    os.close(master)
    done.said = done.said.replace(b"\r", b"")
    return done


def wait_until_it_reads(pid: int) -> None:
    """Return when the process sleeps in its read. A signal in the microseconds between the prompt and the read would be seen
    only after the read: nobody types that fast, but a test does."""
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline, "it never waited for an answer"
        time.sleep(0.01)


def unsure(desk: Desk, plan: str) -> set[str]:
    kept = desk.here("stage", "show", plan, "--json").json["kept"]
    return {os.path.relpath(row["source"], desk.inbox) for row in kept}


ALL = {f"letters/note-{number}.xyz" for number in range(1, 5)} | {"misc/what.xyz", "misc/other.dat"}
LETTERS = {path for path in ALL if path.startswith("letters")}


def test_one_answer_settles_the_files_like_it_and_the_plan_follows(mail: Desk) -> None:
    plan = mail.staged()
    assert unsure(mail, plan) == ALL
    done = talk(mail, "personal_doc", "q")
    assert done.status == 0, done
    assert b"like it: 3 files" in done.said
    assert b"thank you for the lovely evening" in done.said
    assert b"Learned: Personal documents (personal_document)" in done.said
    assert b"Settled by it: 3 files" in done.said
    assert b"1 answer kept, which settled 3 more files." in done.said
    assert unsure(mail, plan) == ALL - LETTERS


def test_nothing_is_asked_twice_and_nothing_about_what_was_answered(mail: Desk) -> None:
    mail.staged()
    talk(mail, "personal_doc", "n", "none")
    assert mail.here("review", "--json").json["questions"] == []
    assert b"Nothing was answered." in talk(mail).said


def test_interrupted_review_keeps_what_was_answered(mail: Desk) -> None:
    plan = mail.staged()
    done = talk(mail, "personal_doc", "^C")
    assert (done.status, b"1 answer kept" in done.said, b"Traceback" in done.said) == (130, True, False)
    assert unsure(mail, plan) == ALL - LETTERS


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lambda path: path.unlink(), b"error[not-found]: no such file"),
        (
            lambda path: path.write_bytes(b"quite another letter"),
            b"error[wrong-state]: the file is not as it was asked about",
        ),
    ],
    ids=["gone", "changed"],
)
def test_file_that_goes_or_changes_while_it_is_asked_about_teaches_nothing_and_the_review_goes_on(
    mail: Desk, happens: Callable[[Path], object], words: bytes
) -> None:
    plan = mail.staged()
    asked = Path(mail.here("review", plan, "--json").json["questions"][0]["path"])
    done = talk(mail, lambda: happens(asked), "personal_doc", "web_page", "q", arguments=(plan,))
    assert (done.status, words in done.said, b"1 answer kept" in done.said) == (0, True, True), done.said
    assert " by 1 lesson: " in mail.here("model", "update", "--dry-run", env={"IFMOSFS_MODEL": ""}).out


def test_answer_that_is_none_is_asked_for_again_and_skipping_asks_the_next(mail: Desk) -> None:
    mail.staged()
    done = talk(mail, "", "77", "qqqq", "web", "?", "s", "q")
    assert done.status == 0
    assert b"a number, a category or its beginning" in done.said
    assert b"there is no category 'qqqq'" in done.said
    assert b"name one of: web_bookmark, web_font" in done.said
    assert b"Slides: PowerPoint" in done.said
    assert b"\n2. " in done.said
    assert b"Nothing was answered." in done.said


def test_end_of_the_input_quits(mail: Desk) -> None:
    mail.staged()
    assert talk(mail, "\x04").status == 0


def test_guess_is_taken_by_its_number(bare_desk: Desk) -> None:
    bare_desk.set_up({b"page.xyz": b"<html><head><title>x</title></head><body><p>one</p></body></html>"})
    bare_desk.here("scan", bare_desk.inbox)
    (bare_desk.state / "config.toml").write_text("threshold = 0.99\n")
    (question,) = bare_desk.here("review", "--json").json["questions"]
    first = question["guesses"][0]["category"]
    assert talk(bare_desk, "1").status == 0
    assert bare_desk.here("why", bare_desk.inbox / "page.xyz", "--json").json["decided_by"] == "person"
    assert bare_desk.here("why", bare_desk.inbox / "page.xyz", "--json").json["category"] == first


def test_without_a_terminal_the_questions_are_listed_the_most_telling_first(mail: Desk) -> None:
    plan = mail.staged()
    result = mail.run("review", typed="legal\nlegal\n")
    lines = result.out.splitlines()
    assert result.status == 0
    assert "and 3 files like it" in lines[0]
    assert lines[3] == "3 questions"
    assert unsure(mail, plan) == ALL
    listed = mail.here("review", plan, "--limit", "1", "--json").json
    assert (listed["plan"], listed["n_questions"], len(listed["questions"])) == (plan, 3, 1)
    assert len(listed["questions"][0]["alike"]) == 3


def test_session_or_plan_is_named_by_its_beginning(mail: Desk) -> None:
    plan = mail.staged()
    session = mail.here("scan", mail.inbox, "--json").json["session"]
    assert mail.here("review", session[:6], "--json").json["session"] == session
    assert mail.here("review", plan[:6], "--json").json["plan"] == plan
    assert mail.here("review", "zz").status == 2


def test_what_a_person_has_placed_in_the_plan_and_projects_are_not_asked_about(mail: Desk) -> None:
    (mail.inbox / "code").mkdir()
    (mail.inbox / "code" / "pyproject.toml").write_text("[project]\n")
    (mail.inbox / "code" / "what.zzz").write_bytes(b"hm hm")
    plan = mail.staged()
    listed = mail.here("review", plan, "--json").json["questions"]
    assert {os.path.relpath(one["path"], mail.inbox).split("/")[0] for one in listed} == {"letters", "misc"}


def test_nothing_scanned_is_an_error_with_the_way_on(bare_desk: Desk) -> None:
    bare_desk.set_up({})
    result = bare_desk.here("review")
    assert (result.status, result.err.splitlines()[0]) == (2, "error[not-found]: nothing has been scanned yet")


def test_text_of_a_file_does_not_steer_the_terminal(bare_desk: Desk) -> None:
    bare_desk.set_up({b"evil.xyz": b"plain words \x1b[2J and more of them\n" * 3})
    bare_desk.here("scan", bare_desk.inbox)
    done = talk(bare_desk, "q")
    assert b"plain words" in done.said
    assert b"\x1b" not in done.said
