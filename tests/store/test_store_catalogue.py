"""Opening the catalogue: made, taken as it is, migrated, or refused without touching it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from store_values import ROOT, fingerprint, found, plan_of

from ifmosfs.core.errors import DatabaseDamaged, DatabaseNewer, DiskFull, IfmosfsError, Locked
from ifmosfs.core.files import Place
from ifmosfs.core.lessons import Lesson, LessonKind, LessonOrigin
from ifmosfs.core.manifest import Protection, RollbackEntry, SnapshotEntry, SnapshotHead, SnapshotInfo, VersionInfo
from ifmosfs.core.plan import (
    ActionKind,
    ConflictStrategy,
    Edit,
    EditKind,
    EditOrigin,
    KeepReason,
    PlanEvent,
    PlanState,
    UnitKind,
)
from ifmosfs.core.proposal import Decider, Opinion, Proposal
from ifmosfs.core.resolve import standing
from ifmosfs.core.snapshot import merkle_root
from ifmosfs.store.catalogue import Catalogue, open_catalogue
from ifmosfs.store.database import sqlite_engine
from ifmosfs.store.migrate import REVISIONS, SCRIPTS, bring_up_to_date, migrate
from ifmosfs.store.schema import METADATA

LATER_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{last}"


def upgrade():
    op.create_table("later", sa.Column("number", sa.Integer, primary_key=True))
"""


def schema(database: Path) -> dict[str, object]:
    """Tables with their columns, keys and indexes, without the spelling of the SQL."""
    connection = sqlite3.connect(database)
    query = (
        "SELECT name, sql LIKE '%WITHOUT ROWID%', sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table'"
    )
    tables = {
        name: (
            flags,
            connection.execute(f"PRAGMA table_xinfo({name})").fetchall(),
            sorted(connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()),
            sorted(row[1:] for row in connection.execute(f"PRAGMA index_list({name})")),
            sorted(
                connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (name,))
            ),
        )
        for name, *flags in connection.execute(query)
    }
    connection.close()
    return tables


def test_fresh_catalogue_has_the_schema_that_all_migrations_make(tmp_path: Path) -> None:
    open_catalogue(tmp_path / "made").close()
    engine = sqlite_engine(tmp_path / "migrated.db")
    with engine.begin() as connection:
        migrate(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()
    made = schema(tmp_path / "made" / "catalogue.db")
    assert made == schema(tmp_path / "migrated.db")
    assert len(made) >= 19


def test_known_revisions_are_those_of_the_scripts() -> None:
    scripts = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()]
    assert tuple(reversed(scripts)) == REVISIONS


