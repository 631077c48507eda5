"""A naive model of the view: a dictionary of paths, and for every change the set of reasons for which it may be refused.

Where several things stand against a call, POSIX leaves open which of them is told; so a refusal is right if it is one of the
reasons, and a change must happen exactly when there is none. What the kernel decides comes first and is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.conformance.os_protocol import RENAME_EXCHANGE, RENAME_NOREPLACE, join
from tests.conformance.playground import REASONS, REVIEW

EXCLUDED, VAULT = REVIEW + b"/excluded", REVIEW + b"/vault"
FIXED = frozenset({REVIEW, *(join(REVIEW, reason) for reason in REASONS)})
TRASH = (b".Trash-1000", b".Trash", b".Trashes", b"$RECYCLE.BIN")


class Kind(Enum):
    """What is at a path."""

    FILE = "planned or staying file, or link"
    FOLDER = "planned folder, or one in the review folder"
    THEIR_FILE = "file or link that the target has"
    THEIR_FOLDER = "folder that the target has"


@dataclass(frozen=True)
class Node:
    """`content` tells files apart; `source` is the place in the inbox."""

    kind: Kind
    content: object = None
    source: bytes = b""

    @property
    def is_folder(self) -> bool:
        return self.kind in {Kind.FOLDER, Kind.THEIR_FOLDER}

    @property
    def is_theirs(self) -> bool:
        return self.kind in {Kind.THEIR_FILE, Kind.THEIR_FOLDER}


class Refused(Exception):
    """One of these errnos is the answer."""

    def __init__(self, *errnos: str) -> None:
        super().__init__(errnos)
        self.errnos = frozenset(errnos)


class Naive:
    """Every path of the view but the control folder, with what is there."""

    def __init__(self, nodes: dict[bytes, Node]) -> None:
        self.nodes = {b"": Node(Kind.THEIR_FOLDER), **dict.fromkeys(FIXED, Node(Kind.FOLDER)), **nodes}

    def shape(self) -> dict[bytes, object]:
        """Path to content; a folder has none."""
        return {path: node.content for path, node in self.nodes.items()}

    def below(self, path: bytes) -> list[bytes]:
        return [each for each in self.nodes if each.startswith(path + b"/")]

    def leads_through_a_link(self, path: bytes) -> bool:
        """Whether something on the way, but not the last name, is a symlink: then another tree has the answer."""
        parts = path.split(b"/")
        above = (self.nodes.get(b"/".join(parts[:depth])) for depth in range(1, len(parts)))
        return any(node is not None and isinstance(node.content, tuple) for node in above)

    # What the kernel decides

    def walk_above(self, path: bytes) -> None:
        """ENOENT and the like of the folders on the way."""
        parts = path.split(b"/")
        for depth in range(1, len(parts)):
            self.look_up(b"/".join(parts[:depth]))
            above = self.nodes[b"/".join(parts[:depth])]
            if not above.is_folder:
                raise Refused("ENOTDIR")

    def look_up(self, path: bytes) -> Node:
        if len(path.rpartition(b"/")[2]) > 255:
            raise Refused("ENAMETOOLONG")
        if path not in self.nodes:
            raise Refused("ENOENT")
        return self.nodes[path]

    def at(self, path: bytes) -> Node:
        self.walk_above(path)
        return self.look_up(path)

    def free(self, path: bytes) -> None:
        self.walk_above(path)
        try:
            self.look_up(path)
        except Refused as refused:
            if refused.errnos == {"ENOENT"}:
                return
            raise
        raise Refused("EEXIST")

    # The changes

    def require(self, *reasons: tuple[bool, str]) -> None:
        """Refuse for any of the reasons that hold."""
        holding = [errno for holds, errno in reasons if holds]
        if holding:
            raise Refused(*holding)

    def name_reasons(self, path: bytes) -> list[tuple[bool, str]]:
        parent, name = path.rpartition(b"/")[::2]
        return [(name in TRASH, "EACCES"), (parent == REVIEW, "EPERM")]

    def mkdir(self, path: bytes) -> None:
        self.free(path)
        self.require(*self.name_reasons(path))
        self.nodes[path] = Node(Kind.FOLDER)

    def rmdir(self, path: bytes) -> None:
        node = self.at(path)
        if not path:
            raise Refused("EBUSY")
        if not node.is_folder:
            raise Refused("ENOTDIR")
        self.require((node.is_theirs, "EROFS"), (path in FIXED, "EBUSY"), (bool(self.below(path)), "ENOTEMPTY"))
        del self.nodes[path]

    def unlink(self, path: bytes) -> None:
        node = self.at(path)
        if node.is_folder:
            raise Refused("EISDIR")
        self.require((node.is_theirs, "EROFS"), (path.startswith(EXCLUDED + b"/"), "EPERM"))
        self.leave(path)

    def leave(self, path: bytes) -> None:
        """Out of the layout: to its old place below `excluded`, or beside it."""
        node = self.nodes.pop(path)
        parts = node.source.split(b"/")
        wanted = join(EXCLUDED, node.source)
        above = [join(EXCLUDED, *parts[:depth]) for depth in range(1, len(parts))]
        if any(each in self.nodes and not self.nodes[each].is_folder for each in above):
            wanted, above = join(EXCLUDED, parts[-1]), []
        for each in above:
            self.nodes.setdefault(each, Node(Kind.FOLDER))
        stem, dot, extension = wanted.rpartition(b".") if b"." in parts[-1] else (wanted, b"", b"")
        free, number = wanted, 2
        while free in self.nodes:
            free, number = b"%b (%d)%b%b" % (stem, number, dot, extension), number + 1
        self.nodes[free] = node

    def rename(self, path: bytes, target: bytes, flags: int = 0) -> None:
        self.walk_above(path)
        self.walk_above(target)
        if not path or not target:
            if path == target:
                return
            raise Refused("EXDEV")
        node = self.look_up(path)
        standing = self.standing(target)
        self.require_kernel(path, target, flags, node, standing)
        if path == target:
            return
        if flags == RENAME_EXCHANGE:
            assert standing is not None
            self.exchange(path, target, node, standing)
        else:
            self.move(path, target, node, standing)

    def standing(self, path: bytes) -> Node | None:
        try:
            return self.look_up(path)
        except Refused as refused:
            if refused.errnos != {"ENOENT"}:
                raise
            return None

    def require_kernel(self, path: bytes, target: bytes, flags: int, node: Node, standing: Node | None) -> None:
        if flags == RENAME_NOREPLACE and standing is not None:
            raise Refused("EEXIST")
        if flags == RENAME_EXCHANGE and standing is None:
            raise Refused("ENOENT")
        if target.startswith(path + b"/"):
            raise Refused("EINVAL")
        if path.startswith(target + b"/"):
            raise Refused("EINVAL" if flags == RENAME_EXCHANGE else "ENOTEMPTY")
        if path == target or flags or standing is None:
            return
        if node.is_folder and not standing.is_folder:
            raise Refused("ENOTDIR")
        if standing.is_folder and not node.is_folder:
            raise Refused("EISDIR")

    def exchange(self, path: bytes, target: bytes, node: Node, standing: Node) -> None:
        self.require(
            (node.is_theirs, "EROFS"),
            (standing.is_theirs, "EROFS"),
            (path in FIXED or target in FIXED, "EBUSY"),
            (target.rpartition(b"/")[0] == REVIEW, "EPERM"),
            (node.is_folder and target.startswith(VAULT + b"/"), "EPERM"),
            (standing.is_folder and path.startswith(VAULT + b"/"), "EPERM"),
        )
        one, other = self.take(path), self.take(target)
        self.put(target, one)
        self.put(path, other)

    def move(self, path: bytes, target: bytes, node: Node, standing: Node | None) -> None:
        over_folder = standing is not None and standing.is_folder
        over_file = standing is not None and not standing.is_folder
        theirs = standing is not None and standing.is_theirs
        if standing is None and target.rpartition(b"/")[0] == REVIEW != path.rpartition(b"/")[0]:
            self.drop_on_review(path, target, node)
            return
        self.require(
            *self.name_reasons(target),
            (node.is_theirs, "EROFS"),
            (path in FIXED or target in FIXED, "EBUSY"),
            (node.is_folder and target.startswith(VAULT + b"/"), "EPERM"),
            (over_folder and bool(self.below(target)), "ENOTEMPTY"),
            (over_folder and theirs, "EROFS"),
            (theirs, "EEXIST"),
            (over_file and target.startswith(REVIEW + b"/"), "EEXIST"),
        )
        taken = self.take(path)
        if over_file:
            self.leave(target)
        elif over_folder:
            del self.nodes[target]
        self.put(target, taken)

    def drop_on_review(self, path: bytes, target: bytes, node: Node) -> None:
        """It is left out: a file by its old place, a folder by its new name."""
        name = target.rpartition(b"/")[2]
        aside = join(EXCLUDED, name)
        self.require(
            (name in TRASH, "EACCES"),
            (node.is_theirs, "EROFS"),
            (path in FIXED, "EBUSY"),
            (not node.is_folder and path.startswith(EXCLUDED + b"/"), "EPERM"),
            (node.is_folder and aside in self.nodes, "EEXIST"),
        )
        if node.is_folder:
            self.put(aside, self.take(path))
        else:
            self.leave(path)

    def take(self, path: bytes) -> dict[bytes, Node]:
        return {each[len(path) :]: self.nodes.pop(each) for each in [path, *self.below(path)]}

    def put(self, path: bytes, taken: dict[bytes, Node]) -> None:
        self.nodes.update({path + rest: node for rest, node in taken.items()})
