"""`ifmosfs teach`: what is said holds, similar files and open plans follow, and it can be taken back."""

from __future__ import annotations

import os
import resource
import sqlite3
from pathlib import Path

import pytest

from tests.adapters.trees import Tree
from tests.cli.command_line import INVOICE, Desk, refusal

LETTER = b"Dear Ms Miller,\nthank you for the lovely evening number %d at the lake. The boat was fine.\nYours, Tom\n"
LETTERS: Tree = {b"note-%d.xyz" % number: LETTER % number for number in range(1, 5)}
INBOX: Tree = {b"letters": LETTERS, b"misc": {b"what.xyz": b"hm"}, b"invoice-17.txt": INVOICE}


@pytest.fixture
def mail(bare_desk: Desk) -> Desk:
    """A desk with letters that nobody can tell, and one invoice."""
    bare_desk.set_up(INBOX)
    return bare_desk


def labels(desk: Desk) -> dict[str, tuple[str | None, float]]:
    """Path → label and confidence, as they are stored."""
    session = desk.here("classify", "--json").json
    return {row["path"]: (row["label"], row["confidence"]) for row in session["files"]}


def targets(desk: Desk, plan: str) -> dict[str, str]:
    """Where the plan puts what it moves: path in the inbox → path in the target."""
    moves = desk.here("stage", "show", plan, "--json").json["moves"]
    return {os.path.relpath(row["source"], desk.inbox): row["target"] for row in moves}


GUESSED = ("personal_document", 0.389)  # below the threshold of the rules
UNSURE = {f"letters/note-{number}.xyz": GUESSED for number in range(1, 5)}
PLANNED = {"invoice-17.txt": "Financial/Documents/2021/invoice-17.txt"}


def test_taught_file_and_those_like_it_get_their_places_and_lose_them_when_it_is_forgotten(mail: Desk) -> None:
    plan = mail.staged()
    assert targets(mail, plan) == PLANNED
    taught = mail.here("teach", mail.inbox / "letters" / "note-1.xyz", "personal_document", "--json")
    assert taught.status == 0
    (learned,) = taught.json["learned"]
    assert (learned["category"], learned["is_new"], learned["program"]) == (
        "personal_document",
        True,
        "personal_document",
    )
    assert (taught.json["refiled"], len(taught.json["changed"])) == (4, 4)
    there = {f"letters/note-{n}.xyz": f"Personal/Documents/2021/note-{n}.xyz" for n in range(1, 5)}
    assert targets(mail, plan) == {**PLANNED, **there}
    now = labels(mail)
    assert now["letters/note-1.xyz"] == ("personal_document", 1.0)
    assert now["letters/note-2.xyz"] == ("personal_document", 0.99)
    assert now["misc/what.xyz"] == (None, 0.0)
    forgotten = mail.here("teach", "--forget", mail.inbox / "letters" / "note-1.xyz", "--json")
    assert (forgotten.status, forgotten.json["refiled"]) == (0, 4)
    assert targets(mail, plan) == PLANNED
    assert {**labels(mail), **UNSURE} == labels(mail)


def test_what_was_said_holds_for_copies_and_after_new_scans(mail: Desk) -> None:
    mail.here("teach", mail.inbox / "misc" / "what.xyz", "legal_document")
    (mail.inbox / "copy of it.bin").write_bytes(b"hm")
    mail.here("scan", mail.inbox)
    now = labels(mail)
    assert (now["copy of it.bin"], now["misc/what.xyz"]) == (("legal_document", 1.0), ("legal_document", 1.0))


def test_last_word_holds_and_saying_it_again_adds_nothing(mail: Desk) -> None:
    file = mail.inbox / "misc" / "what.xyz"
    mail.here("teach", file, "legal_document")
    assert mail.here("teach", file, "legal_document", "--json").json["learned"][0]["is_new"] is False
    again = mail.here("teach", file, "none", "--json").json["learned"][0]
    assert (again["category"], again["said_before"]) == (None, "legal_document")
    connection = sqlite3.connect(mail.state / "catalogue.db")
    assert connection.execute("SELECT kind, category FROM lessons").fetchall() == [
        ("is", "legal_document"),
        ("is", None),
    ]
    connection.close()


