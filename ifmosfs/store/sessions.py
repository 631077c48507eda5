"""Scan sessions: one per set of roots, however often it is scanned."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, func, insert, select, update

from ifmosfs.core.errors import NotFound
from ifmosfs.core.files import Root
from ifmosfs.core.manifest import SessionCounts, SessionInfo
from ifmosfs.store.choose import by_prefix
from ifmosfs.store.database import Database
from ifmosfs.store.encoding import legible, legible_or_none
from ifmosfs.store.schema import CLASSIFICATIONS, FILES, SCAN_ISSUES, SCAN_SESSIONS, SESSION_ROOTS

SKIPPED = "skipped"
UNREADABLE = "unreadable"
_SCAN_FIRST = "scan a folder first: ifmosfs scan FOLDER"


def new_id() -> str:
    """A fresh id of a session, plan, run or snapshot: 10 hexadecimal digits."""
    return secrets.token_hex(5)


def roots_key(paths: Collection[bytes]) -> str:
    """Equal exactly for equal sets of root paths."""
    hasher = hashlib.blake2b(digest_size=16)
    for path in sorted(set(paths)):
        hasher.update(len(path).to_bytes(8, "big") + path)
    return hasher.hexdigest()


class Sessions(Database):
    """Sessions and what they hold in numbers."""

    def session_for(
        self, roots: Sequence[Root], tag: str | None, now_ns: int, excludes: Sequence[str] | None = None
    ) -> str:
        """The id of the session of this set of roots: the one that is there already, else a new one.

        The roots' filesystems are brought up to date, and where they are given the tag and the patterns of what is left out.
        """
        key = roots_key([root.path for root in roots])
        with self._writing() as connection:
            query = select(SCAN_SESSIONS.c.session_id).where(SCAN_SESSIONS.c.roots_key == key)
            session_id = connection.execute(query).scalar()
            if session_id is None:
                session_id = _make_session(connection, key, roots, legible_or_none(tag), now_ns)
            else:
                _update_session(connection, session_id, roots, legible_or_none(tag))
            if excludes is not None:
                its_row = SCAN_SESSIONS.c.session_id == session_id
                connection.execute(update(SCAN_SESSIONS).where(its_row).values(excludes=json.dumps(list(excludes))))
            return session_id

    def session_excludes(self, session_id: str) -> tuple[str, ...]:
        """The patterns of what the session's last scan left out besides what the settings name. Raises: NotFound."""
        with self._reading() as connection:
            require_session(connection, session_id)
            query = select(SCAN_SESSIONS.c.excludes).where(SCAN_SESSIONS.c.session_id == session_id)
            stored = connection.execute(query).scalar()
        return () if stored is None else tuple(json.loads(stored))

    def find_session(self, prefix: str | None = None) -> SessionInfo:
        """The session whose id begins so; without a prefix the one that was scanned last.

        Raises: NotFound, Ambiguous.
        """
        with self._reading() as connection:
            order = (SCAN_SESSIONS.c.scanned_ns.desc(), SCAN_SESSIONS.c.created_ns.desc(), SCAN_SESSIONS.c.session_id)
            ids = list(connection.execute(select(SCAN_SESSIONS.c.session_id).order_by(*order)).scalars())
            if prefix is None and not ids:
                raise NotFound("nothing has been scanned yet", hint=_SCAN_FIRST)
            session_id = ids[0] if prefix is None else by_prefix("session", prefix, ids, "list them: ifmosfs status")
            return _session_infos(connection, [session_id])[0]

    def sessions(self) -> list[SessionInfo]:
        """All sessions, the one made first first."""
        with self._reading() as connection:
            order = (SCAN_SESSIONS.c.created_ns, SCAN_SESSIONS.c.session_id)
            ids = connection.execute(select(SCAN_SESSIONS.c.session_id).order_by(*order)).scalars().all()
            return _session_infos(connection, ids)

    def session_counts(self, session_id: str) -> SessionCounts:
        """What the session holds, in numbers. Raises: NotFound."""
        with self._reading() as connection:
            require_session(connection, session_id)
            return _counts(connection, session_id)


