"""technical_database: files that hold tables or keys with values."""

from __future__ import annotations

import struct
from functools import partial

from ifmosfs.ml.synth.formats import databases
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import DocumentType, Draft, document, register_types

DATABASE_NAMES = {
    "places": "places|formhistory|cookies",
    "History": "History|Web Data|Cookies|Favicons",
    "msgstore": "msgstore|chat|sms|signal_backup",
    "app": "app|data|«project»|db|development|storage",
    "metadata": "metadata|calibre|library",
    "library": "library|music|Photos|mmdb",
    "sensors": "home-assistant_v2|sensors|weather|log",
    "shop": "shop|northwind|customers|orders",
    "tiles": "«city».mbtiles|tiles|map",
    "django": "db|dev|test",
}


def _sqlite(schema: str, pen: Pen) -> Draft:
    return Draft(
        databases.write_sqlite(pen, schema),
        pen.pick(("db", "sqlite", "sqlite3", "db3", "sqlite", "")),
        DATABASE_NAMES[schema],
        "data|AppData/Local/«Noun»|databases|.config/«noun»|Firefox/Profiles/«a:8».default",
    )


register_types(
    DocumentType("technical_database", f"sqlite_{schema.lower()}", partial(_sqlite, schema), ("en", "de"), 2)
    for schema in databases.SCHEMAS
)


@document("technical_database", weight=2)
def access_database(pen: Pen) -> Draft:
    """Microsoft Access."""
    return Draft(
        databases.write_access(pen),
        pen.pick(("mdb", "accdb", "mdb", "accde")),
        "«noun»|Kunden|database|Northwind|Verein|«Noun» «year»|inventory",
        "Access|data",
    )


@document("technical_database", weight=2)
def dbase_table(pen: Pen) -> Draft:
    """dBase."""
    return Draft(databases.write_dbf(pen), "dbf", "«NOUN»|«noun»|kunden|adressen|«noun»«n:1-99»", "data|dbase|FOXPRO")


@document("technical_database", weight=2, by_format=True)
def key_value_store(pen: Pen) -> Draft:
    """Berkeley DB, and the files of servers by their heads."""
    kind = pen.pick(("db", "bdb", "rdb", "mdb", "frm", "MYI", "ibd", "ldb", "fdb", "kdb"))
    body = pen.noise(pen.size(900, 9000)) + pen.slot("snake", "").encode()
    heads = {
        "rdb": b"REDIS0009\xfa\tredis-ver\x055.0.7\xfa\nredis-bits\xc0@" + body,
        "mdb": bytes(16) + struct.pack("<II", 0xBEEFC0DE, 1) + body,
        "frm": b"\xfe\x01\x0a\x0c\x12\x00\x56\x00\x01\x00" + body,
        "MYI": b"\xfe\xfe\x07\x01" + body,
        "ibd": bytes(38) + body + bytes(3000),
        "fdb": b"\x01\x00\x39\x30" + bytes(12) + body,
        "ldb": body + bytes.fromhex("57fb808b247547db"),
        "kdb": b"\x00\x01\x00\x00Standard Jet DB\x00" + body,
    }
    return Draft(
        heads.get(kind, databases.write_berkeley(pen)),
        kind,
        "«noun»|data|dump|«NOUN»|00000«n:1-9»|aliases|«snake»",
        "var/lib/«noun»|data|leveldb",
    )
