"""The catalogue's tables. Rows never leave this layer: `sessions`, `plans` and `snapshots` turn them into core values.

Conventions: paths, and everything else that is made of names, are bytes (`LargeBinary`); `…_ns` is ns since the epoch; enums are
stored by their value. Inode numbers and times are wrapped into 64 signed bits by `store.encoding`.
Whoever changes a table writes the migration that does the same to a stored one (`store/migrations`); a test compares them.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ID_LENGTH = 32
AUTO_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The metadata that all tables of the catalogue share, with the column types of the annotations."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, bytes: LargeBinary}  # noqa: RUF012  SQLAlchemy's own declaration form


def _owner(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


class ScanSession(Base):
    """A set of roots that are scanned together; `roots_key` is equal for equal sets, `excludes` JSON of the last scan's patterns."""

    __tablename__ = "scan_sessions"

    session_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    tag: Mapped[str | None]
    roots_key: Mapped[str] = mapped_column(String(64), unique=True)
    created_ns: Mapped[int]
    scanned_ns: Mapped[int]
    excludes: Mapped[str | None]


class SessionRoot(Base):
    """One root of a session, with the identity of the filesystem it was on at the last scan."""

    __tablename__ = "session_roots"
    __table_args__ = (UniqueConstraint("session_id", "path"),)

    root_id: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    session_id: Mapped[str] = mapped_column(_owner("scan_sessions.session_id"))
    position: Mapped[int]
    path: Mapped[bytes]
    filesystem: Mapped[str]


class File(Base):
    """A scanned file. The id is never given again to another path, and survives re-scans."""

    __tablename__ = "files"
    __table_args__ = (UniqueConstraint("root_id", "path"), {"sqlite_autoincrement": True})

    file_id: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    root_id: Mapped[int] = mapped_column(_owner("session_roots.root_id"))
    path: Mapped[bytes]
    kind: Mapped[str] = mapped_column(String(16))
    mode: Mapped[int]
    inode: Mapped[int]
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    ctime_ns: Mapped[int]
    birth_ns: Mapped[int | None]
    readable: Mapped[bool]
    classified_category: Mapped[str | None]


class ScanIssue(Base):
    """An entry that the last scan skipped or could not read; `text` is a `SkipReason` or the system's words."""

    __tablename__ = "scan_issues"

    issue_id: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    root_id: Mapped[int] = mapped_column(_owner("session_roots.root_id"), index=True)
    path: Mapped[bytes]
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]


class Classification(Base):
    """The last classifier's word on a file as it is now; a changed file loses its row.

    What the rules and the model would have said alone stands apart from the decision; no score: they were not asked. `lesson` is the
    number of the lesson that played a part, `sketch` what finds files that are alike (`ml.sketch`); only unsure ones have it.
    """

    __tablename__ = "classifications"

    file_id: Mapped[int] = mapped_column(AUTO_ID, _owner("files.file_id"), primary_key=True, autoincrement=False)
    classifier: Mapped[str]
    label: Mapped[str | None]
    score: Mapped[float]
    reason: Mapped[str]
    runner_up: Mapped[str | None]
    runner_up_score: Mapped[float]
    document_date: Mapped[str | None] = mapped_column(String(10))
    unreadable: Mapped[str | None]
    rule_label: Mapped[str | None]
    rule_score: Mapped[float | None]
    model_label: Mapped[str | None]
    model_score: Mapped[float | None]
    decided_by: Mapped[str | None] = mapped_column(String(16))
    lesson: Mapped[int | None]
    sketch: Mapped[bytes | None]


class StoredExtract(Base):
    """What an extractor found in a content, under the content's key (`ml.extract.keys`); `extract` is the extractor's own encoding.

    Nothing refers to these rows: they may go at any time, and are made again when they are needed.
    """

    __tablename__ = "extracts"

    content_key: Mapped[bytes] = mapped_column(primary_key=True)
    extractor: Mapped[str]
    used_ns: Mapped[int] = mapped_column(index=True)
    extract: Mapped[bytes]


