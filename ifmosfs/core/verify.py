"""Does the disk hold what the journal says was done? Differences are values; nothing is changed.

After a commit this compares the target tree; after a rollback the old places, for what holds now is what is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ifmosfs.core.effects import Response, disk_failed, look_at, response_to
from ifmosfs.core.files import Attr, Fingerprint, Kind, Place
from ifmosfs.core.history import RunHistory, Standing, held_actions, standing, taken_back
from ifmosfs.core.journal import OpKind
from ifmosfs.core.names import CONTROL_NAME, join
from ifmosfs.core.plan import Action
from ifmosfs.core.ports import DiskReader
from ifmosfs.core.renumbered import Numbers
from ifmosfs.core.reports import Problem, VerifyReport, problem
from ifmosfs.core.transfer import content_digest


def verify(
    history: Sequence[RunHistory],
    disk: DiskReader,
    *,
    digests: Mapping[int, bytes] | None = None,
    actions: Sequence[Action] = (),
    progress: Callable[[int, int], None] = lambda n_done, n_total: None,
) -> VerifyReport:
    """How the disk compares with a plan's runs, given oldest first. Files in the vault are compared like all others.

    Of a carried folder it is only looked whether it is the same; what is in it is its owner's. `actions` are the plan's, for
    the counts.

    `digests`: BLAKE3 by action id of contents known from elsewhere (before the commit). Where it is given, the files that it
    names, and those whose copy was hashed by the run, are read in full. Entries in folders that the runs made, and that
    they did not put there, are reported as extra.
    Raises: RecoveryNeeded if a run did not finish; DiskFailed.
    """
    verification = _Verification(disk, digests)
    found = standing(history)
    newest = _newest_by_place(found)
    for n_done, each in enumerate(newest.values(), 1):
        verification.check(each)
        progress(n_done, len(newest))
    verification.look_for_extra(newest)
    n_held, n_back = len(held_actions(history, actions)), len(taken_back(history, actions))
    return replace(verification.report(), n_held=n_held, n_taken_back=n_back)


def _newest_by_place(found: Sequence[Standing]) -> dict[bytes, Standing]:
    """What arrived last at each place, and did not go on from there; by absolute path."""
    places: dict[bytes, Standing] = {}
    left: set[bytes] = set()
    for each in found:  # newest first
        operation = each.operation
        if operation.kind in {OpKind.MOVE, OpKind.CARRY, OpKind.MKDIR} and operation.target is not None:
            target = operation.target.absolute
            if target not in left:
                places.setdefault(target, each)
        if operation.kind in {OpKind.MOVE, OpKind.CARRY, OpKind.RMDIR} and operation.source is not None:
            left.add(operation.source.absolute)
    return places


class _Verification:
    """One verification under way."""

    def __init__(self, disk: DiskReader, digests: Mapping[int, bytes] | None) -> None:
        self._disk = disk
        self._digests = digests
        self._numbers = Numbers(disk)
        self._n_checked = 0
        self._n_content = 0
        self._missing: list[Problem] = []
        self._changed: list[Problem] = []
        self._extra: list[Problem] = []

    def check(self, each: Standing) -> None:
        """Compare one file or folder with what arrived."""
        place, action_id = each.operation.target, each.operation.action_id
        if place is None:
            return
        self._n_checked += 1
        found = self._look(place)
        if found is None:
            self._missing.append(problem("missing", place.absolute, action_id=action_id))
        elif each.operation.kind is OpKind.MKDIR:
            if found.kind is not Kind.FOLDER:
                self._changed.append(problem("not-as-committed", place.absolute))
        elif each.operation.kind is OpKind.CARRY:
            is_same = each.base is not None and found.fingerprint.same_inode(each.base)
            if found.kind is not Kind.FOLDER or not is_same:
                self._changed.append(problem("not-as-committed", place.absolute))
        elif each.base is None or not self._is_file(place, each.base, found):
            self._changed.append(problem("not-as-committed", place.absolute, action_id=action_id))
        else:
            self._check_content(each, place)

    def _is_file(self, place: Place, base: Fingerprint, found: Attr) -> bool:
        return found.fingerprint.same_file(base) or self._numbers.is_file(place, base, found)

    def _look(self, place: Place) -> Attr | None:
        return look_at(self._disk, place)

    def _check_content(self, each: Standing, place: Place) -> None:
        if self._digests is None:
            return
        expected = self._digests.get(each.operation.action_id, each.outcome.digest)
        if expected is None:
            return
        self._n_content += 1
        try:
            found = content_digest(self._disk, place)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, place) from error
            words = f"its content cannot be read ({error.strerror})"
            self._changed.append(
                problem("content-differs", place.absolute, words=words, action_id=each.operation.action_id)
            )
            return
        if found != expected:
            self._changed.append(problem("content-differs", place.absolute, action_id=each.operation.action_id))

    def look_for_extra(self, places: Mapping[bytes, Standing]) -> None:
        """Report what lies in the runs' own folders without having been put there by them."""
        for each in places.values():
            folder = each.operation.target
            if each.operation.kind is not OpKind.MKDIR or folder is None or folder.path == CONTROL_NAME:
                continue
            found = self._look(folder)
            if found is None or found.kind is not Kind.FOLDER:
                continue
            for name, _ in self._entries(folder):
                entry = Place(folder.root, join(folder.path, name)).absolute
                if name != CONTROL_NAME and entry not in places:
                    self._extra.append(problem("extra", entry))

    def _entries(self, folder: Place) -> Sequence[tuple[bytes, Attr]]:
        try:
            return self._disk.list_folder(folder)
        except OSError as error:
            if response_to(error) is Response.FATAL:
                raise disk_failed(error, folder) from error
            return ()

    def report(self) -> VerifyReport:
        """All differences that were found."""
        return VerifyReport(
            self._n_checked, self._n_content, tuple(self._missing), tuple(self._changed), tuple(self._extra)
        )
