"""A document in one of the formats that documents have."""

from __future__ import annotations

from ifmosfs.ml.synth.blocks import Document
from ifmosfs.ml.synth.formats import odf, ooxml, pdf, plain
from ifmosfs.ml.synth.formats.ole import write_doc
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.layout import Item, Picture, Style, lay_out
from ifmosfs.ml.synth.pen import Pen

FOLDED = {"jpg", "png", "tif", "scan"}
"""Formats that are pictures, for which there are only Latin letters."""


def render(document: Document, pen: Pen, kind: str) -> tuple[bytes | str, str]:
    """The document's content and extension. Kinds: txt md rst html rtf doc docx odt pdf, and scan jpg png tif for paper."""
    if kind in FOLDED and document.language in {"zh", "ja", "ru"}:
        kind = "pdf"
    match kind:
        case "pdf":
            style, pages = lay_out(document, pen)
            return pdf.write_pdf(pages, style, document, pen), "pdf"
        case "docx":
            return ooxml.write_docx(document, pen), pen.pick(("docx", "docx", "docx", "docx", "docm", "dotx"))
        case "odt":
            return odf.write_odt(document, pen), "odt"
        case "rtf":
            return plain.write_rtf(document, pen), "rtf"
        case "doc":
            return _doc(document, pen), "doc"
        case "md":
            return plain.write_markdown(document, pen), pen.pick(("md", "md", "md", "markdown"))
        case "rst":
            return plain.write_rst(document, pen), "rst"
        case "html":
            return plain.write_html(document, pen), pen.pick(("html", "htm"))
        case "txt":
            return plain.write_text(document, pen), pen.pick(("txt", "txt", "txt", "txt", "text", ""))
        case "scan" | "jpg" | "png" | "tif":
            return _paper(document, pen, kind)
    raise ValueError(f"no such kind of document: {kind}")


def _doc(document: Document, pen: Pen) -> bytes:
    """What bears the name .doc: mostly a compound file, at times rich text or a page of a web program."""
    chance = pen.rng.random()
    if chance < 0.12:
        return plain.write_rtf(document, pen)
    if chance < 0.18:
        return plain.write_html(document, pen).encode()
    return write_doc(document, pen)


def _paper(document: Document, pen: Pen, kind: str) -> tuple[bytes, str]:
    from ifmosfs.ml.synth.formats import raster

    style, pages = lay_out(document, pen, most=2)
    if kind == "scan":
        return _scanned(document, style, pages, pen), "pdf"
    image = raster.paper(pen, pages[0], style, photo=kind == "jpg" and pen.chance(0.5))
    if kind == "tif":
        return raster.save(
            image, "TIFF", compression="group4" if image.mode == "1" else "tiff_lzw", dpi=(200, 200)
        ), pen.pick(("tif", "tiff"))
    if kind == "png":
        return raster.to_png(pen, image.quantize(8) if image.mode == "L" else image), "png"
    exif = (
        raster.camera_data(pen, raster.choose_camera(pen), image.size)
        if image.mode == "RGB" and pen.chance(0.7)
        else None
    )
    return raster.to_jpeg(pen, image, exif), pen.pick(("jpg", "jpg", "jpeg"))


def _scanned(document: Document, style: Style, pages: list[list[Item]], pen: Pen) -> bytes:
    """A PDF of pictures, some with the recognised text behind them."""
    from ifmosfs.ml.synth.formats import raster

    shown: list[list[Item]] = []
    for items in pages:
        image = raster.paper(pen, items, style).convert("L")
        jpeg = raster.save(image, "JPEG", quality=pen.pick((35, 45, 55)))
        picture = Picture(0, 0, *style.page, jpeg, image.size, grey=True)
        recognised = items if pen.chance(0.4) else []
        shown.append([*recognised, picture])
    return pdf.write_pdf(shown, style, document, pen, scanned=True)


def write_epub(document: Document, pen: Pen) -> bytes:
    """The document as an e-book."""
    page = plain.write_html(document, pen)
    opf = f'<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{ooxml.xml(document.title)}</dc:title><dc:creator>{ooxml.xml(document.author)}</dc:creator><dc:language>{document.language}</dc:language><dc:identifier id="id">{pen.slot("uuid", "")}</dc:identifier></metadata><manifest><item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c1"/></spine></package>'
    container = '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OEBPS/content.opf": opf,
        "OEBPS/c1.xhtml": page,
    }
    return write_zip(members, stored=frozenset({"mimetype"}))
