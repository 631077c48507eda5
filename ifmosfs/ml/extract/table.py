"""Which extractor a format has, and running it: the one place where a file's misbehaviour becomes words."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ifmosfs.ml.decoding import decode
from ifmosfs.ml.extract.archives import read_7z, read_packed, read_rar, read_tar, read_zip
from ifmosfs.ml.extract.audio import read_audio
from ifmosfs.ml.extract.databases import read_sqlite
from ifmosfs.ml.extract.fonts import read_font
from ifmosfs.ml.extract.limits import TEXT_BYTES
from ifmosfs.ml.extract.mail import read_mail, read_ole
from ifmosfs.ml.extract.office import read_office
from ifmosfs.ml.extract.pdf import read_pdf
from ifmosfs.ml.extract.pictures import read_picture
from ifmosfs.ml.extract.plain import read_text
from ifmosfs.ml.extract.programs import read_program
from ifmosfs.ml.extract.values import NOTHING, Extract, Notes, Unreadable
from ifmosfs.ml.images import PILLOW_FORMATS
from ifmosfs.ml.sample import Sample

Read = Callable[[Sample, Notes], None]

_OLE: Final = ("ole", read_ole)
IN_WORKER: Final[Mapping[str, tuple[str, Read]]] = {
    "pdf": ("pdf", read_pdf),
    **dict.fromkeys(("docx", "odt", "xlsx", "ods", "pptx", "odp", "zip:odg", "epub"), ("office", read_office)),
    **{name: ("picture", partial(read_picture, format_name=name)) for name in PILLOW_FORMATS},
    "audio": ("audio", read_audio),
    **dict.fromkeys(("zip", "zip:apk", "zip:jar", "zip:wheel"), ("archive", read_zip)),
    "tar": ("archive", read_tar),
    **dict.fromkeys(("gzip", "bzip2", "xz"), ("archive", read_packed)),
    "rar": ("archive", read_rar),
    "7z": ("archive", read_7z),
    "sqlite": ("database", read_sqlite),
    "font": ("font", read_font),
    "mail": ("mail", read_mail),
    **dict.fromkeys(("doc", "xls", "ppt", "ole", "msg"), _OLE),
}
"""What libraries and decompressors do, and whatever reads on at the content's word: extractor by format."""

_PROGRAMS: Final = frozenset({"elf", "pe", "pe-installer", "pe-library", "macho"})
_ZIP: Final = b"PK\x03\x04"
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"


def worker_format(format_name: str, head: bytes) -> str | None:
    """The key in `IN_WORKER` for a format as the rules name it; `None` where no worker is needed."""
    if format_name == "email":
        return "msg" if head.startswith(_OLE_MAGIC) else "mail"
    if format_name == "ebook":
        return "epub" if head.startswith(_ZIP) else None
    if format_name in IN_WORKER:
        return format_name
    if format_name.startswith("zip:"):
        return "zip"
    return "sqlite" if format_name.startswith("sqlite:") else None


def extract_here(sample: Sample, format_name: str, *, is_text: bool) -> Extract:
    """The extract of a text, or of a program's header: cheap looks at the beginning, which need no worker. `NOTHING` for the rest."""
    notes = Notes()
    if is_text:
        read_text(decode(sample.beginning(TEXT_BYTES)) or "", format_name, notes)
        return notes.extract("text")
    if format_name not in _PROGRAMS:
        return NOTHING
    try:
        read_program(sample, notes)
    except Unreadable as reason:
        return notes.extract("program", str(reason))
    return notes.extract("program")


def extract_in_worker(sample: Sample, format_name: str) -> Extract:
    """The extract by one of `IN_WORKER`. Only for a process that may die of it."""
    kind, read = IN_WORKER[format_name]
    notes = Notes()
    return notes.extract(kind, _trouble(read, sample, notes))


def _trouble(read: Read, sample: Sample, notes: Notes) -> str | None:
    try:
        read(sample, notes)
    except Unreadable as reason:
        return _cut_off(sample) or str(reason)
    except MemoryError:
        return "it needs more memory than allowed"
    except RecursionError:
        return "it is nested too deep"
    except OSError as error:
        return _cut_off(sample) or (
            "it would open something else" if error.errno == errno.EMFILE else "damaged: OSError"
        )
    except Exception as error:  # noqa: BLE001  what libraries raise on broken files is beyond telling; each is an answer here
        return _cut_off(sample) or f"damaged: {type(error).__name__}"
    return _cut_off(sample)


def _cut_off(sample: Sample) -> str | None:
    return "more of it would have to be read than allowed" if sample.is_spent else None
