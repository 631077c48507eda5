"""git_metadata: objects, packs and indexes."""

from __future__ import annotations

import hashlib
import struct
import zlib

from ifmosfs.ml.synth.categories.nested import borrow
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document


def git_object(pen: Pen) -> bytes:
    """A loose object before it is compressed: a commit, tree, blob or tag."""
    kind = pen.pick(("commit", "tree", "blob", "blob", "tag"))
    if kind == "commit":
        body = pen.say(
            "tree «sha1»\nparent «sha1»\nauthor «person» <«email»> «epoch» +0100\ncommitter «person» <«email»> «epoch» +0100\n\n«Verb» «adj» «noun»\n\n«tech:1-2»\n"
        ).encode()
    elif kind == "tree":
        body = b"".join(
            f"100644 {pen.slot('snake', '')}.{pen.slot('file_ext', '')}".encode() + b"\x00" + pen.noise(20)
            for _ in range(pen.size(1, 40))
        )
    elif kind == "tag":
        body = pen.say(
            "object «sha1»\ntype commit\ntag v«version»\ntagger «person» <«email»> «epoch» +0000\n\nRelease «version»\n"
        ).encode()
    else:
        body = borrow(pen, "technical_script")[1][:9000]
    return f"{kind} {len(body)}\x00".encode() + body


@document("git_metadata", weight=5)
def loose_object(pen: Pen) -> Draft:
    """An object in its folder."""
    plain = git_object(pen)
    name = hashlib.sha1(plain, usedforsecurity=False).hexdigest()
    return Draft(
        zlib.compress(plain, pen.pick((1, 1, 6))),
        "",
        name[2:],
        f"«project»/.git/objects/{name[:2]}|.git/objects/{name[:2]}",
        fixed=True,
    )


def git_pack(pen: Pen) -> bytes:
    """A pack of whole objects."""
    kinds = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
    objects = [git_object(pen) for _ in range(pen.size(1, 20))]
    out = bytearray(b"PACK" + struct.pack(">II", 2, len(objects)))
    for plain in objects:
        head, _, body = plain.partition(b"\x00")
        kind, size = kinds[head.split()[0].decode()], len(body)
        first, size = kind << 4 | size & 15, size >> 4
        while size:
            out.append(first | 0x80)
            first, size = size & 0x7F, size >> 7
        out.append(first)
        out += zlib.compress(body)
    return bytes(out) + hashlib.sha1(out, usedforsecurity=False).digest()


@document("git_metadata", weight=3, by_format=True)
def pack_and_index(pen: Pen) -> Draft:
    """Packs, their indexes, bundles, the index of the work tree."""
    kind = pen.pick(("pack", "idx", "bundle", "index", "rev", "bitmap"))
    place = "«project»/.git/objects/pack|.git/objects/pack|«noun».git/objects/pack"
    if kind == "pack":
        return Draft(git_pack(pen), "pack", "pack-«sha1»", place, fixed=True)
    if kind == "bundle":
        return Draft(
            pen.say("# v2 git bundle\n«sha1» refs/heads/«main|master»\n«sha1» HEAD\n\n").encode() + git_pack(pen),
            "bundle",
            "«project»|repo|«noun»-«isodate»",
            "backup|bundles",
        )
    names = sorted(pen.noise(20) for _ in range(pen.size(2, 120)))
    if kind == "index":
        rows = b"".join(_index_row(pen, name) for name in sorted(pen.slot("path", "") for _ in range(len(names))))
        body = b"DIRC" + struct.pack(">II", 2, len(names)) + rows
        return Draft(
            body + hashlib.sha1(body, usedforsecurity=False).digest(), "", "index", "«project»/.git|.git", fixed=True
        )
    if kind == "idx":
        fan, at = [], 0
        for byte in range(256):
            at = sum(1 for name in names if name[0] <= byte)
            fan.append(at)
        body = (
            b"\xfftOc" + struct.pack(">I", 2) + struct.pack(">256I", *fan) + b"".join(names) + pen.noise(4 * len(names))
        )
        body += b"".join(struct.pack(">I", 12 + 90 * row) for row in range(len(names))) + pen.noise(20)
        return Draft(body + hashlib.sha1(body, usedforsecurity=False).digest(), "idx", "pack-«sha1»", place, fixed=True)
    head = b"RIDX" + struct.pack(">II", 1, 1) if kind == "rev" else b"BITM\x00\x01\x00\x01" + struct.pack(">I", 4)
    return Draft(head + pen.noise(4 * len(names) + 40), kind, "pack-«sha1»", place, fixed=True)


def _index_row(pen: Pen, path: str) -> bytes:
    raw = path.encode()
    moment = int(pen.slot("epoch", ""))
    row = (
        struct.pack(
            ">IIIIIIIIII",
            moment,
            0,
            moment,
            0,
            2049,
            pen.whole(1000, 999999),
            0o100644,
            1000,
            1000,
            pen.whole(1, 99999),
        )
        + pen.noise(20)
        + struct.pack(">H", len(raw))
        + raw
    )
    return row + bytes(8 - len(row) % 8)
