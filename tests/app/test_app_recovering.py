"""What a plan is after the recovery of its commit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ifmosfs.app.committing import prepare_commit, run_commit
from ifmosfs.app.context import App
from ifmosfs.app.recovering import recover_runs
from ifmosfs.app.scanning import scan
from ifmosfs.app.settings import load_settings
from ifmosfs.app.staging import create_plan
from ifmosfs.core.execute import StopRequest
from ifmosfs.core.plan import PlanState
from ifmosfs.core.proposal import Proposal


class Killed(BaseException):
    """Ends the process that the test plays."""


def killed_at_the_second_call() -> Callable[[], StopRequest | None]:
    """Lets a run begin, and kills it."""
    n_left = 1

    def stop() -> StopRequest | None:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise Killed
        return None

    return stop


def test_a_recovered_commit_leaves_its_plan_committing_if_it_had_moved_a_file(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("a.pdf", "b.pdf"):
        (inbox / name).write_bytes(b"%PDF-1.4 invoice")
    with App(load_settings({**os.environ, "IFMOSFS_HOME": str(tmp_path / "home")})) as app:
        session = app.catalogue.find_session(scan(app, [os.fsencode(inbox)]).session_id)
        files = app.catalogue.unclassified(session.session_id, app.classifier.name)
        proposals = [(file.file_id, Proposal("financial_document", 0.9, "said so")) for file in files]
        app.catalogue.save_proposals(app.classifier.name, proposals)
        plan_id = create_plan(app, session, os.fsencode(tmp_path / "out")).plan_id
        with app.writing() as journal:
            prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan_id))
            with pytest.raises(Killed):
                run_commit(app, journal, prepared, snapshot=True, stop=killed_at_the_second_call())
            os.rename(inbox / "b.pdf", tmp_path / "b.pdf")  # so that recovery cannot move it
            recover_runs(app, journal)
        assert app.catalogue.find_plan(plan_id).state is PlanState.COMMITTING
    assert os.listdir(inbox) == []


def test_each_of_several_runs_that_are_recovered_together_leaves_a_version_with_how_it_was_then(tmp_path: Path) -> None:
    plans: list[str] = []
    with App(load_settings({**os.environ, "IFMOSFS_HOME": str(tmp_path / "home")})) as app:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            for number in (1, 2):
                (tmp_path / name / f"{name} {number}.pdf").write_bytes(b"%PDF-1.4 invoice")
            session = app.catalogue.find_session(scan(app, [os.fsencode(tmp_path / name)]).session_id)
            found = app.catalogue.unclassified(session.session_id, app.classifier.name)
            proposals = [(file.file_id, Proposal("financial_document", 0.9, "said so")) for file in found]
            app.catalogue.save_proposals(app.classifier.name, proposals)
            plans.append(create_plan(app, session, os.fsencode(tmp_path / f"to {name}")).plan_id)
        with app.writing() as journal:
            for plan_id in plans:
                prepared = prepare_commit(app, journal, app.catalogue.find_plan(plan_id))
                with pytest.raises(Killed):
                    run_commit(app, journal, prepared, snapshot=True, stop=killed_at_the_second_call())
        with app.writing() as journal:
            recover_runs(app, journal)
        versions = app.catalogue.versions()
        assert [(each.plan_id, each.n_moved) for each in versions] == [(plan_id, 2) for plan_id in plans]
        manifests = [list(app.catalogue.snapshot_entries(each.snapshot_id)) for each in versions if each.snapshot_id]
        files = [[os.path.basename(entry.path) for entry in entries if not entry.is_folder] for entries in manifests]
        assert files == [[b"one 1.pdf", b"one 2.pdf"], [b"two 1.pdf", b"two 2.pdf"]]