def test_file_that_is_said_to_be_nothing_leaves_the_plan(mail: Desk) -> None:
    plan = mail.staged()
    mail.here("teach", mail.inbox / "invoice-17.txt", "none")
    assert targets(mail, plan) == {}
    mail.here("teach", mail.inbox / "invoice-17.txt", "legal_document")
    assert targets(mail, plan) == {"invoice-17.txt": "Legal/2021/invoice-17.txt"}


def test_plan_that_was_taught_is_committed_as_it_is_shown(mail: Desk) -> None:
    plan = mail.staged()
    mail.here("teach", mail.inbox / "letters" / "note-1.xyz", "personal_document")
    shown = targets(mail, plan)
    assert mail.here("commit", plan, "--yes").status == 0
    for target in shown.values():
        assert (mail.target / target).exists()
    assert mail.here("verify", plan).status == 0
    assert mail.here("rollback", plan, "--yes").status == 0
    assert (mail.inbox / "letters" / "note-1.xyz").exists()


def test_two_words_that_contradict_each_other_change_nothing_about_what_is_like_both(mail: Desk) -> None:
    mail.staged()
    mail.here("teach", mail.inbox / "letters" / "note-1.xyz", "personal_document")
    mail.here("teach", mail.inbox / "letters" / "note-2.xyz", "legal_document")
    assert labels(mail)["letters/note-3.xyz"] == GUESSED


def test_folder_is_refused_with_the_option_that_takes_it(mail: Desk) -> None:
    folder = mail.inbox / "letters"
    assert refusal(mail.here("teach", folder, "personal_document")) == [
        f"error[usage]: a folder, where files are wanted: {folder}",
        "  hint: name files in it, or add --recursive for all of them",
    ]
    done = mail.here("teach", "-r", folder, "personal_document", "--json")
    assert sorted(os.path.basename(row["path"]) for row in done.json["learned"]) == sorted(map(os.fsdecode, LETTERS))


def test_file_outside_of_all_sessions_is_learned_as_well(mail: Desk) -> None:
    lone = mail.folder / "lone.bin"
    lone.write_bytes(LETTER % 9)
    assert mail.here("teach", lone, "contact_vcard").status == 0
    assert mail.here("why", lone, "--json").json["category"] == "contact_vcard"


@pytest.mark.parametrize(
    ("word", "status", "error", "hint"),
    [
        ("legall", 2, "error[not-found]: there is no category 'legall'", "  hint: did you mean legal_document"),
        ("qqqq", 2, "error[not-found]: there is no category 'qqqq'", "  hint: one of archive, automotive_technical"),
        (
            "web",
            2,
            "error[ambiguous]: several categories begin with 'web'",
            "  hint: name one of: web_bookmark, web_font",
        ),
        ("", 2, "error[not-found]: there is no category ''", "  hint: one of archive"),
    ],
)
def test_category_that_there_is_not_is_refused_with_the_near_ones(
    mail: Desk, word: str, status: int, error: str, hint: str
) -> None:
    result = mail.here("teach", mail.inbox / "misc" / "what.xyz", word)
    lines = refusal(result)
    assert (result.status, lines[0], lines[1][: len(hint)]) == (status, error, hint)


@pytest.mark.parametrize("word", ["legal", "Legal documents", "LEGAL_DOCUMENT", "legal-doc"])
def test_category_may_be_named_by_its_beginning_or_its_label(mail: Desk, word: str) -> None:
    assert mail.here("teach", mail.inbox / "misc" / "what.xyz", word, "--json").json["learned"][0]["category"] == (
        "legal_document"
    )


def test_forgotten_category_is_told_from_an_unknown_one(mail: Desk) -> None:
    first, second = mail.inbox / "misc" / "what.xyz", mail.inbox / "invoice-17.txt"
    lines = refusal(mail.here("teach", first, second))
    assert lines[1] == "  hint: the category comes last: ifmosfs teach FILE... CATEGORY"
    assert refusal(mail.here("teach", first))[0] == "error[usage]: files and a category are wanted"


def test_of_several_files_the_good_ones_are_learned_and_the_others_named(mail: Desk) -> None:
    (mail.inbox / "empty").touch()
    (mail.inbox / "link").symlink_to("invoice-17.txt")
    os.mkfifo(mail.inbox / "pipe")
    paths = [mail.inbox / name for name in ("missing", "empty", "link", "pipe", "invoice-17.txt")]
    result = mail.here("teach", *paths, "legal_document", "--json")
    assert result.status == 3
    assert [os.path.basename(row["path"]) for row in result.json["learned"]] == ["invoice-17.txt"]
    assert {os.path.basename(row["path"]): row["why"] for row in result.json["refused"]} == {
        "missing": "no such file",
        "empty": "an empty file has no content to know it by",
        "link": "a symbolic link has no content of its own",
        "pipe": "this is no regular file",
    }
    assert mail.here("teach", *paths[:2], "legal_document").status == 2


