"""Documents as text: plain, Markdown, reStructuredText, HTML, RTF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from ifmosfs.ml.synth.blocks import Block, Bullets, Document, Fields, Heading, Paragraph, Table
from ifmosfs.ml.synth.pen import Pen


def write_text(document: Document, pen: Pen) -> str:
    """Plain text, as typed or as exported."""
    width = pen.pick((60, 72, 76, 80, 0, 0))
    rule = pen.pick(("=", "-", "", "", "*"))
    gap = pen.pick(("\n\n", "\n\n", "\n"))
    blocks = [_text_block(block, width, rule) for block in document.blocks]
    head = [document.header] if document.header and pen.chance(0.5) else []
    return gap.join([*head, *blocks]) + "\n"


def _text_block(block: Block, width: int, rule: str) -> str:
    match block:
        case Heading(text, level):
            text = text.upper() if level == 0 and rule == "*" else text
            return f"{text}\n{rule * len(text)}" if rule else text
        case Paragraph(text):
            return "\n".join(textwrap.wrap(text, width)) if width else text
        case Bullets(items, numbered):
            return "\n".join(f"{n}. {item}" if numbered else f"- {item}" for n, item in enumerate(items, 1))
        case Fields(rows):
            gap = max(len(name) for name, _ in rows) + 2 if width else 0
            return "\n".join(f"{name + ':':<{gap}} {value}" for name, value in rows)
        case Table(rows):
            return "\n".join(_columns(rows) if width else ("\t".join(row) for row in rows))


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[at]) if at < len(row) else 0 for row in rows) for at in range(max(map(len, rows)))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()


def write_markdown(document: Document, pen: Pen) -> str:
    """Markdown."""
    bullet = pen.pick("-*+")
    front = f"---\ntitle: {document.title}\ndate: {pen.moment('%Y-%m-%d')}\n---\n\n" if pen.chance(0.1) else ""
    return front + "\n\n".join(_markdown_block(block, bullet) for block in document.blocks) + "\n"


def _markdown_block(block: Block, bullet: str) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {text}"
        case Paragraph(text):
            return text
        case Bullets(items, numbered):
            return "\n".join(f"{n}. {item}" if numbered else f"{bullet} {item}" for n, item in enumerate(items, 1))
        case Fields(rows):
            return "\n".join(f"**{name}:** {value}  " for name, value in rows)
        case Table(rows):
            lines = [f"| {' | '.join(row)} |" for row in rows]
            return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def write_rst(document: Document, pen: Pen) -> str:
    """reStructuredText."""
    signs = pen.pick(("=-~^", "*=-~", "#=-."))
    return "\n\n".join(_rst_block(block, signs) for block in document.blocks) + "\n"


def _rst_block(block: Block, signs: str) -> str:
    match block:
        case Heading(text, level):
            return f"{text}\n{signs[min(level, 3)] * len(text)}"
        case Paragraph(text):
            return "\n".join(textwrap.wrap(text, 79))
        case Bullets(items, _):
            return "\n".join(f"* {item}" for item in items)
        case Fields(rows):
            return "\n".join(f":{name}: {value}" for name, value in rows)
        case Table(rows):
            return "::\n\n" + "\n".join("    " + line for line in _columns(rows))


def write_html(document: Document, pen: Pen) -> str:
    """HTML as word processors, mail programs and hands write it."""
    body = "\n".join(_html_block(block) for block in document.blocks)
    head = pen.pick(
        (
            '<meta charset="utf-8">',
            '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">',
            '<meta name="generator" content="LibreOffice 6.4 (Linux)"/>',
            '<meta name=Generator content="Microsoft Word 15">',
        )
    )
    style = pen.pick(
        (
            "",
            "<style>body{font-family:Arial;margin:40px} td{border:1px solid #ccc}</style>",
            '<style type="text/css">p { margin-bottom: 0.1in }</style>',
        )
    )
    doctype = pen.pick(("<!DOCTYPE html>\n", '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">\n', ""))
    return f'{doctype}<html lang="{document.language}">\n<head>\n{head}\n<title>{escape(document.title)}</title>\n{style}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _html_block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Bullets(items, numbered):
            tag = "ol" if numbered else "ul"
            return f"<{tag}>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + f"\n</{tag}>"
        case Fields(rows):
            return (
                "<table>"
                + "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
                + "</table>"
            )
        case Table(rows):
            return (
                "<table>\n"
                + "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
                + "\n</table>"
            )


def write_rtf(document: Document, pen: Pen) -> bytes:
    """Rich text."""
    font = pen.pick(("Times New Roman", "Arial", "Calibri", "Helvetica", "Courier New"))
    tool = pen.pick(
        (r"{\*\generator Msftedit 5.41.21.2510;}", r"{\*\generator Riched20 10.0.19041}", r"\cocoartf2639", "")
    )
    info = rf"{{\info{{\title {_rtf(document.title)}}}{{\author {_rtf(document.author)}}}}}" if pen.chance(0.5) else ""
    body = "".join(_rtf_block(block) for block in document.blocks)
    return (
        rf"{{\rtf1\ansi\ansicpg1252\deff0{{\fonttbl{{\f0\froman {font};}}}}{tool}{info}\viewkind4\uc1\pard\f0\fs{pen.whole(9, 13) * 2} {body}}}"
    ).encode("ascii")


def _rtf(text: str) -> str:
    out = []
    for char in text:
        if char in "\\{}":
            out.append("\\" + char)
        elif char.isascii():
            out.append(char)
        else:
            out.append(f"\\u{(ord(char) + 0x8000) % 0x10000 - 0x8000}?")
    return "".join(out)


def _rtf_block(block: Block) -> str:
    match block:
        case Heading(text, _):
            return rf"\b {_rtf(text)}\b0\par" + "\r\n"
        case Paragraph(text):
            return _rtf(text) + "\\par\r\n"
        case Bullets(items, _):
            return "".join(rf"\bullet\tab {_rtf(item)}\par" + "\r\n" for item in items)
        case Fields(rows):
            return "".join(rf"{_rtf(name)}:\tab {_rtf(value)}\par" + "\r\n" for name, value in rows)
        case Table(rows):
            return "".join("\\tab ".join(_rtf(cell) for cell in row) + "\\par\r\n" for row in rows)
