"""The organised tree against a naive model, a dictionary of paths, under any sequence of edits; refusals included.

The model knows no nodes: a folder moves by rewriting every path in it. It has its own, plainer idea of each rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import Edit, EditKind, KeepReason
from ifmosfs.core.refusals import FsError, FsErrorKind
from ifmosfs.core.tree import FolderNode, PlanTree
from tests.core.plans import edit, fingerprint, plan_of, shape

SOURCES = {1: b"a", 2: b"deep/b.txt", 3: b"deep/c", 4: b"A", 5: b"d\xff\n", 6: b"e"}
PLAN_ROWS = (
    (SOURCES[1], b"X/a"),
    (SOURCES[2], b"X/Y/b.txt"),
    (SOURCES[3], b"c"),
    (SOURCES[4], KeepReason.UNSURE),
    (SOURCES[5], b"Z/d\xff\n"),
    (SOURCES[6], KeepReason.CONFLICT),
)
TWINS = (
    (b"t/a", KeepReason.UNSURE),
    (b"t/A", KeepReason.UNSURE),
    (b"t/in/b", KeepReason.LINK),
    (b"t/in/B", KeepReason.LINK),
)
FOLDERS = (b"X", b"X/Y", b"Z")
REVIEW = b"To review"
EXCLUDED = b"To review/excluded"
VAULT = b"To review/vault"
REASONS = {VAULT, *(REVIEW + b"/" + reason.value.encode() for reason in KeepReason)}
DISPLACED = fingerprint(99)

names = st.sampled_from(
    [b"a", b"A", b"b.txt", b"c", b"X", b"Y", b"Z", b"d\xff\n", b"x" * 255, b"x" * 256, b"..", b"deep"]
)
tops = st.sampled_from([b"", REVIEW, *sorted(REASONS)])


@st.composite
def free_paths(draw: st.DrawFn) -> bytes:
    parts = [draw(tops), *draw(st.lists(names, max_size=3))]
    return b"/".join(part for part in parts if part)


@dataclass
class Refused(Exception):
    kind: FsErrorKind


class Model:
    """Every path with what is there: an action's number, or `None` for a folder. Names are exact.

    `displacing` is where each file was put over one of the target's; it is so as long as the file is there.
    """

    def __init__(self) -> None:
        self.nodes: dict[bytes, int | None] = {b"": None, REVIEW: None}
        self.nodes.update(dict.fromkeys([*REASONS, *FOLDERS]))
        self.nodes.update({b"X/a": 1, b"X/Y/b.txt": 2, b"c": 3, b"Z/d\xff\n": 5})
        self.nodes.update({b"To review/unsure/A": 4, b"To review/conflicts/e": 6})
        self.displacing: dict[int, bytes] = {}

    def below(self, path: bytes) -> list[bytes]:
        return [each for each in self.nodes if each.startswith(path + b"/") or (not path and each)]

    def is_folder(self, path: bytes) -> bool:
        return path in self.nodes and self.nodes[path] is None

    def require(self, condition: bool, kind: FsErrorKind) -> None:
        if not condition:
            raise Refused(kind)

    def require_place(self, path: bytes) -> None:
        parts = path.split(b"/")
        self.require(all(len(part) <= 255 for part in parts), FsErrorKind.NAME_TOO_LONG)
        self.require(all(part not in {b"", b".", b".."} for part in parts), FsErrorKind.INVALID)
        above = [b"/".join(parts[:depth]) for depth in range(1, len(parts))]
        self.require(not any(self.nodes.get(each) is not None for each in above), FsErrorKind.NOT_A_FOLDER)

    def require_parent(self, path: bytes) -> None:
        self.require_place(path)
        parent = path.rpartition(b"/")[0]
        self.require(not path.startswith(REVIEW + b"/") or parent in self.nodes, FsErrorKind.NOT_FOUND)

    def require_movable(self, path: bytes) -> None:
        self.require(path not in {b"", REVIEW, *REASONS}, FsErrorKind.BUSY)

    def make_way(self, path: bytes) -> None:
        parts = path.split(b"/")
        for depth in range(1, len(parts)):
            self.nodes.setdefault(b"/".join(parts[:depth]), None)

    def take(self, path: bytes) -> dict[bytes, int | None]:
        return {each[len(path) :]: self.nodes.pop(each) for each in [path, *self.below(path)]}

    def put(self, path: bytes, taken: dict[bytes, int | None]) -> None:
        self.nodes.update({path + rest: node for rest, node in taken.items()})

    def move(self, path: bytes, target: bytes) -> None:
        self.require_parent(target)
        self.require(path in self.nodes, FsErrorKind.NOT_FOUND)
        self.require_movable(path)
        self.require(not (target.startswith(REVIEW + b"/") and target.count(b"/") == 1), FsErrorKind.NOT_PERMITTED)
        self.require(not target.startswith(path + b"/"), FsErrorKind.INVALID)
        self.require(not (self.is_folder(path) and target.startswith(VAULT + b"/")), FsErrorKind.NOT_PERMITTED)
        if target in self.nodes and target != path:
            self.require(not self.is_folder(target) or self.is_folder(path), FsErrorKind.IS_A_FOLDER)
            self.require(not (self.is_folder(target) and self.below(target)), FsErrorKind.NOT_EMPTY)
            self.require(target != REVIEW, FsErrorKind.BUSY)
            self.require(self.is_folder(target) or not self.is_folder(path), FsErrorKind.NOT_A_FOLDER)
            self.require(self.is_folder(target) or not target.startswith(REVIEW + b"/"), FsErrorKind.EXISTS)
            if self.is_folder(target):
                del self.nodes[target]
            else:
                self.leave(target)
        self.make_way(target)
        self.displacing.pop(self.nodes[path] or 0, None)
        self.put(target, self.take(path))

    def replace(self, path: bytes, target: bytes) -> None:
        before = dict(self.nodes), dict(self.displacing)
        try:
            is_file = self.nodes.get(path) is not None
            self.move(path, target)
            self.require(is_file, FsErrorKind.IS_A_FOLDER)
            self.require(not target.startswith(REVIEW + b"/"), FsErrorKind.INVALID)
        except Refused:
            self.nodes, self.displacing = before
            raise
        self.displacing[self.nodes[target] or 0] = target

    def swap(self, path: bytes, target: bytes) -> None:
        self.require(path in self.nodes and target in self.nodes, FsErrorKind.NOT_FOUND)
        self.require_movable(path)
        self.require_movable(target)
        nested = path.startswith(target + b"/") or target.startswith(path + b"/")
        self.require(not nested, FsErrorKind.INVALID)
        for one, other in ((path, target), (target, path)):
            crosses = self.is_folder(one) and other.startswith(VAULT + b"/")
            self.require(not crosses, FsErrorKind.NOT_PERMITTED)
        if path != target:
            self.swap_displaced(self.nodes[path], self.nodes[target])
            one, other = self.take(path), self.take(target)
            self.put(target, one)
            self.put(path, other)

    def swap_displaced(self, one: int | None, other: int | None) -> None:
        if one is not None and other is not None:
            had = self.displacing.pop(one, b""), self.displacing.pop(other, b"")
            self.displacing.update({each: place for each, place in ((other, had[0]), (one, had[1])) if place})

    def exclude(self, path: bytes) -> None:
        self.require(path in self.nodes, FsErrorKind.NOT_FOUND)
        self.require(not self.is_folder(path), FsErrorKind.IS_A_FOLDER)
        self.require(not path.startswith(EXCLUDED + b"/"), FsErrorKind.NOT_PERMITTED)
        self.leave(path)

    def vault(self, path: bytes) -> None:
        self.require(path in self.nodes, FsErrorKind.NOT_FOUND)
        self.require(not self.is_folder(path), FsErrorKind.IS_A_FOLDER)
        self.require(not path.startswith(VAULT + b"/"), FsErrorKind.NOT_PERMITTED)
        self.leave(path, VAULT)

    def leave(self, path: bytes, part: bytes = EXCLUDED) -> None:
        action = self.nodes[path]
        assert action is not None
        self.displacing.pop(action, None)
        wanted = part + b"/" + SOURCES[action]
        try:
            self.require_place(wanted)
            self.make_way(wanted)
        except Refused:
            wanted = part + b"/" + SOURCES[action].rpartition(b"/")[2]
        stem, dot, extension = wanted.rpartition(b".") if b"." in wanted else (wanted, b"", b"")
        free, number = wanted, 2
        while free in self.nodes:
            free, number = b"%b (%d)%b%b" % (stem, number, dot, extension), number + 1
        self.put(free, self.take(path))

    def mkdir(self, path: bytes) -> None:
        self.require(path != b"", FsErrorKind.INVALID)
        self.require_parent(path)
        self.require(path not in self.nodes, FsErrorKind.EXISTS)
        self.require(not (path.startswith(REVIEW + b"/") and path.count(b"/") == 1), FsErrorKind.NOT_PERMITTED)
        self.make_way(path)
        self.nodes[path] = None

    def rmdir(self, path: bytes) -> None:
        self.require(path in self.nodes, FsErrorKind.NOT_FOUND)
        self.require(self.is_folder(path), FsErrorKind.NOT_A_FOLDER)
        self.require_movable(path)
        self.require(not self.below(path), FsErrorKind.NOT_EMPTY)
        del self.nodes[path]


def flat(tree: PlanTree) -> dict[bytes, int | None]:
    found: dict[bytes, int | None] = {b"": None}
    pending: list[tuple[bytes, FolderNode]] = [(b"", tree.root)]
    while pending:
        path, folder = pending.pop()
        for name, node in folder.children.items():
            here = path + b"/" + name if path else name
            if isinstance(node, FolderNode):
                found[here] = None
                pending.append((here, node))
            else:
                found[here] = node.action.action_id
    return found


class ExactNames(RuleBasedStateMachine):
    """Tree and model agree after every step, on what was refused and why, too."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = PlanTree(plan_of(*PLAN_ROWS, folders=FOLDERS))
        self.model = Model()

    def known(self, data: st.DataObject) -> bytes:
        return data.draw(st.sampled_from(sorted(self.model.nodes)) | free_paths())

    def both(self, kind: EditKind, path: bytes, target: bytes | None, act: object) -> None:
        expected: FsErrorKind | None = None
        try:
            act(path) if target is None else act(path, target)  # type: ignore[operator]
        except Refused as refused:
            expected = refused.kind
        found: FsErrorKind | None = None
        try:
            replaces = DISPLACED if kind is EditKind.REPLACE else None
            self.tree.apply(edit(kind, path, target, replaces=replaces))
        except FsError as error:
            found = error.kind
        assert found is expected, (kind, path, target)

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        self.both(EditKind.MOVE, self.known(data), self.known(data), self.model.move)

    @rule(data=st.data())
    def move_a_file_over_a_file(self, data: st.DataObject) -> None:
        files = sorted(path for path, node in self.model.nodes.items() if node is not None)
        self.both(EditKind.MOVE, *(data.draw(st.sampled_from(files)) for _ in range(2)), self.model.move)

    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        self.both(EditKind.SWAP, self.known(data), self.known(data), self.model.swap)

    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        self.both(EditKind.REPLACE, self.known(data), self.known(data), self.model.replace)

    @rule(data=st.data())
    def vault(self, data: st.DataObject) -> None:
        self.both(EditKind.VAULT, self.known(data), None, self.model.vault)

    @rule(data=st.data())
    def exclude(self, data: st.DataObject) -> None:
        self.both(EditKind.EXCLUDE, self.known(data), None, self.model.exclude)

    @rule(data=st.data())
    def mkdir(self, data: st.DataObject) -> None:
        self.both(EditKind.MKDIR, self.known(data), None, self.model.mkdir)

    @rule(data=st.data())
    def rmdir(self, data: st.DataObject) -> None:
        self.both(EditKind.RMDIR, self.known(data), None, self.model.rmdir)

    @invariant()
    def tree_and_model_agree(self) -> None:
        assert flat(self.tree) == self.model.nodes

    @invariant()
    def every_action_is_in_exactly_one_place(self) -> None:
        self.tree.check_invariants()
        moved = [move.action.action_id for move in self.tree.moves()]
        kept = [action.action_id for action, _ in self.tree.kept()]
        vaulted = [action.action_id for action in self.tree.vaulted()]
        assert sorted([*moved, *kept, *vaulted]) == list(SOURCES)

    @invariant()
    def a_file_displaces_another_only_where_it_was_put_over_it(self) -> None:
        found = {move.action.action_id: move.target for move in self.tree.moves() if move.replaces == DISPLACED}
        there = {one: path for one, path in self.model.displacing.items() if self.model.nodes.get(path) == one}
        assert found == there


