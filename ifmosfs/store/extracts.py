"""What extractors found in contents, kept from one classification to the next, and let go by age and by size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, delete, func, select

from ifmosfs.store.bulk import batches, delete_rows, insert_rows, update_rows
from ifmosfs.store.database import Database
from ifmosfs.store.schema import EXTRACTS

DAY_NS: Final = 24 * 3600 * 1_000_000_000
NOTED_AFTER_NS: Final = 7 * DAY_NS  # a use is written down only when the last one is this long ago
MOST_AGE_NS: Final = 180 * DAY_NS
MOST_BYTES: Final = 256 * 1024 * 1024
_N_KEYS: Final = 5_000  # bound parameters in one statement


class Extracts(Database):
    """Extracts by the keys of contents. They are opaque here; only the extractor understands them."""

    def load_extracts(self, extractor: str, keys: Sequence[bytes], now_ns: int) -> dict[bytes, bytes]:
        """What this extractor (name and version) has stored under these keys; noted as used."""
        found: dict[bytes, bytes] = {}
        stale: list[bytes] = []
        columns = (EXTRACTS.c.content_key, EXTRACTS.c.extract, EXTRACTS.c.used_ns)
        with self._reading() as connection:
            for some in batches(keys, _N_KEYS):
                query = select(*columns).where(EXTRACTS.c.content_key.in_(some), EXTRACTS.c.extractor == extractor)
                for key, extract, used_ns in connection.execute(query).all():
                    found[key] = extract
                    stale += [key] if now_ns - used_ns > NOTED_AFTER_NS else []
        if stale:
            with self._writing() as connection:
                update_rows(connection, EXTRACTS, ("used_ns",), ("content_key",), ((now_ns, key) for key in stale))
        return found

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]], now_ns: int) -> None:
        """Store these in one transaction, in the place of what was stored under the same keys."""
        rows = {key: (key, extractor, now_ns, extract) for key, extract in extracts}
        with self._writing() as connection:
            delete_rows(connection, EXTRACTS, "content_key", rows)
            insert_rows(connection, EXTRACTS, ("content_key", "extractor", "used_ns", "extract"), rows.values())

    def prune_extracts(
        self, extractor: str, now_ns: int, most_age_ns: int = MOST_AGE_NS, most_bytes: int = MOST_BYTES
    ) -> int:
        """Let go what other versions of the extractor made, what was not used for long, and of the rest, beyond `most_bytes` in sum,
        what was not used the longest; returns how many. Writes nothing where nothing is to go."""
        old = (EXTRACTS.c.extractor != extractor) | (EXTRACTS.c.used_ns < now_ns - most_age_ns)
        with self._reading() as connection:
            n_old = connection.execute(select(func.count()).select_from(EXTRACTS).where(old)).scalar_one()
            n_bytes = _size_bytes(connection)
        if not n_old and n_bytes <= most_bytes:
            return 0
        with self._writing() as connection:
            n_gone = connection.execute(delete(EXTRACTS).where(old)).rowcount
            beyond = _least_used(connection, _size_bytes(connection) - most_bytes)
            delete_rows(connection, EXTRACTS, "content_key", beyond)
        return n_gone + len(beyond)


def _size_bytes(connection: Connection) -> int:
    total = connection.execute(select(func.sum(func.length(EXTRACTS.c.extract)))).scalar()
    return int(total or 0)


def _least_used(connection: Connection, n_bytes: int) -> list[bytes]:
    """The keys of those that were not used the longest, as many as hold `n_bytes`."""
    keys: list[bytes] = []
    if n_bytes <= 0:
        return keys
    size = func.length(EXTRACTS.c.extract)
    query = select(EXTRACTS.c.content_key, size).order_by(EXTRACTS.c.used_ns, EXTRACTS.c.content_key)
    for key, length in connection.execute(query):
        keys.append(key)
        n_bytes -= length
        if n_bytes <= 0:
            break
    return keys
