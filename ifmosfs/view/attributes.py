"""The extended attributes `user.ifmosfs.*` of a file in the view: the plan's word on it, readable by any program.

Which attributes a file has is known from its node, and so are most values. Only for the category, the confidence, the reason and the
note the whole action may be needed, which is read from the catalogue one by one.
"""

from __future__ import annotations

from typing import Final

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.nodes import FileNode
from ifmosfs.core.plan import Action

PREFIX: Final = b"user.ifmosfs."
SOURCE: Final = PREFIX + b"source"
CONFIDENCE: Final = PREFIX + b"confidence"
REASON: Final = PREFIX + b"reason"
STATUS: Final = PREFIX + b"status"
CATEGORY: Final = PREFIX + b"category"
TAGS: Final = b"user.xdg.tags"
NOTE: Final = PREFIX + b"note"
REPLACES: Final = PREFIX + b"replaces"
JUDGED: Final = frozenset({CONFIDENCE, REASON, CATEGORY, TAGS})
NAMES: Final = JUDGED | {SOURCE, STATUS, NOTE, REPLACES}

# Of the root; only to be read, because who watches the root would be told of its writing.
RELOAD: Final = PREFIX + b"reload"
WAITING: Final = PREFIX + b"waiting"  # what `waiting.Waiting.told` says
BY_PERSON: Final = b"a person said so"


def names_of(node: FileNode, replaces: Fingerprint | None, said: str | None) -> list[bytes]:
    """The names of all attributes of a file; one is absent where the plan has nothing to say. Reads nothing. `said` is the category
    that a person has given it."""
    names = [SOURCE, CONFIDENCE, REASON, STATUS]
    if node.leaf.has_category or said is not None:
        names += [CATEGORY, TAGS]
    if node.leaf.has_note:
        names.append(NOTE)
    if replaces is not None:
        names.append(REPLACES)
    return names


def judgement(node: FileNode, name: bytes, said: str | None) -> bytes:
    """The value of an attribute that the file has, of those that say what it is taken for, by a person or else by its action."""
    if said is not None and name != NOTE:
        return _by_person(said, name)
    return _by_action(node.action, name)


def _by_person(category: str, name: bytes) -> bytes:
    return {CONFIDENCE: b"1.000", REASON: BY_PERSON}.get(name, category.encode())


def _by_action(action: Action, name: bytes) -> bytes:
    if name == CONFIDENCE:
        return f"{action.score:.3f}".encode()
    if name == REASON:
        return action.reason.encode()
    return ((action.note if name == NOTE else action.category) or "").encode()
