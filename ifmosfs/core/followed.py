"""Where later runs of other plans have brought the files of a plan: undo and proof follow a file, and not its name.

A later commit may have displaced a file into the vault, or moved it on because its folder was scanned; a rollback of another plan
may have taken back what this one had put away. So may they have removed a folder that this one has made, and made it again. All of it
stands in the journal, so it is told from there, in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ifmosfs.core.files import Fingerprint, Place
from ifmosfs.core.history import MOVING, Key, RunHistory, undone_by, way_of
from ifmosfs.core.journal import OpKind, OpState, Recorded, Run, RunKind
from ifmosfs.core.names import is_within


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan's runs, with each file at the place where it is to be now.

    Among them are, as the undoing of what had moved the files, the removals by which other plans have emptied their vaults of them.
    What a rollback of another plan has taken back is left out: it is where that plan had found it. `foreign` are the absolute
    paths to which a file of another plan was brought last, where nothing is this plan's, even if one of its files was there before;
    and the moves to whose places another file of the plan was brought by others, so that theirs must have gone. `back`: the moves
    whose files others have brought to where they are to be, and where nothing was brought since.
    """

    history: tuple[RunHistory, ...]
    foreign: frozenset[bytes | Key]
    back: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class _Brought:
    """Where a file of the plan has been brought by another one. `is_taken_back`: by undoing what had brought the file to where
    this plan found it, and not what has moved it on since."""

    target: Place
    arrived: Fingerprint | None
    is_taken_back: bool


class _Trail:
    """The files of the plan by the absolute path at which each is, while the runs of all plans are gone through."""

    def __init__(self) -> None:
        self._at: dict[bytes, Key] = {}
        self._since: dict[Key, set[Key]] = {}  # what others have done to each file since this plan first moved it
        self._taken_back: set[Key] = set()
        self._turns: dict[Key, set[Key]] = {}  # what took each file back, what undid that, what undid this, and so on
        self.brought: dict[Key, _Brought] = {}
        self.foreign: set[bytes] = set()
        self.removals: list[tuple[Run, Recorded]] = []
        self.gone: set[Key] = set()  # whose place another file has been brought to

    def left_there(self) -> frozenset[Key]:
        """The files that others have brought to a place to which nothing was brought since."""
        return frozenset(key for key, one in self.brought.items() if self._at.get(one.target.absolute) == key)

    def _arrive(self, path: bytes, key: Key | None) -> None:
        before = self._at.pop(path, None)
        if before is not None and before != key:
            self.gone.add(before)
        if key is not None:
            self._at[path] = key
            self.gone.discard(key)
            self.foreign.discard(path)

    def own(self, run_id: str, row: Recorded) -> None:
        """An operation of the plan itself."""
        source, target = row.operation.source, row.operation.target
        before = None if source is None else self._at.pop(source.absolute, None)
        if target is not None:
            key = run_id, row.operation.seq
            self._arrive(target.absolute, key)
            if before in self._since:
                self._since[key] = set(self._since[before])

    def other(self, run: Run, row: Recorded) -> None:
        """An operation of another plan."""
        operation = row.operation
        if operation.kind is OpKind.REMOVE and operation.source is not None:
            self._remove(operation.source, run, row)
        if operation.source is None or operation.target is None:
            return
        if operation.kind is OpKind.CARRY:
            self._carry(run, operation.source, operation.target, row)
        key = self._at.pop(operation.source.absolute, None)
        if key is None:
            self._arrive(operation.target.absolute, None)  # if one of ours was there, somebody has taken it away
            self.foreign.add(operation.target.absolute)
        else:
            self._bring(key, operation.target, row.outcome.arrived, run, row)

    def _remove(self, source: Place, run: Run, row: Recorded) -> None:
        key = self._at.pop(source.absolute, None)
        if key is not None:
            self.removals.append((run, replace(row, operation=replace(row.operation, inverse_of=key))))

    def _carry(self, run: Run, source: Place, target: Place, row: Recorded) -> None:
        for path in [path for path in self._at if path != source.absolute and is_within(path, source.absolute)]:
            below = path[len(source.absolute) :]
            place = Place(target.root, target.path + below if target.path else below.lstrip(b"/"))
            self._bring(self._at.pop(path), place, None, run, row)

    def _bring(self, key: Key, target: Place, arrived: Fingerprint | None, run: Run, row: Recorded) -> None:
        since, turns = self._since.setdefault(key, set()), self._turns.setdefault(key, set())
        mine, undone = (run.run_id, row.operation.seq), row.operation.inverse_of
        if undone in turns:
            self._taken_back ^= {key}
            turns.add(mine)
        elif run.kind is RunKind.ROLLBACK and undone not in since and key not in self._taken_back:
            self._taken_back.add(key)
            turns.add(mine)
        since.add(mine)
        self.brought[key] = _Brought(target, arrived, key in self._taken_back)
        self._arrive(target.absolute, key)