def require_session(connection: Connection, session_id: str) -> None:
    """Raise NotFound unless there is such a session."""
    query = select(SCAN_SESSIONS.c.session_id).where(SCAN_SESSIONS.c.session_id == session_id)
    if connection.execute(query).first() is None:
        raise NotFound(f"no session {session_id!r}", hint=_SCAN_FIRST)


def session_roots(connection: Connection, session_id: str) -> list[tuple[int, bytes]]:
    """(root id, path) of a session's roots, ordered by path."""
    query = select(SESSION_ROOTS.c.root_id, SESSION_ROOTS.c.path).where(SESSION_ROOTS.c.session_id == session_id)
    return [(row.root_id, row.path) for row in connection.execute(query.order_by(SESSION_ROOTS.c.path))]


def _make_session(connection: Connection, key: str, roots: Sequence[Root], tag: str | None, now_ns: int) -> str:
    session_id = new_id()
    head = {"session_id": session_id, "tag": tag, "roots_key": key, "created_ns": now_ns, "scanned_ns": now_ns}
    connection.execute(insert(SCAN_SESSIONS).values(head))
    by_path = {root.path: root for root in roots}
    rows = [
        {"session_id": session_id, "position": position, "path": root.path, "filesystem": legible(root.filesystem)}
        for position, root in enumerate(by_path.values())
    ]
    if rows:
        connection.execute(insert(SESSION_ROOTS), rows)
    return session_id


def _update_session(connection: Connection, session_id: str, roots: Sequence[Root], tag: str | None) -> None:
    if tag is not None:
        connection.execute(update(SCAN_SESSIONS).where(SCAN_SESSIONS.c.session_id == session_id).values(tag=tag))
    for root in roots:
        its_row = (SESSION_ROOTS.c.session_id == session_id) & (SESSION_ROOTS.c.path == root.path)
        connection.execute(update(SESSION_ROOTS).where(its_row).values(filesystem=legible(root.filesystem)))


def _session_infos(connection: Connection, session_ids: Sequence[str]) -> list[SessionInfo]:
    infos = []
    for session_id in session_ids:
        head = connection.execute(
            select(SCAN_SESSIONS.c.tag, SCAN_SESSIONS.c.scanned_ns).where(SCAN_SESSIONS.c.session_id == session_id)
        ).one()
        query = select(SESSION_ROOTS.c.path, SESSION_ROOTS.c.filesystem).where(SESSION_ROOTS.c.session_id == session_id)
        roots = tuple(Root(*row) for row in connection.execute(query.order_by(SESSION_ROOTS.c.position)))
        infos.append(SessionInfo(session_id, head.tag, roots, head.scanned_ns, _counts(connection, session_id)))
    return infos


def _counts(connection: Connection, session_id: str) -> SessionCounts:
    roots = select(SESSION_ROOTS.c.root_id).where(SESSION_ROOTS.c.session_id == session_id)
    files = select(
        func.count(FILES.c.file_id),
        func.coalesce(func.sum(FILES.c.size_bytes), 0),
        func.count(CLASSIFICATIONS.c.file_id),
        func.count(FILES.c.classified_category),
    )
    joined = files.outerjoin_from(FILES, CLASSIFICATIONS, FILES.c.file_id == CLASSIFICATIONS.c.file_id)
    n_files, size_bytes, n_classified, n_labelled = connection.execute(joined.where(FILES.c.root_id.in_(roots))).one()
    issues = (
        select(SCAN_ISSUES.c.kind, func.count()).where(SCAN_ISSUES.c.root_id.in_(roots)).group_by(SCAN_ISSUES.c.kind)
    )
    n_issues = {row[0]: row[1] for row in connection.execute(issues)}
    n_skipped, n_unreadable = n_issues.get(SKIPPED, 0), n_issues.get(UNREADABLE, 0)
    return SessionCounts(n_files, int(size_bytes), n_classified, n_labelled, n_skipped, n_unreadable)
