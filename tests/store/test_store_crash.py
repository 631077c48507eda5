"""A writer of the catalogue that is killed in the middle leaves the old state, whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_values import ROOT, found, plan_of

from ifmosfs.store.catalogue import open_catalogue

# SIGKILL right after the n-th statement that matches, with so small a cache that the database file is half rewritten by then.
CHILD = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[2])
from sqlalchemy import event
from ifmosfs.store.catalogue import open_catalogue
from store_values import ROOT, found, plan_of
catalogue = open_catalogue(pathlib.Path(sys.argv[1]))
session_id = catalogue.find_session().session_id

@event.listens_for(catalogue._engine, "after_cursor_execute")
def kill(connection, cursor, statement, parameters, context, many):
    if statement.startswith("BEGIN IMMEDIATE"):
        cursor.execute("PRAGMA cache_size = 5")
    if statement.startswith(sys.argv[3]):
        print(os.path.exists(pathlib.Path(sys.argv[1], "catalogue.db-journal")), flush=True)
        os.kill(os.getpid(), 9)

if sys.argv[4] == "scan":
    catalogue.record_scan(session_id, ROOT.path, [found(b"new%d" % at) for at in range(5000)], [], [], 3)
else:
    catalogue.save_plan(plan_of(session_id, "p2", *((b"%d" % at, b"a/%d" % at) for at in range(5000))))
"""
MOMENTS = [
    ("DELETE FROM files", "scan"),
    ("INSERT INTO files", "scan"),
    ("UPDATE scan_sessions", "scan"),
    ("INSERT INTO staging_plans", "plan"),
    ("INSERT INTO staging_actions", "plan"),
]


@pytest.mark.parametrize(("statement", "work"), MOMENTS, ids=[moment[0] for moment in MOMENTS])
def test_writer_killed_after_a_statement_leaves_the_old_state(tmp_path: Path, statement: str, work: str) -> None:
    with open_catalogue(tmp_path) as catalogue:
        session_id = catalogue.session_for([ROOT], None, 1)
        catalogue.record_scan(session_id, ROOT.path, [found(b"old%d" % at) for at in range(3000)], [], [], 2)
        catalogue.save_plan(plan_of(session_id, "p1", (b"x", b"a/x")))
        before = list(catalogue.classified(session_id)), catalogue.plans(), catalogue.find_session()
    arguments = [sys.executable, "-c", CHILD, tmp_path, Path(__file__).parent, statement, work]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "True\n"), done.stderr
    with open_catalogue(tmp_path) as catalogue:
        assert (list(catalogue.classified(session_id)), catalogue.plans(), catalogue.find_session()) == before
        with catalogue._reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
