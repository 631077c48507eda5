"""Which folder a category goes to: one template per category, with the user's own lines over the built-in ones.

Pure: parsed TOML documents come in, folder names go out. Problems in a template are found when it is read, all of them at
once, so that `Layout.folder` cannot fail in the middle of a plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ifmosfs.core.errors import ConfigProblem
from ifmosfs.core.names import components, from_text

VARIABLES: Final = ("year", "month", "category", "extension")
NO_EXTENSION: Final = b"no extension"
NAME_MAX_BYTES: Final = 255
REVIEW_FOLDER: Final = "to review"  # compared without case; the view shows what stays there

_MARKS: Final = {
    "year": b"\x01",
    "month": b"\x02",
    "category": b"\x03",
    "extension": b"\x04",
}  # no folder of a layout has them
_SHAPES: Final = {b"\x01": rb"\d{4}", b"\x02": rb"\d{2}", b"\x04": rb".+"}
_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A folder template, valid by construction: literal bytes at even places, names of variables at odd ones."""

    pieces: tuple[bytes, ...]

    def render(self, values: Mapping[bytes, bytes]) -> bytes:
        """The folder with the variables filled in."""
        return b"".join(values[piece] if index % 2 else piece for index, piece in enumerate(self.pieces))

    def stands_at(self, folder: Sequence[bytes], category: str, key: Callable[[bytes], bytes]) -> int:
        """How many names from the top say that a folder, given by its names, is one for this template; 0: it is none.

        What only stands for a variable at the end (a year, a month) need not be there. `key` is equal for equal names.
        """
        wanted = self._patterns(category, key)
        found = len(folder) >= len(wanted) and all(
            pattern.fullmatch(key(name)) for pattern, name in zip(wanted, folder, strict=False)
        )
        return len(wanted) if found else 0

    def _patterns(self, category: str, key: Callable[[bytes], bytes]) -> list[re.Pattern[bytes]]:
        marked = b"".join(
            _MARKS[piece.decode()] if index % 2 else piece for index, piece in enumerate(self.pieces)
        ).replace(_MARKS["category"], from_text(category))
        names = marked.split(b"/")
        while names and not names[-1].translate(None, b"".join(_MARKS.values())):
            names.pop()
        return [_pattern(name, key) for name in names]


@dataclass(frozen=True, slots=True)
class Layout:
    """A template per category; a category without one stays where it is."""

    templates: Mapping[str, Template]

    def folder(self, category: str, dated: date, extension: bytes) -> bytes | None:
        """The target-relative folder for a file, `None` when files of the category stay.

        `extension` comes with or without its dot, in any case.
        """
        template = self.templates.get(category)
        if template is None:
            return None
        return template.render(
            {
                b"year": b"%04d" % dated.year,
                b"month": b"%02d" % dated.month,
                b"category": from_text(category),
                b"extension": extension.strip(b".").lower().replace(b"/", b"_") or NO_EXTENSION,
            }
        )

    def categories_at(self, folder: bytes, key: Callable[[bytes], bytes] = bytes) -> frozenset[str]:
        """The categories whose files belong into a target-relative folder, or below which it lies: mostly one, or none.

        Where the folders of several lie inside each other, the innermost counts; several are left where they share a folder.
        """
        names = components(folder)
        depths = {name: template.stands_at(names, name, key) for name, template in self.templates.items()}
        deepest = max(depths.values(), default=0)
        return frozenset(name for name, depth in depths.items() if depth == deepest) if deepest else frozenset()


def parse_layout(
    defaults: Mapping[str, object], override: Mapping[str, object] | None, known: Collection[str] | None = None
) -> Layout:
    """The layout of two parsed TOML documents, each with one table `folders`; lines of `override` win, one by one.

    `known` are the categories that may be named (`None`: those of the defaults). An empty template takes the category out.
    Raises ConfigProblem once, naming every problem of both documents.
    """
    problems: list[str] = []
    lines = _folders(defaults, "built-in layout", problems)
    own = _folders(override or {}, "your layout", problems)
    allowed = set(lines) if known is None else set(known)
    problems.extend(f"{category}: no such category" for category in sorted({*lines, *own} - allowed))
    templates = {}
    for category, text in {**lines, **own}.items():
        found = list(_problems_of(text))
        problems.extend(f"{category}: {problem}" for problem in found)
        if text and isinstance(text, str) and not found:
            templates[category] = _compiled(text)
    if problems:
        raise ConfigProblem(
            "the layout cannot be used: " + "; ".join(problems),
            hint="correct these lines, or remove them to have the built-in folders",
        )
    return Layout(templates)


def _folders(document: Mapping[str, object], where: str, problems: list[str]) -> Mapping[str, object]:
    problems.extend(f"{where}: unknown entry {key!r}" for key in document if key != "folders")
    folders = document.get("folders", {})
    if isinstance(folders, Mapping):
        return folders
    problems.append(f"{where}: 'folders' is not a table")
    return {}


def _pattern(name: bytes, key: Callable[[bytes], bytes]) -> re.Pattern[bytes]:
    pieces = re.split(rb"([\x01\x02\x04])", name)
    return re.compile(b"".join(_SHAPES.get(piece) or re.escape(key(piece)) for piece in pieces), re.DOTALL)


def _compiled(text: str) -> Template:
    return Template(tuple(from_text(piece) for piece in _VARIABLE.split(text)))


def _problems_of(text: object) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"the folder must be a text, not {type(text).__name__}"
        return
    if not text:
        return
    for variable in _VARIABLE.findall(text):
        if variable not in VARIABLES:
            yield f"unknown variable {{{variable}}}"
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        yield f"a brace without its partner in {text!r}"
    if text.startswith("/"):
        yield f"{text!r} is absolute; folders are relative to the target"
    names = text.strip("/").split("/")
    yield from _problems_of_names(text, names)
    if _is_reserved(names[0]):
        yield f"{names[0]!r} is reserved"


def _problems_of_names(text: str, names: list[str]) -> Iterator[str]:
    if "" in names or text.endswith("/"):
        yield f"{text!r} has an empty component"
    if ".." in names or "." in names:
        yield f"{text!r} has a component '.' or '..'"
    if any(not character.isprintable() for character in text):
        yield f"{text!r} has a character that cannot be shown"
    if any(len(from_text(name)) > NAME_MAX_BYTES for name in names if name.isprintable()):
        yield f"a component is longer than {NAME_MAX_BYTES} bytes"


def _is_reserved(first: str) -> bool:
    """Whether a first component is the view's own, or hidden: a hidden folder would take files out of the user's sight."""
    return first.casefold() == REVIEW_FOLDER or (first.startswith(".") and first not in {".", ".."})