def test_name_that_is_not_utf8_is_taught_and_told(mail: Desk) -> None:
    path = os.fsencode(mail.inbox) + b"/n\xffme"
    Path(os.fsdecode(path)).write_bytes(b"some content")
    assert mail.run("teach", path, "legal_document").status == 0
    assert mail.run("why", path, "--json").json["category"] == "legal_document"


def test_forgetting_what_nobody_has_said_is_refused(mail: Desk) -> None:
    result = mail.here("teach", "--forget", mail.inbox / "invoice-17.txt")
    assert (result.status, result.err.splitlines()[0]) == (
        2,
        f"error[usage]: nothing was said about this content: {mail.inbox / 'invoice-17.txt'}",
    )


def test_file_that_may_not_be_read_is_refused(mail: Desk) -> None:
    (mail.inbox / "invoice-17.txt").chmod(0)
    if os.access(mail.inbox / "invoice-17.txt", os.R_OK):
        pytest.skip("root may read everything")
    result = mail.here("teach", mail.inbox / "invoice-17.txt", "legal_document")
    assert (result.status, result.err.splitlines()[0].partition(":")[0]) == (2, "error[failed]")


def test_catalogue_that_another_process_holds_is_said_to_be_in_use(mail: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    mail.staged()
    monkeypatch.setattr("ifmosfs.store.catalogue.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("ifmosfs.store.catalogue.open_catalogue.__defaults__", (0.2,))
    connection = sqlite3.connect(mail.state / "catalogue.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    result = mail.here("teach", mail.inbox / "invoice-17.txt", "legal_document")
    connection.close()
    assert (result.status, refusal(result)[0].partition(":")[0]) == (7, "error[locked]")
    assert mail.here("teach", mail.inbox / "invoice-17.txt", "legal_document").status == 0


def test_full_disk_is_said_and_nothing_half_is_learned(mail: Desk) -> None:
    mail.here("scan", mail.inbox)
    mail.here("classify")
    size = (mail.state / "catalogue.db").stat().st_size

    def as_if_full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    result = mail.run("teach", mail.inbox / "invoice-17.txt", "legal_document", preexec_fn=as_if_full)
    assert "Traceback" not in result.err
    assert result.status in {1, 8}
    connection = sqlite3.connect(mail.state / "catalogue.db")
    ((n_lessons,),) = connection.execute("SELECT count(*) FROM lessons").fetchall()
    connection.close()
    # What could be stored holds from the next command on.
    assert labels(mail)["invoice-17.txt"][0] == ("legal_document" if n_lessons else "financial_document")
    assert mail.here("teach", mail.inbox / "invoice-17.txt", "legal_document").status == 0
    assert labels(mail)["invoice-17.txt"] == ("legal_document", 1.0)


def test_consequences_that_were_interrupted_are_drawn_by_the_next_command(
    mail: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = mail.staged()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ifmosfs.app.rescoring.refile", interrupted)
        assert mail.here("teach", mail.inbox / "letters" / "note-1.xyz", "personal_document").status == 130
    assert targets(mail, plan) == PLANNED
    mail.here("classify")
    assert len(targets(mail, plan)) == 5


def test_forgetting_a_folder_is_no_trouble_for_files_that_nothing_was_said_about(desk: Desk) -> None:
    assert desk.here("teach", desk.inbox / "run.sh", "none").status == 0
    done = desk.here("teach", "--forget", "--recursive", desk.inbox)
    assert (done.status, done.err, done.out.splitlines()[0]) == (
        0,
        "",
        f"{desk.inbox}/run.sh: forgotten what you said that it is no category",
    )
    again = desk.here("teach", "--forget", "--recursive", desk.inbox)
    assert (again.status, refusal(again)) == (
        2,
        [f"error[usage]: nothing was said about any of these files: {desk.inbox}"],
    )


def test_forgetting_nothing_is_a_mistake_with_the_right_remedy(desk: Desk) -> None:
    assert refusal(desk.here("teach", "--forget")) == [
        "error[usage]: files are wanted",
        "  hint: ifmosfs teach --forget FILE...",
    ]
