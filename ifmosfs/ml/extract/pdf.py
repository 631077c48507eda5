"""PDF by pdfium: the text of the first pages, and what the document says of itself."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final, cast

from ifmosfs.ml.extract.limits import PDF_OBJECTS, PDF_PAGES
from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample, SampleFile

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_METADATA: Final = {
    "Title": "title", "Subject": "subject", "Keywords": "keywords", "Author": "author", "CreationDate": "created",
    "Producer": "producer", "Creator": "creator",
}  # fmt: skip
_IN_MEMORY_BYTES: Final = (
    4 * 1024 * 1024
)  # pdfium asks for 512 bytes at a time, which costs more than the rest of its work


def read_pdf(sample: Sample, notes: Notes) -> None:
    """Note what a PDF says."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(_input(sample))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            notes.number("is_encrypted", 1)
            raise Unreadable("a password is wanted") from error
        raise Unreadable("not a PDF that can be opened") from error
    try:
        _note(document, notes)
    except pypdfium2.PdfiumError as error:
        raise Unreadable(f"a damaged PDF: {error}") from error
    finally:
        document.close()


def _input(sample: Sample) -> Any:
    if sample.size_bytes <= _IN_MEMORY_BYTES:
        return sample.beginning(_IN_MEMORY_BYTES)
    return cast("IO[bytes]", SampleFile(sample))


def _note(document: PdfDocument, notes: Notes) -> None:
    for key, name in _METADATA.items():
        notes.field(name, document.get_metadata_value(key))
    n_pages = len(document)
    notes.number("n_pages", n_pages)
    n_images = n_characters = 0
    for number in range(min(n_pages, PDF_PAGES)):
        page = document[number]
        if number == 0:
            width, height = page.get_size()
            notes.number("page_width_pt", width)
            notes.number("page_height_pt", height)
        n_characters += _note_text(page, notes)
        n_images += _n_images(page)
        page.close()
    notes.number("has_text", 1 if n_characters else 0)
    notes.number("n_page_images", n_images)


def _note_text(page: PdfPage, notes: Notes) -> int:
    textpage = page.get_textpage()
    n_characters: int = textpage.count_chars()
    if n_characters > 0 and notes.characters_left > 0:
        notes.text(textpage.get_text_range(0, min(n_characters, notes.characters_left)))
    textpage.close()
    return n_characters


def _n_images(page: PdfPage) -> int:
    from pypdfium2 import raw

    n_objects = min(raw.FPDFPage_CountObjects(page), PDF_OBJECTS)
    objects = (raw.FPDFPage_GetObject(page, number) for number in range(n_objects))
    return [raw.FPDFPageObj_GetType(each) for each in objects].count(raw.FPDF_PAGEOBJ_IMAGE)
