"""The catalogue's tables. Rows never leave this layer: `sessions`, `plans` and `snapshots` turn them into core values.

Conventions: paths, and everything else that is made of names, are bytes (`LargeBinary`); `…_ns` is ns since the epoch; enums are
stored by their value. Inode numbers and times are wrapped into 64 signed bits by `store.encoding`.
Whoever changes a table writes the migration that does the same to a stored one (`store/migrations`); a test compares them.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Double,
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

ID_LENGTH = 32
AUTO_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


METADATA = MetaData(naming_convention=NAMING)


def _owner(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


SCAN_SESSIONS = Table(
    "scan_sessions",
    METADATA,
    Column("session_id", String(ID_LENGTH), primary_key=True),
    Column("tag", String),
    Column("roots_key", String(64), unique=True, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("scanned_ns", BigInteger, nullable=False),
    Column("excludes", String),
)
"""A set of roots that are scanned together; `roots_key` is equal for equal sets, `excludes` JSON of the last scan's patterns."""


SESSION_ROOTS = Table(
    "session_roots",
    METADATA,
    Column("root_id", AUTO_ID, primary_key=True),
    Column("session_id", _owner("scan_sessions.session_id"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("filesystem", String, nullable=False),
    UniqueConstraint("session_id", "path"),
)
"""One root of a session, with the identity of the filesystem it was on at the last scan."""


FILES = Table(
    "files",
    METADATA,
    Column("file_id", AUTO_ID, primary_key=True),
    Column("root_id", _owner("session_roots.root_id"), nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("mode", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("birth_ns", BigInteger),
    Column("readable", Boolean, nullable=False),
    Column("classified_category", String),
    UniqueConstraint("root_id", "path"),
    sqlite_autoincrement=True,
)
"""A scanned file. The id is never given again to another path, and survives re-scans."""


SCAN_ISSUES = Table(
    "scan_issues",
    METADATA,
    Column("issue_id", AUTO_ID, primary_key=True),
    Column("root_id", _owner("session_roots.root_id"), index=True, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", String, nullable=False),
)
"""An entry that the last scan skipped or could not read; `text` is a `SkipReason` or the system's words."""


CLASSIFICATIONS = Table(
    "classifications",
    METADATA,
    Column("file_id", AUTO_ID, _owner("files.file_id"), primary_key=True, autoincrement=False),
    Column("classifier", String, nullable=False),
    Column("label", String),
    Column("score", Double, nullable=False),
    Column("reason", String, nullable=False),
    Column("runner_up", String),
    Column("runner_up_score", Double, nullable=False),
    Column("document_date", String(10)),
    Column("unreadable", String),
    Column("rule_label", String),
    Column("rule_score", Double),
    Column("model_label", String),
    Column("model_score", Double),
    Column("decided_by", String(16)),
    Column("lesson", BigInteger),
    Column("sketch", LargeBinary),
)
"""The last classifier's word on a file as it is now; a changed file loses its row.

What the rules and the model would have said alone stands apart from the decision; no score: they were not asked. `lesson` is the
number of the lesson that played a part, `sketch` what finds files that are alike (`ml.sketch`); only unsure ones have it.
"""


EXTRACTS = Table(
    "extracts",
    METADATA,
    Column("content_key", LargeBinary, primary_key=True),
    Column("extractor", String, nullable=False),
    Column("used_ns", BigInteger, index=True, nullable=False),
    Column("extract", LargeBinary, nullable=False),
)
"""What an extractor found in a content, under the content's key (`ml.extract.keys`); `extract` is the extractor's own encoding.

Nothing refers to these rows: they may go at any time, and are made again when they are needed.
"""


STAGING_PLANS = Table(
    "staging_plans",
    METADATA,
    Column("plan_id", String(ID_LENGTH), primary_key=True),
    Column("session_id", ForeignKey("scan_sessions.session_id"), index=True, nullable=False),
    Column("state", String(16), nullable=False),
    Column("target", LargeBinary, nullable=False),
    Column("target_filesystem", String, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("policy", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("n_moves", BigInteger, nullable=False),
    Column("n_kept", BigInteger, nullable=False),
    Column("learnt_edit", BigInteger, server_default="0", nullable=False),
)
"""A plan's head; `policy` is JSON (`core.plan.Policy`). Lessons were made of its edits up to the one numbered `learnt_edit`."""


PLAN_ROOTS = Table(
    "plan_roots",
    METADATA,
    Column("plan_id", _owner("staging_plans.plan_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("path", LargeBinary, nullable=False),
    Column("filesystem", String),
)
"""The roots of a plan as they were; actions name them by `number`. No filesystem: used by actions only."""


STAGING_FOLDERS = Table(
    "staging_folders",
    METADATA,
    Column("plan_id", _owner("staging_plans.plan_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("path", LargeBinary, nullable=False),
    Column("planned", Boolean, nullable=False),
)
"""A plan's dictionary of target folders; the `planned` ones, in `number` order, are those the plan makes."""


STAGING_ACTIONS = Table(
    "staging_actions",
    METADATA,
    Column("plan_id", _owner("staging_plans.plan_id"), primary_key=True),
    Column("action_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("source", LargeBinary, nullable=False),
    Column("folder", BigInteger),
    Column("name", LargeBinary),
    Column("inode", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("birth_ns", BigInteger),
    Column("mode", BigInteger, nullable=False),
    Column("entry_kind", String(16), nullable=False),
    Column("category", String),
    Column("score", Double, nullable=False),
    Column("reason", String, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("keep_reason", String(16)),
    Column("note", String),
    Column("state", String(16), nullable=False),
    Column("replaces", LargeBinary),
    Column("unit", BigInteger),
    Column("planned_root", BigInteger),
    Column("planned_source", LargeBinary),
    Index(None, "plan_id", "root", "source"),
    sqlite_with_rowid=False,
)
"""One action of a plan; its target is `folder`/`name`. `state` is what the last run made of it.

`replaces` is a fingerprint as `store.encoding.packed` gives it; no `unit` is the number 0 of the action. `planned_root` and
`planned_source` are where a file was when it was planned, if it has been renamed since.
"""


PLAN_UNITS = Table(
    "plan_units",
    METADATA,
    Column("plan_id", _owner("staging_plans.plan_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("root", BigInteger, nullable=False),
    Column("folder", LargeBinary),
)
"""Files of a plan that belong together; its actions name it by `number`. `root` is the number of a `PlanRoot`."""


PLAN_EDITS = Table(
    "plan_edits",
    METADATA,
    Column("plan_id", _owner("staging_plans.plan_id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("target", LargeBinary),
    Column("at_ns", BigInteger, nullable=False),
    Column("mode", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("replaces", LargeBinary),
    Column("step", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("action_id", BigInteger),
    Column("category", String),
)
"""A row of a plan's edit log, in `seq` order: one change, or a step taken back or made again.

Rows are only ever added. `step` is the `seq` of the first edit of the same gesture; of an undo or redo it names the step meant.
"""


CORRECTIONS = Table(
    "corrections",
    METADATA,
    Column("correction_id", AUTO_ID, primary_key=True),
    Column("plan_id", _owner("staging_plans.plan_id"), index=True, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("from_category", String),
    Column("from_target", LargeBinary),
    Column("to_target", LargeBinary),
    Column("at_ns", BigInteger, nullable=False),
)
"""A person's word on where a file belongs; it outlives the file's row, so it holds the path itself."""


LESSONS = Table(
    "lessons",
    METADATA,
    Column("number", AUTO_ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("content_key", LargeBinary, index=True, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("category", String),
    Column("root", LargeBinary, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("before_label", String),
    Column("before_score", Double),
    Column("feature_version", BigInteger),
    Column("features", LargeBinary),
    Column("sketch", LargeBinary),
    Column("plan_id", String(ID_LENGTH), index=True),
    Column("edit", BigInteger),
    Column("action_id", BigInteger),
    Column("undoes", BigInteger),
    sqlite_autoincrement=True,
)
"""A row of the log of lessons (`core.lessons`). It outlives files, sessions and plans, so it holds paths and ids themselves.

`features` is zlib over packed columns and values, `edit` the `seq` of the edit of `plan_id` that it was made of.
"""


LESSON_MARKS = Table(
    "lesson_marks",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How far something has come with the log of lessons; `followed`: up to which lesson its files were judged anew."""


ONLY_GROWS = tuple(
    f"CREATE TRIGGER lessons_no_{verb} BEFORE {verb.upper()} ON lessons "
    "BEGIN SELECT RAISE(ABORT, 'the log of lessons only grows'); END"
    for verb in ("update", "delete")
)
for _statement in ONLY_GROWS:
    event.listen(LESSONS, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


CONFLICT_RESOLUTIONS = Table(
    "conflict_resolutions",
    METADATA,
    Column("resolution_id", AUTO_ID, primary_key=True),
    Column("plan_id", String(ID_LENGTH), nullable=False),
    Column("action_id", BigInteger, nullable=False),
    Column("strategy", String(16), nullable=False),
    Column("before", LargeBinary, nullable=False),
    Column("after", LargeBinary, nullable=False),
    Column("replaced_before", LargeBinary),
    Column("at_ns", BigInteger, nullable=False),
    Column("first_edit", BigInteger, nullable=False),
    Column("last_edit", BigInteger, nullable=False),
    Column("undoes", BigInteger),
    ForeignKeyConstraint(
        ["plan_id", "action_id"], ["staging_actions.plan_id", "staging_actions.action_id"], ondelete="CASCADE"
    ),
    Index(None, "plan_id", "action_id"),
    sqlite_autoincrement=True,
)
"""An answer to one conflict of a plan, and the edits that carry it out: those from `first_edit` to `last_edit`.

Rows are only ever added. One that takes an earlier one back names it as `undoes`; it has that one's strategy.
"""


SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("snapshot_id", String(ID_LENGTH), primary_key=True),
    Column("plan_id", ForeignKey("staging_plans.plan_id"), index=True),
    Column("run_id", String(ID_LENGTH)),
    Column("created_ns", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("level", String(32), nullable=False),
    Column("merkle", LargeBinary, nullable=False),
    Column("n_entries", BigInteger, nullable=False),
    Column("n_held", BigInteger, nullable=False),
    Column("held_bytes", BigInteger, nullable=False),
    Column("final", Boolean, nullable=False),
)
"""An immutable manifest; `final` is set in the transaction that wrote its last entry."""


SNAPSHOT_ROOTS = Table(
    "snapshot_roots",
    METADATA,
    Column("snapshot_id", _owner("snapshots.snapshot_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("path", LargeBinary, nullable=False),
    Column("filesystem", String),
)
"""A snapshot's dictionary of roots, with the identity of the filesystem each was on, where that was recorded."""


SNAPSHOT_ENTRIES = Table(
    "snapshot_entries",
    METADATA,
    Column("snapshot_id", _owner("snapshots.snapshot_id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
    Column("ctimes", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The next entries of a snapshot, in the order they were given: a `core.snapshot.Leaf`."""


CONTENTS = Table(
    "contents",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("place", LargeBinary, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("level", String(16), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("source", LargeBinary, nullable=False),
)
"""A content that the content store holds; written in the transaction that makes the snapshot final that needs it."""


VERSIONS = Table(
    "versions",
    METADATA,
    Column("version", AUTO_ID, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("plan_id", ForeignKey("staging_plans.plan_id"), index=True),
    Column("run_id", String(ID_LENGTH), unique=True),
    Column("snapshot_id", ForeignKey("snapshots.snapshot_id")),
    Column("target", LargeBinary, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("n_moved", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""How a run left its target, or what a snapshot found; without a manifest where that was not taken, or was pruned."""


ROLLBACK_LOG = Table(
    "rollback_log",
    METADATA,
    Column("run_id", String(ID_LENGTH), primary_key=True),
    Column("plan_id", ForeignKey("staging_plans.plan_id"), index=True, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("selection", String, nullable=False),
    Column("n_done", BigInteger, nullable=False),
    Column("n_conflicts", BigInteger, nullable=False),
    Column("n_failed", BigInteger, nullable=False),
)
"""What one rollback run did. Rows are only added, and the database itself refuses anything else."""


APPEND_ONLY = tuple(
    f"CREATE TRIGGER rollback_log_no_{verb} BEFORE {verb.upper()} ON rollback_log "
    "BEGIN SELECT RAISE(ABORT, 'the log of rollbacks only grows'); END"
    for verb in ("update", "delete")
)
for _statement in APPEND_ONLY:
    event.listen(ROLLBACK_LOG, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]


MODELS = Table(
    "models",
    METADATA,
    Column("model_id", String(ID_LENGTH), primary_key=True),
    Column("name", String, nullable=False),
    Column("format_version", BigInteger, nullable=False),
    Column("path", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("metrics", LargeBinary),
    Column("active", Boolean, nullable=False),
)
"""A learned model that may be used; `metrics` is JSON, at most one row is `active`."""


# The migrations' own table, exactly as Alembic makes it, so that a fresh catalogue is stamped without loading Alembic.
ALEMBIC_VERSION = Table(
    "alembic_version",
    MetaData(naming_convention={"pk": "alembic_version_pkc"}),
    Column("version_num", String(32), primary_key=True),
)
