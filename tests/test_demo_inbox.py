"""The gathered inbox: enough real files, the disorder of a real one, and nothing that is private."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "script" / "demo_inbox.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_inbox", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_inbox"] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


demo_inbox = _load()


def _files(root: bytes) -> dict[bytes, os.stat_result]:
    """Relative path and lstat of everything below a folder that is not a folder."""
    return {
        os.path.relpath(os.path.join(folder, name), root): os.lstat(os.path.join(folder, name))
        for folder, folders, names in os.walk(root)
        for name in (*names, *(name for name in folders if os.path.islink(os.path.join(folder, name))))
    }


def _regular(root: bytes) -> list[bytes]:
    return [path for path, found in _files(root).items() if stat.S_ISREG(found.st_mode)]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Counter[str]]:
    """An inbox gathered from this machine, and what was said to be in it."""
    folder = os.fsencode(tmp_path_factory.mktemp("gathered") / "Inbox")
    return folder, demo_inbox.gather(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder to gather from: three files that are fit, with an old time."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("notes.txt", "guide.md", "settings.ini"):
        (folder / name).write_text(f"this is {name}\n")
        os.utime(folder / name, ns=(1_500_000_000_000_000_001, 1_500_000_000_000_000_001))
    return folder


def _gather(tmp_path: Path, source: Path, limit: int = 50) -> bytes:
    folder = os.fsencode(tmp_path / "Inbox")
    demo_inbox.gather(folder, limit, sources=[os.fsencode(source)])
    return folder


def test_this_machine_yields_at_least_500_files_of_many_kinds(inbox: tuple[bytes, Counter[str]]) -> None:
    folder, counts = inbox
    assert len(_regular(folder)) >= 500
    assert len(counts) >= 12
    assert min(counts[kind] for kind in ("documentation", "sources", "compiled code", "package data")) >= 5


def test_counts_tell_exactly_how_many_entries_there_are(inbox: tuple[bytes, Counter[str]]) -> None:
    folder, counts = inbox
    assert counts.total() == len(_files(folder))


def test_sizes_keep_their_limits(inbox: tuple[bytes, Counter[str]]) -> None:
    sizes = [found.st_size for found in _files(inbox[0]).values()]
    assert max(sizes) <= demo_inbox.MAX_FILE_BYTES
    assert sum(sizes) <= demo_inbox.MAX_TOTAL_BYTES


def test_strange_names_are_there_and_the_long_ones_fill_the_limit_exactly(inbox: tuple[bytes, Counter[str]]) -> None:
    names = {os.path.basename(path) for path in _files(inbox[0])}
    assert set(demo_inbox.STRANGE_NAMES) <= names
    assert b"caf\xe9 \xa9 notes.txt" in names
    assert sorted(len(name) for name in names)[-2:] == [255, 255]


def test_some_files_have_the_same_bytes_under_two_names(inbox: tuple[bytes, Counter[str]]) -> None:
    folder, counts = inbox
    digests = Counter(
        hashlib.sha256(Path(os.fsdecode(os.path.join(folder, path))).read_bytes()).digest()
        for path in _regular(folder)
        if os.access(os.path.join(folder, path), os.R_OK)
    )
    assert counts["duplicates"] == 6
    assert sum(n_files > 1 for n_files in digests.values()) >= 6


def test_the_same_name_stands_in_several_folders(inbox: tuple[bytes, Counter[str]]) -> None:
    names = Counter(os.path.basename(path) for path in _files(inbox[0]))
    assert names[b"report.txt"] == 3
    assert names[b"README"] >= 3


def test_links_are_relative_absolute_and_dangling(inbox: tuple[bytes, Counter[str]]) -> None:
    folder = inbox[0]
    texts = {
        path: os.readlink(os.path.join(folder, path))
        for path, found in _files(folder).items()
        if stat.S_ISLNK(found.st_mode)
    }
    resolves = {path: os.path.exists(os.path.join(folder, path)) for path in texts}
    assert resolves == {
        b"Desktop old/shortcut": True,
        b"Desktop old/full path": True,
        b"Desktop old/gone": False,
        b"usb stick/folder link": True,
    }
    assert {path for path, text in texts.items() if text.startswith(b"/")} == {b"Desktop old/full path"}


def test_special_files_have_their_states(inbox: tuple[bytes, Counter[str]]) -> None:
    folder = inbox[0]
    files = _files(folder)
    assert stat.S_IMODE(files[b"to sort/locked.txt"].st_mode) == 0
    assert files[b"New folder (2)/empty.txt"].st_size == 0
    assert files[b"Downloads/.hidden notes.txt"].st_size > 0
    assert os.listdir(os.path.join(folder, b"New folder (2)/nothing in here")) == []


def test_a_second_gathering_from_the_same_sources_is_the_same(tmp_path: Path, source: Path) -> None:
    first, second = (os.fsencode(tmp_path / name) for name in ("a", "b"))
    counts = [demo_inbox.gather(folder, 50, sources=[os.fsencode(source)]) for folder in (first, second)]
    assert counts[0] == counts[1]
    assert sorted(_files(first)) == sorted(_files(second))


def test_a_gathered_file_keeps_its_name_bytes_and_time(tmp_path: Path, source: Path) -> None:
    folder = _gather(tmp_path, source)
    (path,) = [path for path in _regular(folder) if os.path.basename(path) == b"settings.ini"]
    copy = Path(os.fsdecode(os.path.join(folder, path)))
    assert copy.read_text() == "this is settings.ini\n"
    assert copy.stat().st_mtime_ns == 1_500_000_000_000_000_001


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        pytest.param("only mine.txt", "x", 0o600, id="not_readable_by_everyone"),
        pytest.param("server.pem", "-----BEGIN RSA PRIVATE KEY-----\nx", 0o644, id="holds_a_private_key"),
        pytest.param("shadow.conf", "root:x", 0o644, id="name_of_a_password_file"),
        pytest.param("run.sh", "x", 0o4755, id="setuid"),
        pytest.param("huge.txt", "x" * 2_000_001, 0o644, id="too_large"),
        pytest.param("nothing.txt", "", 0o644, id="empty"),
    ],
)
def test_unfit_files_are_left_where_they_are(tmp_path: Path, source: Path, name: str, content: str, mode: int) -> None:
    unfit = source / name
    unfit.write_text(content)
    unfit.chmod(mode)
    names = {os.path.basename(path) for path in _files(_gather(tmp_path, source))}
    assert names >= {b"notes.txt", b"guide.md", b"settings.ini"}
    assert os.fsencode(name) not in names


def test_folders_that_not_everyone_may_enter_are_passed_by(tmp_path: Path, source: Path) -> None:
    (source / "closed").mkdir(mode=0o700)
    (source / "closed" / "diary.txt").write_text("x")
    (source / "open").mkdir(mode=0o755)
    (source / "open" / "public.txt").write_text("x")
    names = {os.path.basename(path) for path in _files(_gather(tmp_path, source))}
    assert b"public.txt" in names
    assert b"diary.txt" not in names


def test_no_system_source_lies_in_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/usr/share")
    assert b"/usr/share" not in demo_inbox.default_sources()


def test_a_small_limit_is_kept(tmp_path: Path, source: Path) -> None:
    for number in range(30):
        (source / f"page {number}.html").write_text("x")
    counts = demo_inbox.gather(os.fsencode(tmp_path / "Inbox"), 10, sources=[os.fsencode(source)])
    gathered = {kind.name for kind in demo_inbox.KINDS}
    assert sum(n_files for kind, n_files in counts.items() if kind in gathered) == 10


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path, source: Path) -> None:
    with pytest.raises(FileExistsError, match="new or empty"):
        demo_inbox.gather(os.fsencode(source))
    assert sorted(os.listdir(source)) == ["guide.md", "notes.txt", "settings.ini"]


def test_sources_without_any_file_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    with pytest.raises(ValueError, match="nothing to gather"):
        demo_inbox.gather(os.fsencode(tmp_path / "Inbox"), sources=[os.fsencode(tmp_path / "bare")])


def test_the_command_prints_the_counts_and_their_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = demo_inbox.main([str(tmp_path / "Inbox"), "--limit", "40"])
    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert lines[-1] == f"{len(_files(os.fsencode(tmp_path / 'Inbox'))):5}  in all"
    assert sum(int(line.split()[0]) for line in lines[:-1]) == int(lines[-1].split()[0])


def test_the_command_fails_for_a_folder_in_use(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo_inbox.main([str(source)]) == 1
    assert "new or empty" in capsys.readouterr().err