class _Folders:
    """The folders that the plan has made, by path, while other runs remove them and make them again."""

    def __init__(self) -> None:
        self._at: dict[bytes, tuple[Key, Fingerprint | None]] = {}
        self._removed: dict[Key, Key] = {}  # by its removal, what has made the folder
        self.remade: dict[Key, Fingerprint] = {}

    def own(self, run_id: str, row: Recorded) -> None:
        """An operation of the plan itself."""
        operation = row.operation
        if operation.kind is OpKind.MKDIR and operation.target is not None:
            self._at[operation.target.absolute] = (run_id, operation.seq), row.outcome.arrived
        elif operation.kind is OpKind.RMDIR and operation.source is not None:
            self._at.pop(operation.source.absolute, None)

    def other(self, run: Run, row: Recorded) -> None:
        """An operation of another plan."""
        operation, key = row.operation, (run.run_id, row.operation.seq)
        if operation.kind is OpKind.RMDIR and operation.source is not None:
            made, is_now = self._at.pop(operation.source.absolute, (None, None))
            if made is not None and is_now is not None and _is_inode(operation.expected, is_now):
                self._removed[key] = made
        elif operation.kind is OpKind.MKDIR and operation.target is not None:
            self._made(operation.target.absolute, run, row)

    def _made(self, path: bytes, run: Run, row: Recorded) -> None:
        """A folder that another plan has made: ours, if it is one of ours made again, or if a rollback had to make it on its way where
        somebody had removed ours."""
        before, _ = self._at.pop(path, (None, None))
        undone, arrived = row.operation.inverse_of, row.outcome.arrived
        ours = self._removed.get(undone) if undone is not None else before if run.kind is RunKind.ROLLBACK else None
        if ours is not None and arrived is not None:
            self._at[path] = ours, arrived
            self.remade[ours] = arrived


def _is_inode(found: Fingerprint | None, wanted: Fingerprint) -> bool:
    return found is not None and found.same_inode(wanted)


def follow(history: Sequence[RunHistory], others: Iterable[RunHistory]) -> Followed:
    """The plan's runs as they are to be read after the runs of other plans, both given oldest first.

    Only those of the others count that began after the plan's first run, and only what was done.
    """
    own = {each.run.run_id: each for each in history}
    since = min((each.run.started_ns for each in history), default=0)
    later = [each for each in others if each.run.run_id not in own and each.run.started_ns >= since]
    if not later:
        return Followed(tuple(history), frozenset())
    trail, folders = _Trail(), _Folders()
    for each in sorted([*history, *later], key=lambda each: each.run.started_ns):
        for row in each.recorded:
            if row.outcome.state is not OpState.DONE:
                continue
            seen = trail if row.operation.kind in {*MOVING, OpKind.REMOVE} else folders
            if each.run.run_id in own:
                seen.own(each.run.run_id, row)
            else:
                seen.other(each.run, row)
    undone = undone_by(history)
    gone = {way for key in trail.gone for way in way_of(key, undone)}
    retold = tuple(_retold(each, trail.brought, folders.remade, undone) for each in history)
    retold = tuple(sorted([*retold, *_removing(trail.removals)], key=lambda each: each.run.started_ns))
    return Followed(retold, frozenset({*trail.foreign, *gone}), trail.left_there())


def _removing(removals: Iterable[tuple[Run, Recorded]]) -> Iterator[RunHistory]:
    """The runs of other plans with nothing but the removals of this one's files."""
    rows: dict[str, list[Recorded]] = {}
    runs: dict[str, Run] = {}
    for run, row in removals:
        runs[run.run_id] = run
        rows.setdefault(run.run_id, []).append(row)
    return (RunHistory(run, tuple(rows[run_id])) for run_id, run in runs.items())


def _goes_forth(key: Key, undone: Mapping[Key, Key]) -> bool:
    """Whether the operation did what a commit wanted: that of a commit, or one that has undone the undoing of such a one."""
    return len(way_of(key, undone)) % 2 == 1


def _retold(
    history: RunHistory, brought: Mapping[Key, _Brought], remade: Mapping[Key, Fingerprint], undone: Mapping[Key, Key]
) -> RunHistory:
    rows = []
    for row in history.recorded:
        key = history.run.run_id, row.operation.seq
        found = brought.get(key)
        if key in remade:
            rows.append(replace(row, outcome=replace(row.outcome, arrived=remade[key])))
        elif found is None:
            rows.append(row)
        elif not (found.is_taken_back and _goes_forth(key, undone)):
            outcome = replace(row.outcome, arrived=found.arrived or row.outcome.arrived)
            rows.append(Recorded(replace(row.operation, target=found.target), outcome))
    return RunHistory(history.run, tuple(rows))
