"""SQLite databases with the schemas that programs have, and other database files by their headers."""

from __future__ import annotations

import sqlite3
import struct

from ifmosfs.ml.synth.pen import Pen

SCHEMAS = {
    "places": (
        "moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR, visit_count INTEGER)|«n:1-9999»;«url»;«Noun»;«n:1-99»",
        "moz_historyvisits (id INTEGER PRIMARY KEY, from_visit INTEGER, place_id INTEGER, visit_date INTEGER)|«n:1-9999»;«n:0-99»;«n:1-99»;«epoch»",
    ),
    "History": (
        "urls (id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR, last_visit_time INTEGER)|«n:1-9999»;«url»;«Noun»;«epoch»",
        "downloads (id INTEGER PRIMARY KEY, current_path LONGVARCHAR, total_bytes INTEGER)|«n:1-9999»;«unixpath»;«n:1-99999»",
    ),
    "msgstore": (
        "messages (_id INTEGER PRIMARY KEY, key_remote_jid TEXT, data TEXT, timestamp INTEGER)|«n:1-9999»;«phone»;«sentence»;«epoch»",
        "chat_list (_id INTEGER PRIMARY KEY, subject TEXT)|«n:1-99»;«Noun»",
    ),
    "app": (
        "users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, created_at TEXT)|«n:1-9999»;«person»;«email»;«isodate»",
        "«noun»s (id INTEGER PRIMARY KEY, «snake» TEXT, «snake» REAL)|«n:1-9999»;«word»;«f:0-99/2»",
    ),
    "metadata": (
        "books (id INTEGER PRIMARY KEY, title TEXT, author_sort TEXT, path TEXT)|«n:1-9999»;The «Adj» «Noun»;«surname», «first»;«surname»/«Noun»",
        "tags (id INTEGER PRIMARY KEY, name TEXT)|«n:1-99»;«noun»",
    ),
    "library": (
        "track (id INTEGER PRIMARY KEY, title TEXT, artist TEXT, duration REAL)|«n:1-9999»;«song»;«artist»;«f:60-400/1»",
    ),
    "sensors": (
        "readings (ts INTEGER, sensor TEXT, value REAL)|«epoch»;«noun»;«f:0-99/3»",
        "states (state_id INTEGER PRIMARY KEY, entity_id TEXT, state TEXT)|«n:1-9999»;sensor.«snake»;«n:0-99»",
    ),
    "shop": (
        "customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT)|«n:1-9999»;«person»;«city»",
        "orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total REAL, day TEXT)|«n:1-9999»;«n:1-99»;«f:5-900/2»;«isodate»",
        "products (sku TEXT, name TEXT, price REAL)|«product_code»;«product»;«f:1-300/2»",
    ),
    "tiles": (
        "metadata (name TEXT, value TEXT)|«noun»;«word»",
        "tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER)|«n:1-18»;«n:0-9999»;«n:0-9999»",
    ),
    "django": (
        "django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT)|«n:1-999»;«noun»;0001_initial",
        "auth_user (id INTEGER PRIMARY KEY, username TEXT, email TEXT)|«n:1-99»;«user»;«email»",
        "django_session (session_key TEXT, session_data TEXT)|«hex:32»;«b64:60»",
    ),
}


def write_sqlite(pen: Pen, schema: str) -> bytes:
    """A database of one of the schemas, whole and vacuumed."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"PRAGMA page_size={pen.pick((1024, 4096, 4096))}")
        connection.execute(f"PRAGMA user_version={pen.whole(0, 60)}")
        for table in SCHEMAS[schema]:
            _fill(connection, pen, table)
        if pen.chance(0.4):
            connection.execute(f"CREATE VIEW v_{pen.slot('noun', '')}_view AS SELECT 1")
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, pen: Pen, table: str) -> None:
    definition, _, row = table.partition("|")
    definition = pen.say(definition)
    connection.execute(
        f'CREATE TABLE "{definition.partition(" ")[0]}" {definition.partition(" ")[2]}'
        if pen.chance(0.5)
        else f"CREATE TABLE IF NOT EXISTS '{definition.partition(' ')[0]}' {definition.partition(' ')[2]}"
    )
    name = definition.partition(" ")[0]
    rows = [pen.say(row).split(";") for _ in range(pen.size(2, 120))]
    marks = ",".join("?" * len(rows[0]))
    connection.executemany(
        f'INSERT OR REPLACE INTO "{name}" VALUES ({marks})',
        [each[: len(rows[0])] + [""] * (len(rows[0]) - len(each)) for each in rows],
    )


def write_dbf(pen: Pen) -> bytes:
    """A table of dBase III."""
    fields = [
        (pen.slot("noun", "")[:10].upper(), pen.pick("CN"), pen.pick((8, 12, 20))) for _ in range(pen.whole(2, 8))
    ]
    length = 1 + sum(width for _, _, width in fields)
    n = pen.size(2, 200)
    head = struct.pack(
        "<BBBBIHH20x", 3, pen.now.year - 1900, pen.now.month, pen.now.day, n, 33 + 32 * len(fields), length
    )
    head += (
        b"".join(
            name.encode().ljust(11, b"\x00") + kind.encode() + bytes(4) + bytes([width, 0]) + bytes(14)
            for name, kind, width in fields
        )
        + b"\r"
    )
    rows = b"".join(b" " + b"".join(_dbf_cell(pen, kind, width) for _, kind, width in fields) for _ in range(n))
    return head + rows + b"\x1a"


def _dbf_cell(pen: Pen, kind: str, width: int) -> bytes:
    if kind == "N":
        return str(pen.whole(0, 99999)).rjust(width)[:width].encode()
    return pen.slot("word", "").encode()[:width].ljust(width)


def write_access(pen: Pen) -> bytes:
    """The first pages of an Access database; what follows is noise, as most of it is packed."""
    new = pen.chance(0.5)
    head = (
        b"\x00\x01\x00\x00"
        + (b"Standard ACE DB\x00" if new else b"Standard Jet DB\x00")
        + struct.pack("<I", 2 if new else pen.pick((0, 1)))
    )
    pages = b"".join(
        b"\x02\x01" + pen.say("«Pascal»").encode("utf-16-le").ljust(80, b"\x00") + pen.noise(120) + bytes(3894)
        for _ in range(pen.whole(1, 5))
    )
    return (head + pen.noise(126)).ljust(4096, b"\x00") + pages


def write_berkeley(pen: Pen) -> bytes:
    """A hash or tree of Berkeley DB: its first page, and pages with keys."""
    magic = pen.pick((0x00061561, 0x00053162))
    first = bytes(8) + struct.pack("<III", 0, magic, 9) + struct.pack("<I", 4096)
    body = b"\x00".join(pen.say("«snake»=«word»").encode() for _ in range(pen.size(5, 100)))
    return first.ljust(4096, b"\x00") + body.ljust(4096, b"\x00")