class StagingPlan(Base):
    """A plan's head; `policy` is JSON (`core.plan.Policy`). Lessons were made of its edits up to the one numbered `learnt_edit`."""

    __tablename__ = "staging_plans"

    plan_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("scan_sessions.session_id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    target: Mapped[bytes]
    target_filesystem: Mapped[str]
    created_ns: Mapped[int]
    policy: Mapped[bytes]
    digest: Mapped[str] = mapped_column(String(64))
    n_moves: Mapped[int]
    n_kept: Mapped[int]
    learnt_edit: Mapped[int] = mapped_column(server_default="0")


class PlanRoot(Base):
    """The roots of a plan as they were; actions name them by `number`. No filesystem: used by actions only."""

    __tablename__ = "plan_roots"

    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[bytes]
    filesystem: Mapped[str | None]


class StagingFolder(Base):
    """A plan's dictionary of target folders; the `planned` ones, in `number` order, are those the plan makes."""

    __tablename__ = "staging_folders"

    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[bytes]
    planned: Mapped[bool]


class StagingAction(Base):
    """One action of a plan; its target is `folder`/`name`. `state` is what the last run made of it.

    `replaces` is a fingerprint as `store.encoding.packed` gives it; no `unit` is the number 0 of the action. `planned_root` and
    `planned_source` are where a file was when it was planned, if it has been renamed since.
    """

    __tablename__ = "staging_actions"
    __table_args__ = (Index(None, "plan_id", "root", "source"), {"sqlite_with_rowid": False})

    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), primary_key=True)
    action_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    root: Mapped[int]
    source: Mapped[bytes]
    folder: Mapped[int | None]
    name: Mapped[bytes | None]
    inode: Mapped[int]
    size_bytes: Mapped[int]
    mtime_ns: Mapped[int]
    ctime_ns: Mapped[int]
    birth_ns: Mapped[int | None]
    mode: Mapped[int]
    entry_kind: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None]
    score: Mapped[float]
    reason: Mapped[str]
    origin: Mapped[str] = mapped_column(String(16))
    keep_reason: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16))
    replaces: Mapped[bytes | None]
    unit: Mapped[int | None]
    planned_root: Mapped[int | None]
    planned_source: Mapped[bytes | None]


class PlanUnit(Base):
    """Files of a plan that belong together; its actions name it by `number`. `root` is the number of a `PlanRoot`."""

    __tablename__ = "plan_units"

    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    root: Mapped[int]
    folder: Mapped[bytes | None]


class PlanEdit(Base):
    """A row of a plan's edit log, in `seq` order: one change, or a step taken back or made again.

    Rows are only ever added. `step` is the `seq` of the first edit of the same gesture; of an undo or redo it names the step meant.
    """

    __tablename__ = "plan_edits"

    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    path: Mapped[bytes]
    target: Mapped[bytes | None]
    at_ns: Mapped[int]
    mode: Mapped[int | None]
    mtime_ns: Mapped[int | None]
    replaces: Mapped[bytes | None]
    step: Mapped[int]
    origin: Mapped[str] = mapped_column(String(16))
    action_id: Mapped[int | None]
    category: Mapped[str | None]


class PlanCorrection(Base):
    """A person's word on where a file belongs; it outlives the file's row, so it holds the path itself."""

    __tablename__ = "corrections"

    correction_id: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    plan_id: Mapped[str] = mapped_column(_owner("staging_plans.plan_id"), index=True)
    root: Mapped[bytes]
    path: Mapped[bytes]
    from_category: Mapped[str | None]
    from_target: Mapped[bytes | None]
    to_target: Mapped[bytes | None]
    at_ns: Mapped[int]


class StoredLesson(Base):
    """A row of the log of lessons (`core.lessons`). It outlives files, sessions and plans, so it holds paths and ids themselves.

    `features` is zlib over packed columns and values, `edit` the `seq` of the edit of `plan_id` that it was made of.
    """

    __tablename__ = "lessons"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    content_key: Mapped[bytes] = mapped_column(index=True)
    size_bytes: Mapped[int]
    category: Mapped[str | None]
    root: Mapped[bytes]
    path: Mapped[bytes]
    at_ns: Mapped[int]
    origin: Mapped[str] = mapped_column(String(16))
    before_label: Mapped[str | None]
    before_score: Mapped[float | None]
    feature_version: Mapped[int | None]
    features: Mapped[bytes | None]
    sketch: Mapped[bytes | None]
    plan_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), index=True)
    edit: Mapped[int | None]
    action_id: Mapped[int | None]
    undoes: Mapped[int | None]


class LessonMark(Base):
    """How far something has come with the log of lessons; `followed`: up to which lesson its files were judged anew."""

    __tablename__ = "lesson_marks"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int]


