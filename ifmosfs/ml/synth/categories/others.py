"""`__none__`: files that belong to no category, so that an outcome `unknown` can be learnt."""

from __future__ import annotations

import struct

from ifmosfs.ml.synth.categories.nested import borrow
from ifmosfs.ml.synth.formats import audio, binary
from ifmosfs.ml.synth.formats.audio import box
from ifmosfs.ml.synth.formats.ole import write_compound
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import NONE, Draft, document
from ifmosfs.ml.synth.rendering import write_epub

VIDEO_NAMES = "VID_«ts:%Y%m%d_%H%M%S»|MVI_«n:1000-9999»|movie|«Adj».«Noun».«year».1080p|GOPR«n:1000-9999»|holiday clip|S«n:01-09»E«n:01-24»|screen recording «isodate»|«first» birthday|MOV_«n:0001-0999»|clip«n:1-30»|20«n:10-24»-VID-WA«n:0001-0090»"
VIDEO_FOLDERS = "Videos|DCIM/100MEDIA|Movies|Filme|Camera"


@document(NONE, weight=8, by_format=True)
def video(pen: Pen) -> Draft:
    """Films in the usual containers."""
    kind = pen.pick(("mp4", "mp4", "mov", "mkv", "webm", "avi", "wmv", "flv", "mpg", "ts", "3gp", "vob", "m4v"))
    body = pen.noise(pen.size(800, 20_000))
    if kind in {"mp4", "mov", "m4v"}:
        return Draft(audio.write_mp4(pen, sound=False), kind, VIDEO_NAMES, VIDEO_FOLDERS)
    raws = {
        "mkv": _matroska(b"matroska", pen, body),
        "webm": _matroska(b"webm", pen, body),
        "avi": b"RIFF"
        + struct.pack("<I", len(body) + 80)
        + b"AVI LIST"
        + struct.pack("<I", 68)
        + b"hdrlavih"
        + struct.pack("<I14I", 56, 33366, 0, 0, 16, 300, 0, 1, 0, 640, 480, 0, 0, 0, 0)
        + b"LIST"
        + struct.pack("<I", len(body))
        + b"movi"
        + body,
        "wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
        + struct.pack("<QIBB", 30, 1, 1, 2)
        + bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
        + body,
        "flv": b"FLV\x01\x05" + struct.pack(">II", 9, 0) + b"\x12" + body,
        "mpg": b"\x00\x00\x01\xba\x44\x00\x04\x00\x04\x01" + b"\x00\x00\x01\xb3\x16\x01\x20\x13" + body,
        "vob": b"\x00\x00\x01\xba\x44\x00\x04\x00\x04\x01" + b"\x00\x00\x01\xbb" + body,
        "ts": b"".join(b"\x47\x40\x00\x10" + pen.noise(24) + bytes(160) for _ in range(pen.size(5, 60))),
        "3gp": box(b"ftyp", b"3gp4", struct.pack(">I", 512), b"isom3gp4") + box(b"mdat", body),
    }
    return Draft(raws[kind], kind, VIDEO_NAMES, VIDEO_FOLDERS)


def _matroska(kind: bytes, pen: Pen, body: bytes) -> bytes:
    head = (
        b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82"
        + bytes([0x80 | len(kind)])
        + kind
        + b"\x42\x87\x81\x04\x42\x85\x81\x02"
    )
    tool = pen.pick((b"Lavf58.29.100", b"libebml v1.4.2 + libmatroska v1.6.4", b"Chrome"))
    info = b"\x15\x49\xa9\x66" + bytes([0x80 | (len(tool) + 3)]) + b"\x4d\x80" + bytes([0x80 | len(tool)]) + tool
    return (
        b"\x1a\x45\xdf\xa3"
        + bytes([0x80 | len(head)])
        + head
        + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
        + info
        + body
    )


