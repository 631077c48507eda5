"""The extended attributes `user.ifmosfs.*` of a file in the view: the plan's word on it, readable by any program."""

from __future__ import annotations

from typing import Final

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.plan import Action

PREFIX: Final = b"user.ifmosfs."
CATEGORY: Final = PREFIX + b"category"
RELOAD: Final = (
    PREFIX + b"reload"
)  # of the root; only to be read, because who watches the root would be told of its writing
TAGS: Final = b"user.xdg.tags"
BY_PERSON: Final = b"a person said so"


def attributes_of(
    action: Action, said: str | None, status: str, replaces: Fingerprint | None = None
) -> dict[bytes, bytes]:
    """Name to value of every attribute of a file; absent where the plan has nothing to say. `said`: the category that a person has
    given it."""
    values = {
        PREFIX + b"source": action.source_place.absolute,
        PREFIX + b"confidence": f"{action.score if said is None else 1:.3f}".encode(),
        PREFIX + b"reason": action.reason.encode() if said is None else BY_PERSON,
        PREFIX + b"status": status.encode(),
    }
    category = action.category if said is None else said
    if category is not None:
        values[CATEGORY] = values[TAGS] = category.encode()
    if action.note is not None:
        values[PREFIX + b"note"] = action.note.encode()
    if replaces is not None:
        values[PREFIX + b"replaces"] = b"%d bytes" % replaces.size_bytes
    return values