ONLY_GROWS = tuple(
    f"CREATE TRIGGER lessons_no_{verb} BEFORE {verb.upper()} ON lessons "
    "BEGIN SELECT RAISE(ABORT, 'the log of lessons only grows'); END"
    for verb in ("update", "delete")
)
for _statement in ONLY_GROWS:
    event.listen(StoredLesson.__table__, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


class ConflictResolution(Base):
    """An answer to one conflict of a plan, and the edits that carry it out: those from `first_edit` to `last_edit`.

    Rows are only ever added. One that takes an earlier one back names it as `undoes`; it has that one's strategy.
    """

    __tablename__ = "conflict_resolutions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "action_id"], ["staging_actions.plan_id", "staging_actions.action_id"], ondelete="CASCADE"
        ),
        Index(None, "plan_id", "action_id"),
        {"sqlite_autoincrement": True},
    )

    resolution_id: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    action_id: Mapped[int]
    strategy: Mapped[str] = mapped_column(String(16))
    before: Mapped[bytes]
    after: Mapped[bytes]
    replaced_before: Mapped[bytes | None]
    at_ns: Mapped[int]
    first_edit: Mapped[int]
    last_edit: Mapped[int]
    undoes: Mapped[int | None]


class Snapshot(Base):
    """An immutable manifest; `final` is set in the transaction that wrote its last entry."""

    __tablename__ = "snapshots"

    snapshot_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    plan_id: Mapped[str | None] = mapped_column(ForeignKey("staging_plans.plan_id"), index=True)
    run_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    created_ns: Mapped[int]
    name: Mapped[str]
    level: Mapped[str] = mapped_column(String(32))
    merkle: Mapped[bytes]
    n_entries: Mapped[int]
    n_held: Mapped[int]
    held_bytes: Mapped[int]
    final: Mapped[bool]


class SnapshotRoot(Base):
    """A snapshot's dictionary of roots, with the identity of the filesystem each was on, where that was recorded."""

    __tablename__ = "snapshot_roots"

    snapshot_id: Mapped[str] = mapped_column(_owner("snapshots.snapshot_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[bytes]
    filesystem: Mapped[str | None]


class SnapshotLeaf(Base):
    """The next entries of a snapshot, in the order they were given: a `core.snapshot.Leaf`."""

    __tablename__ = "snapshot_entries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    snapshot_id: Mapped[str] = mapped_column(_owner("snapshots.snapshot_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entries: Mapped[bytes]
    ctimes: Mapped[bytes]


class Content(Base):
    """A content that the content store holds; written in the transaction that makes the snapshot final that needs it."""

    __tablename__ = "contents"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    place: Mapped[bytes]
    size_bytes: Mapped[int]
    level: Mapped[str] = mapped_column(String(16))
    created_ns: Mapped[int]
    source: Mapped[bytes]


class Version(Base):
    """How a run left its target, or what a snapshot found; without a manifest where that was not taken, or was pruned."""

    __tablename__ = "versions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    version: Mapped[int] = mapped_column(AUTO_ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    plan_id: Mapped[str | None] = mapped_column(ForeignKey("staging_plans.plan_id"), index=True)
    run_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), unique=True)
    snapshot_id: Mapped[str | None] = mapped_column(ForeignKey("snapshots.snapshot_id"))
    target: Mapped[bytes]
    created_ns: Mapped[int]
    n_moved: Mapped[int]


class RollbackLog(Base):
    """What one rollback run did. Rows are only added, and the database itself refuses anything else."""

    __tablename__ = "rollback_log"

    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("staging_plans.plan_id"), index=True)
    at_ns: Mapped[int]
    selection: Mapped[str]
    n_done: Mapped[int]
    n_conflicts: Mapped[int]
    n_failed: Mapped[int]


APPEND_ONLY = tuple(
    f"CREATE TRIGGER rollback_log_no_{verb} BEFORE {verb.upper()} ON rollback_log "
    "BEGIN SELECT RAISE(ABORT, 'the log of rollbacks only grows'); END"
    for verb in ("update", "delete")
)
for _statement in APPEND_ONLY:
    event.listen(RollbackLog.__table__, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


class Model(Base):
    """A learned model that may be used; `metrics` is JSON, at most one row is `active`."""

    __tablename__ = "models"

    model_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str]
    format_version: Mapped[int]
    path: Mapped[bytes]
    digest: Mapped[str] = mapped_column(String(64))
    created_ns: Mapped[int]
    metrics: Mapped[bytes | None]
    active: Mapped[bool]


# The migrations' own table, exactly as Alembic makes it, so that a fresh catalogue is stamped without loading Alembic.
ALEMBIC_VERSION = Table(
    "alembic_version",
    MetaData(naming_convention={"pk": "alembic_version_pkc"}),
    Column("version_num", String(32), primary_key=True),
)