@document(NONE, languages=("en", "de", "fr"), weight=3, by_format=True)
def e_book(pen: Pen) -> Draft:
    """E-books."""
    from ifmosfs.ml.synth.blocks import Block, Document, Heading, Paragraph

    title, author = pen.say("The «Adj» «Noun»"), pen.slot("person", "")
    kind = pen.pick(("epub", "epub", "epub", "mobi", "azw3", "djvu", "lit"))
    names = f"{author} - {title}|{title}|book «n:1-90»|«surname»_«Noun»"
    if kind == "epub":
        blocks: list[Block] = [Heading(title, 0), *(Paragraph(pen.paragraph(6)) for _ in range(pen.size(3, 60)))]
        return Draft(
            write_epub(Document(tuple(blocks), pen.language, title, author, ""), pen),
            kind,
            names,
            "eBooks|Books|Calibre Library",
        )
    body = pen.noise(pen.size(900, 15_000))
    palm = (
        title.encode("ascii", "replace")[:31].replace(b" ", b"_").ljust(32, b"\x00")
        + bytes(28)
        + b"BOOKMOBI"
        + struct.pack(">IIH", 1, 0, 2)
        + bytes(16)
        + b"MOBI"
        + body
    )
    heads = {
        "djvu": b"AT&TFORM" + struct.pack(">I", len(body)) + b"DJVMDIRM" + body,
        "lit": b"ITOLITLS" + struct.pack("<I", 1) + body,
    }
    return Draft(heads.get(kind, palm), kind, names, "eBooks|Books")


@document(NONE, weight=4, by_format=True)
def machine_image(pen: Pen) -> Draft:
    """Disks of virtual machines, and images of real ones."""
    kind = pen.pick(("vmdk", "vdi", "qcow2", "vhd", "img", "vhdx", "ova", "wim"))
    body = binary.code(pen, pen.size(2000, 20_000))
    boot = (
        b"\xfa\x33\xc0\x8e\xd0"
        + bytes(441)
        + b"\x80\x01\x01\x00\x83\xfe\xff\xff"
        + struct.pack("<II", 2048, 90000)
        + bytes(48)
    )[:510] + b"\x55\xaa"
    heads = {
        "vmdk": b"KDMV" + struct.pack("<II", 1, 3) + bytes(500),
        "vdi": b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\x00")
        + struct.pack("<II", 0xBEDA107F, 0x10001),
        "qcow2": b"QFI\xfb" + struct.pack(">II", 3, 0) + bytes(60),
        "vhd": b"conectix" + bytes(504),
        "img": boot,
        "vhdx": b"vhdxfile" + "Microsoft Windows".encode("utf-16-le"),
        "wim": b"MSWIM\x00\x00\x00" + struct.pack("<I", 208),
        "ova": b"",
    }
    return Draft(
        heads[kind] + body,
        kind,
        "«host»|disk«n:0-9»|Windows10|ubuntu-server|sdcard|raspios|«noun»|boot|vm-disk-«n:0-9»",
        "VMs|VirtualBox VMs/«noun»|images",
    )


@document(NONE, weight=4, by_format=True)
def secret(pen: Pen) -> Draft:
    """Key stores and encrypted files."""
    kind = pen.pick(("kdbx", "gpg", "p12", "jks", "der", "age", "hc", "enc", "pfx", "pgp"))
    body = pen.noise(pen.size(300, 6000))
    heads = {
        "kdbx": bytes.fromhex("03d9a29a67fb4bb5") + struct.pack("<HH", 1, 4),
        "gpg": b"\x85\x01\x0c\x03",
        "pgp": b"\x99\x01\xa2\x04",
        "p12": b"\x30\x82\x09\x51\x02\x01\x03\x30\x82",
        "pfx": b"\x30\x82\x0a\x09\x02\x01\x03\x30\x82",
        "jks": bytes.fromhex("feedfeed00000002"),
        "der": b"\x30\x82\x03\x0d\x30\x82\x01\xf5\xa0\x03\x02\x01\x02",
        "age": b"age-encryption.org/v1\n-> X25519 ",
        "hc": b"",
        "enc": b"Salted__",
    }
    return Draft(
        heads[kind] + body,
        kind,
        "passwords|secret|keystore|«noun»|vault|«surname»|backup-keys|document.pdf",
        "keys|private|.gnupg",
    )