def test_older_catalogue_is_copied_and_migrated_with_its_content(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as catalogue:
        session_id = catalogue.session_for([ROOT], None, 1)
    scripts = tmp_path / "scripts%"
    shutil.copytree(SCRIPTS, scripts)
    (scripts / "versions" / "vlater.py").write_text(LATER_REVISION.format(last=REVISIONS[-1]))
    engine = sqlite_engine(tmp_path / "catalogue.db")
    bring_up_to_date(engine, tmp_path / "catalogue.db", (*REVISIONS, "later"), scripts)
    assert Catalogue(engine, tmp_path / "catalogue.db").find_session(None).session_id == session_id
    engine.dispose()
    before, after = schema(tmp_path / f"catalogue.db.{REVISIONS[-1]}.bak"), schema(tmp_path / "catalogue.db")
    assert set(after) - set(before) == {"later"}
    with pytest.raises(DatabaseNewer):
        open_catalogue(tmp_path)


def test_catalogue_of_the_first_version_opens_with_its_plans_and_edits(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    connection.executescript(Path(__file__).with_name("catalogue_0001.sql").read_text())
    connection.close()
    with open_catalogue(tmp_path) as catalogue:
        (session,) = catalogue.sessions()
        moved, kept = plan_of(session.session_id, "0123456789", (b"x\xff", b"a/x\xff"), (b"y", b"a/x\xff")).actions
        kept = replace(kept, kind=ActionKind.KEEP, keep_reason=KeepReason.CONFLICT, note="n")
        plan = replace(plan_of(session.session_id, "0123456789", created_ns=7), actions=(moved, kept))
        assert catalogue.load_plan("0123456789") == plan
        assert catalogue.edits("0123456789") == (
            Edit(1, EditKind.MOVE, b"a/x\xff", b"b/two\nlines", 8, step=1),
            Edit(2, EditKind.MKDIR, b"new", None, 9, 0o750, 5, step=2),
        )
        catalogue.append_edit("0123456789", Edit(0, EditKind.VAULT, b"a/y", None, 10))
    assert (tmp_path / "catalogue.db.0001.bak").exists()


def test_catalogue_of_the_fourth_version_opens_with_its_snapshots_and_a_version_that_has_none(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    connection.executescript(Path(__file__).with_name("catalogue_0004.sql").read_text())
    connection.close()
    entries = [
        SnapshotEntry(ROOT.path, b"x\xff", fingerprint(1), None),
        SnapshotEntry(b"/other\n", b"two\nlines", fingerprint(2), bytes(32)),
    ]
    head = SnapshotHead("5a5a5a5a5a", "0123456789", "run1", 9, "before commit of plan 0123456789", "NAME")
    with open_catalogue(tmp_path) as catalogue:
        assert catalogue.snapshots() == [SnapshotInfo(head, merkle_root(entries), 2, 0, 0)]
        assert list(catalogue.snapshot_entries("5a5a5a5a5a")) == entries
        assert catalogue.snapshot_filesystems("5a5a5a5a5a") == {}
        assert catalogue.versions() == [VersionInfo(1, "0123456789", "run1", None, b"/t\xff", 10, 3)]
        assert catalogue.rollbacks() == [RollbackEntry("run2", "0123456789", 11, "all", 3, 1, 0)]


def test_catalogue_of_the_sixth_version_opens_with_its_manifests_and_shows_a_damaged_one_as_such(
    tmp_path: Path,
) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    connection.executescript(Path(__file__).with_name("catalogue_0006.sql").read_text())
    connection.close()
    odd = replace(fingerprint(2), birth_ns=None, ctime_ns=-5, mtime_ns=2**63)
    entries = [
        SnapshotEntry(ROOT.path, b"x\xff", fingerprint(1), None),
        SnapshotEntry(b"/other\n", b"two\nlines", odd, b"\1" * 32, 0o100600, Protection.CONTENT_COPY),
        SnapshotEntry(ROOT.path, b"", fingerprint(2**64 - 1), None, 0o40755),
    ]
    head = SnapshotHead("5a5a5a5a5a", None, None, 9, "before clean-up", "NAME")
    with open_catalogue(tmp_path) as catalogue:
        whole, damaged = catalogue.snapshots()
        assert whole == SnapshotInfo(head, merkle_root(entries), 3, 1, odd.size_bytes)
        assert list(catalogue.snapshot_entries("5a5a5a5a5a")) == entries
        assert catalogue.snapshot_filesystems("5a5a5a5a5a") == {ROOT.path: "uuid:7", b"/other\n": "uuid:7"}
        assert catalogue.needed_contents() == ({b"\1" * 32}, ())
        assert (damaged.n_entries, list(catalogue.snapshot_entries("6b6b6b6b6b"))) == (3, [])


def test_catalogue_of_the_ninth_version_opens_with_its_classifications_and_takes_lessons(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    connection.executescript(Path(__file__).with_name("catalogue_0009.sql").read_text())
    connection.close()
    rule, model = Opinion("legal_document", 0.7), Opinion("web_page", 0.4)
    told = ("legal_document", 0.7, "because", "web_page", 0.2, date(2024, 2, 29), None, rule, model, Decider.TOGETHER)
    with open_catalogue(tmp_path) as catalogue:
        (session,) = catalogue.sessions()
        pairs = list(catalogue.classified(session.session_id))
        assert [(file.path, word) for file, word in pairs] == [(b"x\xff", Proposal(*told)), (b"y", None)]
        assert (catalogue.last_lesson(), catalogue.learnt_edit("0123456789")) == (0, 0)
        assert catalogue.unlearnt_plans() == ["0123456789"]
        place = Place(ROOT.path, b"x\xff")
        (added,) = catalogue.add_lessons([Lesson(0, LessonKind.IS, b"k", 3, "c", place, 1, LessonOrigin.TEACH)])
        assert catalogue.lessons() == [added]
    assert (tmp_path / "catalogue.db.0009.bak").exists()


def test_catalogue_of_the_second_version_opens_with_its_answers_each_as_one_step(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.db")
    connection.executescript(Path(__file__).with_name("catalogue_0002.sql").read_text())
    connection.close()
    plan_id, answer = "0123456789", EditOrigin.RESOLVE
    with open_catalogue(tmp_path) as catalogue:
        assert catalogue.edit_log(plan_id) == (
            Edit(1, EditKind.MOVE, b"a/x\xff", b"b/two\nlines", 8, step=1),
            Edit(2, EditKind.MKDIR, b"new", None, 9, 0o750, 5, step=2),
            Edit(3, EditKind.MKDIR, b"c", None, 10, step=3, origin=answer),
            Edit(4, EditKind.REPLACE, b"a/y", b"c/y", 10, None, None, fingerprint(2**64 - 1), step=3, origin=answer),
            Edit(5, EditKind.VAULT, b"a/z", None, 10, step=5, origin=answer),
            Edit(6, EditKind.MOVE, b"To review/vault/z", b"a/z", 11, step=6, origin=answer),
            Edit(7, EditKind.EXCLUDE, b"a/z", None, 12, step=7),
        )
        first, lost, back = catalogue.resolutions(plan_id)
        assert (first.first_edit, lost.first_edit, back.undoes) == (3, 5, lost.number)
        assert standing([first, lost, back], catalogue.edits(plan_id)) == [[first]]
        assert catalogue.find_plan(plan_id).n_edits == 7
        added = catalogue.append_edit(plan_id, Edit(0, EditKind.MKDIR, b"d", None, 13))
        assert (added.seq, added.step) == (8, 8)
    assert (tmp_path / "catalogue.db.0002.bak").exists()


def test_opening_an_up_to_date_catalogue_does_not_load_alembic(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from ifmosfs.store.catalogue import open_catalogue; folder = pathlib.Path(sys.argv[1])\n"
        "open_catalogue(folder).close(); open_catalogue(folder).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_newer_catalogue_is_refused_unchanged_with_the_remedy(tmp_path: Path) -> None:
    open_catalogue(tmp_path).close()
    database = tmp_path / "catalogue.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    with pytest.raises(DatabaseNewer) as caught:
        open_catalogue(tmp_path)
    assert caught.value.hint == "update ifmosfs; the database was not changed"
    assert (database.read_bytes(), sorted(os.listdir(tmp_path))) == (before, ["catalogue.db"])


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000], ids=["garbage", "garbled"])
def test_damaged_catalogue_is_refused_and_kept_and_named(tmp_path: Path, content: bytes) -> None:
    database = tmp_path / "catalogue.db"
    database.write_bytes(content)
    with pytest.raises(DatabaseDamaged) as caught:
        open_catalogue(tmp_path)
    assert caught.value.path == os.fsencode(database)
    assert str(database) in (caught.value.hint or "")
    assert database.read_bytes() == content


def test_database_of_another_program_counts_as_damaged(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "catalogue.db")) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    with pytest.raises(DatabaseDamaged, match="not a catalogue of ifmosfs"):
        open_catalogue(tmp_path)


def test_page_overwritten_in_the_middle_is_reported_as_damage(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as catalogue:
        session_id = catalogue.session_for([ROOT], None, 1)
        catalogue.record_scan(session_id, ROOT.path, [found(b"%d" % at) for at in range(5000)], [], [], 2)
    database = tmp_path / "catalogue.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
    database.write_bytes(content)
    with open_catalogue(tmp_path) as catalogue, pytest.raises(DatabaseDamaged):
        list(catalogue.classified(session_id))


def test_unknown_enum_value_in_a_row_is_reported_as_damage(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.save_plan(plan_of(session_id, "p1", (b"x", b"a/x")))
    with catalogue._writing() as connection:
        connection.exec_driver_sql("UPDATE staging_plans SET state = 'dreaming'")
        connection.exec_driver_sql("UPDATE staging_actions SET kind = 'teleport'")
    for broken in (catalogue.plans, lambda: catalogue.load_plan("p1")):
        with pytest.raises(DatabaseDamaged):
            broken()


def test_text_that_is_not_utf_8_in_a_row_is_reported_as_damage(catalogue: Catalogue) -> None:
    catalogue.session_for([ROOT], None, 1)
    with catalogue._writing() as connection:
        connection.exec_driver_sql("UPDATE scan_sessions SET tag = CAST(x'ff' AS TEXT)")
    with pytest.raises(DatabaseDamaged):
        catalogue.sessions()


def test_every_connection_has_the_safe_pragmas(catalogue: Catalogue) -> None:
    with catalogue._reading() as one, catalogue._engine.connect() as another:
        for connection in (one, another):
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
            assert values == ["delete", 3, 1, 5000]


def test_writer_holds_the_lock_from_its_first_statement_and_others_get_locked(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as one, open_catalogue(tmp_path, busy_seconds=0.1) as another:
        with one._writing(), pytest.raises(Locked):
            another.session_for([ROOT], None, 1)
        assert another.sessions() == []


def test_full_disk_is_disk_full_and_leaves_the_old_state(catalogue: Catalogue) -> None:
    session_id = catalogue.session_for([ROOT], None, 1)
    catalogue.record_scan(session_id, ROOT.path, [found(b"kept")], [], [], 2)
    before = list(catalogue.classified(session_id)), catalogue.find_session(None)
    with catalogue._reading() as connection:  # the only connection of the pool, so the limit is that of the next writer
        n_pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {n_pages + 2}")
    with pytest.raises(DiskFull) as caught:
        catalogue.record_scan(session_id, ROOT.path, [found(b"n%d" % at) for at in range(9000)], [], [], 3)
    assert caught.value.path == os.fsencode(catalogue._path)
    assert (list(catalogue.classified(session_id)), catalogue.find_session(None)) == before


def test_state_folder_below_a_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IfmosfsError) as caught:
        open_catalogue(tmp_path / "file" / "state")
    assert caught.value.hint == "set IFMOSFS_HOME to a folder that you can write to"


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_read_only_state_folder_can_be_read_and_refuses_writes(tmp_path: Path) -> None:
    with open_catalogue(tmp_path) as catalogue:
        session_id = catalogue.session_for([ROOT], None, 1)
    for folder in [tmp_path, *tmp_path.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o755)
    (tmp_path / "catalogue.db").chmod(0o644)
    pid = os.fork()
    if pid == 0:
        os._exit(_status_as_nobody(tmp_path, session_id))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42


def _status_as_nobody(folder: Path, session_id: str) -> int:
    os.setgid(65534)
    os.setuid(65534)
    with open_catalogue(folder) as catalogue:
        if catalogue.find_session(None).session_id != session_id:
            return 1
        try:
            catalogue.session_for([ROOT], "tag", 2)
        except IfmosfsError as error:
            return 42 if error.hint == "set IFMOSFS_HOME to a folder that you can write to" else 2
    return 3


def test_new_state_folder_is_private(tmp_path: Path) -> None:
    open_catalogue(tmp_path / "a" / "state").close()
    assert (tmp_path / "a" / "state").stat().st_mode & 0o777 == 0o700


def test_new_state_folders_are_made_durable_from_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, really_sync = [], os.fsync

    def sync(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        really_sync(descriptor)

    monkeypatch.setattr("os.fsync", sync)
    open_catalogue(tmp_path / "a" / "state").close()
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "state"]


def test_opening_the_journal_does_not_load_sqlalchemy() -> None:
    code = "import sys, ifmosfs.store.journal; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_one_catalogue_serves_several_threads(catalogue: Catalogue) -> None:
    catalogue.save_plan(plan_of(catalogue.session_for([ROOT], None, 1), "p1"))
    catalogue.advance("p1", PlanEvent.STAGE)
    with ThreadPoolExecutor(2) as pool:
        edits = list(
            pool.map(lambda at: catalogue.append_edit("p1", Edit(0, EditKind.EXCLUDE, b"%d" % at, None, at)), range(40))
        )
    assert sorted(edits, key=lambda edit: edit.seq) == list(catalogue.edits("p1"))


def test_states_fit_their_columns() -> None:
    stored = (*PlanState, *ActionKind, *KeepReason, *EditKind, *EditOrigin, *UnitKind, *ConflictStrategy)
    assert all(len(each.value) <= 16 for each in stored)
