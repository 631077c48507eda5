"""Extracts in the catalogue: found by key and version, noted as used, and let go by version, age and size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ifmosfs.store.catalogue import Catalogue, open_catalogue
from ifmosfs.store.extracts import DAY_NS, NOTED_AFTER_NS

NOW = 1_000 * DAY_NS


def keys_of(catalogue: Catalogue) -> dict[bytes, int]:
    """All keys with the time of their last use."""
    with catalogue._reading() as connection:
        return dict(connection.exec_driver_sql("SELECT content_key, used_ns FROM extracts").fetchall())


def test_extracts_are_found_by_key_and_by_the_version_that_made_them(catalogue: Catalogue) -> None:
    catalogue.save_extracts("1", [(b"a", b"A"), (b"b\0", b"\xff")], NOW)
    assert catalogue.load_extracts("1", [b"a", b"b\0", b"c"], NOW) == {b"a": b"A", b"b\0": b"\xff"}
    assert catalogue.load_extracts("2", [b"a"], NOW) == {}


def test_newer_extract_takes_the_place_of_the_older_one(catalogue: Catalogue) -> None:
    catalogue.save_extracts("1", [(b"a", b"old")], NOW)
    catalogue.save_extracts("2", [(b"a", b"one"), (b"a", b"new")], NOW + 1)
    assert (catalogue.load_extracts("1", [b"a"], NOW), catalogue.load_extracts("2", [b"a"], NOW)) == (
        {},
        {b"a": b"new"},
    )


def test_use_is_noted_when_the_last_one_was_long_ago(catalogue: Catalogue) -> None:
    catalogue.save_extracts("1", [(b"a", b""), (b"b", b"")], NOW)
    catalogue.load_extracts("1", [b"a"], NOW + NOTED_AFTER_NS)
    assert keys_of(catalogue) == {b"a": NOW, b"b": NOW}
    catalogue.load_extracts("1", [b"a"], NOW + NOTED_AFTER_NS + 1)
    assert keys_of(catalogue) == {b"a": NOW + NOTED_AFTER_NS + 1, b"b": NOW}


def test_other_versions_and_what_was_not_used_for_long_are_let_go(catalogue: Catalogue) -> None:
    catalogue.save_extracts("1", [(b"other", b"")], NOW)
    catalogue.save_extracts("2", [(b"old", b"")], NOW - 10)
    catalogue.save_extracts("2", [(b"new", b"")], NOW - 9)
    assert catalogue.prune_extracts("2", NOW, most_age_ns=9) == 2
    assert keys_of(catalogue) == {b"new": NOW - 9}


def test_beyond_the_size_what_was_not_used_the_longest_is_let_go(catalogue: Catalogue) -> None:
    for at, key in enumerate((b"a", b"b", b"c", b"d")):
        catalogue.save_extracts("1", [(key, b"x" * 100)], NOW + at)
    assert catalogue.prune_extracts("1", NOW, most_bytes=400) == 0
    assert catalogue.prune_extracts("1", NOW, most_bytes=250) == 2
    assert set(keys_of(catalogue)) == {b"c", b"d"}


def test_catalogue_of_the_sixth_version_gets_the_table_and_keeps_all_else(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from ifmosfs.store.database import sqlite_engine
    from ifmosfs.store.migrate import SCRIPTS

    engine = sqlite_engine(tmp_path / "catalogue.db")
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        connection.exec_driver_sql("INSERT INTO scan_sessions VALUES ('5e5510', NULL, 'k', 1, 2, NULL)")
    engine.dispose()
    with open_catalogue(tmp_path) as catalogue:
        assert [session.session_id for session in catalogue.sessions()] == ["5e5510"]
        catalogue.save_extracts("1", [(b"a", b"A")], NOW)
        assert catalogue.load_extracts("1", [b"a"], NOW) == {b"a": b"A"}
    with closing(sqlite3.connect(tmp_path / "catalogue.db.0006.bak")) as before, before:
        assert before.execute("SELECT session_id FROM scan_sessions").fetchall() == [("5e5510",)]
    before.close()