@document(NONE, weight=4, by_format=True)
def system_crumb(pen: Pen) -> Draft:
    """What systems leave behind: thumbnails, shortcuts, folder settings, mail of Outlook, prefetch, dumps."""
    kind = pen.pick(
        (
            "lnk",
            "DS_Store",
            "db",
            "pf",
            "msg",
            "pst",
            "dmp",
            "evtx",
            "etl",
            "crdownload",
            "part",
            "tmp",
            "core",
            "torrent",
            "one",
        )
    )
    body = pen.noise(pen.size(100, 6000))
    names = {
        "lnk": "«Noun»|«Noun» - Shortcut",
        "DS_Store": ".DS_Store",
        "db": "Thumbs|thumbcache_«n:32-256»",
        "pf": "«NOUN».EXE-«HEX:8»",
        "msg": "RE «Noun»|«Noun» request",
        "pst": "Outlook|archive",
        "dmp": "MEMORY|«noun».exe.«n:1000-9999»",
        "evtx": "System|Application",
        "core": "core|core.«n:100-32000»",
        "torrent": "«Adj».«Noun».«year»",
        "one": "Notebook|«Noun»",
    }
    heads = {
        "lnk": bytes.fromhex("4c0000000114020000000000c000000000000046")
        + struct.pack("<II", 0x93, 0x20)
        + bytes(48)
        + "C:\\Users".encode("utf-16-le"),
        "DS_Store": b"\x00\x00\x00\x01Bud1\x00\x00\x10\x00\x00\x00\x08\x00\x00\x00\x10\x00" + bytes(16),
        "pf": struct.pack("<I4sII", 30, b"SCCA", 0x11, 4000),
        "pst": b"!BDN" + bytes(4) + b"SM" + struct.pack("<HH", 23, 19),
        "dmp": b"MDMP\x93\xa7" + bytes(2),
        "evtx": b"ElfFile\x00" + bytes(24),
        "torrent": pen.say(
            "d8:announce30:http://tracker.example.org:80/13:creation datei«epoch»e4:infod6:lengthi«n:1000-99999999»e4:name8:«a:8»12:piece lengthi262144e6:pieces40:"
        ).encode(),
        "one": bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3"),
        "core": b"\x7fELF\x02\x01\x01\x00" + bytes(8) + struct.pack("<HHI", 4, 62, 1) + bytes(40),
    }
    if kind in {"msg", "db"}:
        streams = (
            {
                "__properties_version1.0": bytes(60),
                "__substg1.0_0037001F": pen.slot("sentence", "").encode("utf-16-le"),
                "__substg1.0_1000001F": pen.paragraph(5).encode("utf-16-le"),
            }
            if kind == "msg"
            else {"Catalog": bytes(40), "1": b"\xff\xd8\xff\xe0" + body}
        )
        return Draft(write_compound(streams), kind, names[kind], fixed=kind == "db")
    stem = names.get(kind, "«noun»|Unconfirmed «n:1000-999999»|~«a:6»|«Noun».mp4|«hex:8»")
    return Draft(
        heads.get(kind, b"") + body,
        "" if kind in {"DS_Store", "core"} else kind,
        stem,
        fixed=kind in {"DS_Store", "core"},
    )


