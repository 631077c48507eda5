"""Files that hold other files: what a document type of another category would make, taken as content."""

from __future__ import annotations

from ifmosfs.ml.synth.encoding import encode_text
from ifmosfs.ml.synth.names import clean
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, catalogue


def borrow(pen: Pen, category: str) -> tuple[Draft, bytes, str]:
    """A draft of another category, its bytes, and the name it would have."""
    kind = pen.pick(catalogue()[category])
    if pen.language not in kind.languages:
        pen.use(pen.pick(kind.languages))
    draft = kind.make(pen)
    raw = (
        draft.content
        if isinstance(draft.content, bytes)
        else encode_text(pen, draft.content, draft.extension, strict=True)
    )
    stem = clean(pen.one_of(draft.stem)) if draft.stem else pen.slot("noun", "")
    name = f"{stem}.{draft.extension}" if draft.extension else stem
    return draft, raw, name.replace("/", "_")


def some_files(pen: Pen, category: str, most: int = 8, limit: int = 60_000) -> dict[str, bytes]:
    """A few files of a category by their names, not more than so many bytes of each."""
    found = {}
    for _ in range(pen.size(1, most)):
        _, raw, name = borrow(pen, category)
        if len(raw) <= limit:
            found[name] = raw
    return found or {"readme.txt": b"empty\n"}
