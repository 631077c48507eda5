"""Names: what is shown, what is equal, what a filesystem takes, and how a name is made to fit."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ifmosfs.core.names import (
    NameRules,
    RepairedName,
    ancestors,
    components,
    display,
    from_text,
    is_within,
    join,
    repair,
    shell_word,
    split,
    split_extension,
    to_text,
    twin_key,
    with_suffix_before_extension,
)

NFC, NFD = "café".encode(), "cafe\u0301".encode()
EXACT = NameRules()
NO_CASE = NameRules(ignores_case=True)
NO_FORM = NameRules(ignores_form=True)
NEITHER = NameRules(ignores_case=True, ignores_form=True)
DOS = NameRules(dos=True)
UTF8 = NameRules(utf8_only=True)

names = st.binary(min_size=1, max_size=300).filter(lambda name: b"/" not in name and b"\0" not in name)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="/\0"), min_size=1, max_size=200)
rules = st.builds(
    NameRules,
    name_max_bytes=st.sampled_from([20, 143, 255]),
    ignores_case=st.booleans(),
    ignores_form=st.booleans(),
    utf8_only=st.booleans(),
    dos=st.booleans(),
)


@given(st.binary())
def test_every_path_survives_the_way_to_text_and_back(path: bytes) -> None:
    assert from_text(to_text(path)) == path


@given(st.binary() | texts.map(str.encode))
def test_what_is_displayed_is_always_printable(path: bytes) -> None:
    assert display(path).isprintable()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"a/b.pdf", "a/b.pdf"),
        (NFC, "café"),
        (b"bad\xff", "bad\\xff"),
        (b"two\nlines", "two\\x0alines"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        ("right\u202eleft".encode(), "right\\xe2\\x80\\xaeleft"),
    ],
)
def test_display_shows_what_is_text_and_escapes_the_rest(path: bytes, shown: str) -> None:
    assert display(path) == shown


def test_paths_are_taken_apart_and_put_together() -> None:
    assert join(b"", b"a", b"", b"b\n") == b"a/b\n"
    assert (split(b"a/b/c"), split(b"c"), split(b"")) == ((b"a/b", b"c"), (b"", b"c"), (b"", b""))
    assert (components(b"a/b"), components(b"")) == ([b"a", b"b"], [])
    assert (ancestors(b"a/b/c"), ancestors(b"a"), ancestors(b"")) == ([b"a", b"a/b"], [], [])


@pytest.mark.parametrize(
    ("path", "folder", "within"),
    [
        (b"a/b", b"a", True),
        (b"a", b"a", True),
        (b"ab", b"a", False),
        (b"a", b"a/b", False),
        (b"a", b"", True),
        (b"/a", b"/", True),
    ],
)
def test_a_path_is_within_itself_and_the_folders_above_it(path: bytes, folder: bytes, within: bool) -> None:
    assert is_within(path, folder) is within


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (b"report.pdf", (b"report", b".pdf")),
        (b"report", (b"report", b"")),
        (b"data.tar.gz", (b"data", b".tar.gz")),
        (b"DATA.TAR.XZ", (b"DATA", b".TAR.XZ")),
        (b".tar.gz", (b".tar", b".gz")),
        (b".bashrc", (b".bashrc", b"")),
        (b".config.json", (b".config", b".json")),
        (b"..hidden", (b"..hidden", b"")),
        (b"ends.", (b"ends", b".")),
        (b"...", (b"...", b"")),
        (b"\xff.\xfe", (b"\xff", b".\xfe")),
    ],
)
def test_the_extension_is_the_last_one_and_tar_belongs_to_it(name: bytes, parts: tuple[bytes, bytes]) -> None:
    assert split_extension(name) == parts


@given(names)
def test_stem_and_extension_make_the_name(name: bytes) -> None:
    assert b"".join(split_extension(name)) == name


@pytest.mark.parametrize(
    ("name", "room", "numbered"),
    [
        (b"report.pdf", 255, b"report (2).pdf"),
        (b"data.tar.gz", 255, b"data (2).tar.gz"),
        (b".bashrc", 255, b".bashrc (2)"),
        (b"x" * 251 + b".pdf", 255, b"x" * 247 + b" (2).pdf"),
        ("ü".encode() * 10, 13, "ü".encode() * 4 + b" (2)"),
        ("x" + "€" * 3, 12, "x€€ (2)"),
        (b"x." + b"e" * 253, 255, b"x." + b"e" * 249 + b" (2)"),  # what fills the name is no extension
        ("😀.".encode() + b"e" * 250, 255, "😀.".encode() + b"e" * 246 + b" (2)"),  # no half character for its sake
        (b"\x80" * 20, 10, b"\x80" * 6 + b" (2)"),  # no characters at all to cut between
    ],
)
def test_a_number_goes_before_the_extension_and_the_stem_gives_way(
    name: bytes | str, room: int, numbered: bytes | str
) -> None:
    name, numbered = (each.encode() if isinstance(each, str) else each for each in (name, numbered))
    assert with_suffix_before_extension(name, b" (2)", room) == numbered


@given(texts, st.sampled_from([b"", b" (2)", b" (1234)"]), st.integers(12, 255))
def test_a_numbered_text_fits_and_stays_text(text: str, suffix: bytes, room: int) -> None:
    numbered = with_suffix_before_extension(text.encode(), suffix, room)
    assert len(numbered) <= room
    assert suffix in numbered
    assert to_text(numbered).isprintable() or not text.isprintable()
    numbered.decode()


@pytest.mark.parametrize(
    ("given_name", "policy", "repaired", "reason"),
    [
        (b"plain.txt", DOS, b"plain.txt", None),
        (b"any\xff:\n?", EXACT, b"any\xff:\n?", None),
        (b"x" * 255, EXACT, b"x" * 255, None),
        (b"a\xffb", UTF8, b"a~xffb", "not UTF-8"),
        (b"a:b?", UTF8, b"a:b?", None),
        (b"what: a<b>?.txt", DOS, b"what_ a_b__.txt", "characters that the target's filesystem refuses"),
        (b"two\nlines", DOS, b"two_lines", "characters that the target's filesystem refuses"),
        (b"ends. .", DOS, b"ends", "characters that the target's filesystem refuses"),
        (b"...", DOS, b"_", "characters that the target's filesystem refuses"),
        (b"con", DOS, b"_con", "characters that the target's filesystem refuses"),
        (b"LPT1.txt", DOS, b"_LPT1.txt", "characters that the target's filesystem refuses"),
        (b"aux .tar.gz", DOS, b"_aux .tar.gz", "characters that the target's filesystem refuses"),
        (b"console", DOS, b"console", None),
        (b"a\xff?", DOS, b"a~xff_", "not UTF-8; characters that the target's filesystem refuses"),
        (b"x" * 150 + b".pdf", NameRules(name_max_bytes=143), b"x" * 139 + b".pdf", "longer than 143 bytes"),
        ("ü".encode() * 20, NameRules(name_max_bytes=15), "ü".encode() * 7, "longer than 15 bytes"),
        (b"x" * 14 + b" y", NameRules(name_max_bytes=15, dos=True), b"x" * 14, "longer than 15 bytes"),
    ],
)
def test_a_name_is_repaired_for_the_target_and_says_why(
    given_name: bytes, policy: NameRules, repaired: bytes, reason: str | None
) -> None:
    assert repair(given_name, policy) == RepairedName(repaired, reason)


@given(names, rules)
@example(b"\xff" * 100, NameRules(name_max_bytes=143, utf8_only=True))
@example(b"x" * 19 + b". y", NameRules(name_max_bytes=20, dos=True))
def test_a_repaired_name_needs_no_repair(name: bytes, policy: NameRules) -> None:
    once = repair(name, policy)
    assert 0 < len(once.name) <= policy.name_max_bytes
    assert repair(once.name, policy) == RepairedName(once.name, None)
    assert (once.reason is None) == (once.name == name)


@pytest.mark.parametrize(
    ("policy", "same_case", "same_form"),
    [(EXACT, False, False), (NO_CASE, True, False), (NO_FORM, False, True), (NEITHER, True, True)],
    ids=["exact", "no case", "no form", "neither"],
)
def test_keys_are_equal_exactly_where_the_filesystem_says_so(
    policy: NameRules, same_case: bool, same_form: bool
) -> None:
    assert (policy.key(b"Report.PDF") == policy.key(b"report.pdf")) is same_case
    assert (policy.key(NFC) == policy.key(NFD)) is same_form
    assert policy.key(b"a") != policy.key(b"b")


def test_keys_of_names_that_are_no_text_differ_by_their_bytes() -> None:
    assert NEITHER.key(b"A\xff") == NEITHER.key(b"a\xff") != NEITHER.key(b"a\xfe")


@given(names, rules)
def test_the_key_of_a_key_is_the_key(name: bytes, policy: NameRules) -> None:
    assert policy.key(policy.key(name)) == policy.key(name)


def test_twins_differ_in_case_or_form_at_most() -> None:
    assert twin_key(b"CAFE\xcc\x81") == twin_key(NFC)
    assert twin_key(b"cafe") != twin_key(NFC)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (b"/a/b.txt", "/a/b.txt"),
        (b"/a b", "'/a b'"),
        (b"/it's", "'/it'\"'\"'s'"),
        (b"/two\nlines", r"$'/two\x0alines'"),
        (b"/caf\xe9's", r"$'/caf\xe9\x27s'"),
    ],
)
def test_a_shell_word_is_taken_back_by_a_shell(path: bytes, word: str) -> None:
    assert shell_word(path) == word
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout == path