class InsensitiveNames(RuleBasedStateMachine):
    """Where names are equal in any case, there is no model; but nothing is lost and no two names are equal."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = NameRules(ignores_case=True)
        self.plan = plan_of(*PLAN_ROWS, *TWINS, folders=FOLDERS, names=self.rules)
        self.tree = PlanTree(self.plan)
        self.done: list[Edit] = []

    @precondition(lambda self: len(self.done) < 30)
    @rule(data=st.data(), kind=st.sampled_from([kind for kind in EditKind if kind is not EditKind.TOUCH]))
    def change(self, data: st.DataObject, kind: EditKind) -> None:
        paths = st.sampled_from(sorted(flat(self.tree))) | free_paths()
        path, target = (data.draw(paths | paths.map(bytes.swapcase)) for _ in range(2))
        two = kind in {EditKind.MOVE, EditKind.SWAP, EditKind.REPLACE}
        self.try_to(edit(kind, path, target if two else None, replaces=DISPLACED if kind is EditKind.REPLACE else None))

    @rule(data=st.data(), name=names)
    def drag_a_folder_out_of_review(self, data: st.DataObject, name: bytes) -> None:
        tree = flat(self.tree)
        folders = [path for path, node in tree.items() if path.startswith(REVIEW) and path.count(b"/") > 1 and not node]
        if folders:
            self.try_to(edit(EditKind.MOVE, data.draw(st.sampled_from(sorted(folders))), name))

    def try_to(self, change: Edit) -> None:
        before = shape(self.tree.root)
        try:
            self.tree.apply(change)
            self.done.append(change)
        except FsError:
            assert shape(self.tree.root) == before

    @invariant()
    def nothing_is_lost_and_no_two_targets_are_equal(self) -> None:
        self.tree.check_invariants()
        targets = [self.rules.key(move.target) for move in self.tree.moves()]
        targets += [self.rules.key(folder.path) for folder in self.tree.folders()]
        assert len(set(targets)) == len(targets)
        parts = (self.tree.moves(), self.tree.kept(), self.tree.vaulted())
        assert sum(len(list(part)) for part in parts) == len(self.plan.actions)

    def teardown(self) -> None:
        rebuilt = PlanTree(self.plan, self.done)
        assert shape(rebuilt.root) == shape(self.tree.root)


TestExactNames = ExactNames.TestCase
TestInsensitiveNames = InsensitiveNames.TestCase
TestExactNames.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestInsensitiveNames.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
