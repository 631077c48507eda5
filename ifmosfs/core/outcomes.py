"""What planning says about names that are taken, and what became of the files that wanted them, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Final

from ifmosfs.core.files import Fingerprint, Kind, Place
from ifmosfs.core.names import display
from ifmosfs.core.plan import Action, ActionKind, KeepReason

_KIND_WORDS: Final = {
    Kind.FILE: "a file",
    Kind.FOLDER: "a folder",
    Kind.SYMLINK: "a symbolic link",
    Kind.OTHER: "a special file",
}
_THERE_ALREADY: Final = "is there already"
_ANOTHER_VERSION: Final = "another version of"


class Outcome(Enum):
    """What became of a file whose name was taken, or that is there in another form already."""

    NUMBERED = "numbered"  # it moves, under a number
    REPLACING = "replacing"  # it takes the name; what had it goes to the vault
    VAULTED = "vaulted"  # it goes to the vault itself
    STAYING = "staying"  # it stays, listed under conflicts
    DUPLICATE = "duplicate"  # it stays, because its content is there already
    VERSION = "version"  # it moves beside another version of the same file


def outcome_of(action: Action) -> Outcome | None:
    """What became of the file in a conflict; `None` where there was none."""
    if action.kind is ActionKind.VAULT:
        return Outcome.VAULTED
    if action.kind is ActionKind.KEEP:
        return {KeepReason.CONFLICT: Outcome.STAYING, KeepReason.DUPLICATE: Outcome.DUPLICATE}.get(
            action.keep_reason or KeepReason.EXCLUDED
        )
    if action.replaces is not None:
        return Outcome.REPLACING
    if action.note is None:
        return None
    if action.note.endswith(_THERE_ALREADY):
        return Outcome.NUMBERED
    return Outcome.VERSION if _ANOTHER_VERSION in action.note else None


def count_outcomes(actions: Iterable[Action]) -> Counter[Outcome]:
    """How many files had which outcome; those without a conflict are not counted."""
    return Counter(outcome for action in actions if (outcome := outcome_of(action)) is not None)


def there_already(name: bytes) -> str:
    """The note of a file that had to be numbered."""
    return f"{display(name)} {_THERE_ALREADY}"


def another_version(name: bytes) -> str:
    """The note of a file that is a version of another one."""
    return f"{_ANOTHER_VERSION} {display(name)}"


def belongs_with(name: bytes) -> str:
    """Why a file follows the lead of its unit."""
    return f"belongs with {display(name)}"


def stays_with(name: bytes) -> str:
    """Why a file stays that could move, was it not for another one of its unit."""
    return f"belongs with {display(name)}, which stays"


def same_content(place: Place) -> str:
    """Why a duplicate does not move."""
    return f"the same content is in {display(place.absolute)}"


def taken_by(name: bytes, kind: Kind, theirs: Fingerprint | None, mine: Fingerprint, source: Place | None) -> str:
    """Why a file cannot have its name: what holds it, from where that comes if it is a planned file, and how the two compare."""
    words = f"the name is taken by {display(name if source is None else source.absolute)}"
    if theirs is None:
        return words if kind is Kind.FILE else f"{words}, {_KIND_WORDS[kind]}"
    size = "1 byte" if theirs.size_bytes == 1 else f"{theirs.size_bytes:,} bytes"
    return f"{words} ({size}, {_compared(theirs.mtime_ns, mine.mtime_ns)})"


def _compared(theirs_ns: int, mine_ns: int) -> str:
    if theirs_ns == mine_ns:
        return "from the same moment"
    return "newer than this one" if theirs_ns > mine_ns else "older than this one"
