"""What the catalogue has stored is there after a power cut: each edit in a view is acknowledged when it is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_values import ROOT, plan_of

from ifmosfs.core.plan import Edit, EditKind, PlanEvent, PlanState
from ifmosfs.store.catalogue import open_catalogue
from tests.proof.images import SIZES_MIB, image

pytestmark = pytest.mark.root


@pytest.mark.parametrize("fstype", SIZES_MIB)
def test_each_edit_that_was_stored_is_there_after_a_power_cut_in_the_next_moment(tmp_path: Path, fstype: str) -> None:
    with image(tmp_path, fstype) as disk:
        state = disk.point / "state"
        with open_catalogue(state) as catalogue:
            session = catalogue.session_for([ROOT], None, 1)
            catalogue.save_plan(plan_of(session, "p1", (b"x", b"a/x")))
            catalogue.advance("p1", PlanEvent.STAGE)
        disk.sync()
        for number in range(1, 6):
            with open_catalogue(state) as catalogue:
                catalogue.append_edit("p1", Edit(0, EditKind.MKDIR, b"folder %d" % number, None, 5))
                disk.cut_power(catalogue.close)
            with open_catalogue(state) as catalogue:
                assert [edit.path for edit in catalogue.edits("p1")] == [b"folder %d" % n for n in range(1, number + 1)]
        with open_catalogue(state) as catalogue:
            catalogue.advance("p1", PlanEvent.DISCARD)
            disk.cut_power(catalogue.close)
        with open_catalogue(state) as catalogue:
            assert catalogue.find_plan("p1", None).state is PlanState.DISCARDED
        disk.assert_sound()