@document(NONE, weight=3, by_format=True)
def scan_of_a_thing(pen: Pen) -> Draft:
    """Clouds of points and volumes."""
    kind = pen.pick(("e57", "pcd", "pts", "xyz", "rcp", "ptx", "laz"))
    n = pen.size(20, 900)
    rows = "\n".join(pen.say("«fs:0-90/4» «fs:0-90/4» «fs:0-20/4» «n:0-255» «n:0-255» «n:0-255»") for _ in range(n))
    heads = {
        "pcd": f"# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z r g b\nSIZE 4 4 4 4 4 4\nWIDTH {n}\nHEIGHT 1\nPOINTS {n}\nDATA ascii\n",
        "pts": f"{n}\n",
        "ptx": f"{n}\n1\n0 0 0\n1 0 0\n",
        "xyz": "",
    }
    if kind in heads:
        return Draft(
            heads[kind] + rows + "\n",
            kind,
            "scan_«noun»|facade|point cloud «n:1-40»|room «n:1-30»|face_scan",
            "scans|pointclouds",
            strict=True,
        )
    magic = {
        "e57": b"ASTM-E57" + struct.pack("<II", 1, 0),
        "rcp": b"AUTODESK RECAP\x00",
        "laz": b"LASF" + bytes(20) + b"\x01\x02",
    }[kind]
    return Draft(magic + pen.noise(12 * n), kind, "scan_«noun»|facade|site survey", "scans")


@document(NONE, weight=4)
def nothing_known(pen: Pen) -> Draft:
    """Bytes that nobody can name, files without content, ends of downloads."""
    kind = pen.pick(("bin", "dat", "", "tmp", "xyz", "000", "unknown", "chk", "raw", "idx"))
    chance = pen.rng.random()
    if chance < 0.15:
        return Draft(b"", pen.pick(("", "txt", "tmp", "lock", "dat")), "empty|«noun»|new|.gitkeep2")
    if chance < 0.3:
        _, raw, _ = borrow(pen, pen.pick(("media_audio", "archive", "media_graphic")))
        return Draft(
            raw[len(raw) // 3 :] or b"\x00",
            pen.pick(("part", "chk", "bin", "")),
            "FILE«n:0000-0400»|f«n:1000000-9999999»|recovered_«n:1-90»",
        )
    return Draft(
        pen.noise(pen.size(20, 12_000)) if chance < 0.75 else bytes(pen.size(20, 4000)),
        kind,
        "«hex:8»|data|«a:6»|~«a:5»|FILE«n:0000-0400»|swapfile|blob«n:1-90»",
    )


@document(NONE, weight=2, by_format=True)
def map_and_app_data(pen: Pen) -> Draft:
    """States of programs that no category holds: notes, mind maps, sewing, watches, licences of programs."""
    kind = pen.pick(("xmind", "mm", "pes", "fit", "gp5", "band", "als", "flp", "anki", "apkg", "pages.icloud", "lic"))
    if kind in {"xmind", "apkg", "anki"}:
        return Draft(
            write_zip(
                {"content.json": pen.say('[{"title":"«Noun»","rootTopic":{"title":"«Verb»"}}]'), "metadata.json": "{}"}
            ),
            kind,
            "mindmap|«Noun»|vocabulary|ideas",
        )
    if kind == "mm":
        return Draft(
            pen.say('<map version="1.0.1">\n<node TEXT="«Noun»">\n«*2-40/\n/<node TEXT="«word»"/>»\n</node>\n</map>\n'),
            kind,
            "mindmap|«Noun»",
            strict=True,
        )
    heads = {
        "pes": b"#PES0060",
        "fit": b"\x0e\x10\x5d\x08" + bytes(4) + b".FIT",
        "gp5": b"\x18FICHIER GUITAR PRO v5.10",
        "als": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x13",
        "flp": b"FLhd" + struct.pack("<IHHH", 6, 0, 4, 96) + b"FLdt",
    }
    return Draft(
        heads.get(kind, b"") + pen.noise(pen.size(100, 4000)),
        kind,
        "«Noun»|project«n:1-30»|«noun»|activity_«n:1000000-9999999»",
    )
