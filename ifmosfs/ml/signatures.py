"""Which binary format a file has, by the bytes at fixed places. The answers are keys of the `format` table in `rules.toml`.

Text formats are not looked for here (`text_shapes`), nor what is inside a ZIP (`zip_members`).
"""

from __future__ import annotations

import struct
from typing import Final

from ifmosfs.ml.sample import Sample

# (offset, bytes, format); the first that fits is taken, so longer and rarer ones come before shorter ones.
_FIXED: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"%PDF-", "pdf"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (4, b"1AY&SY", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"LZIP\x01", "lzip"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"\x89LZO", "lzop"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (257, b"ustar", "tar"),
    (0, b"MSCF\0\0\0\0", "cab"),
    (0, b"070701", "cpio"),
    (2, b"-lh", "lzh"),
    (0, b"!<arch>\ndebian-binary", "deb"),
    (0, b"!<arch>\n", "static-library"),
    (0, b"!<thin>\n", "static-library"),
    (0, b"\xed\xab\xee\xdb", "rpm"),
    (0, b"Cr24", "crx"),
    (0, b"xar!", "xar-pkg"),
    (0, b"hsqs", "squashfs"),
    (0, b"SQLite format 3\0", "sqlite"),
    (4, b"Standard Jet DB", "access"),
    (4, b"Standard ACE DB", "access"),
    (0, b"REDIS0", "redis-dump"),
    (0, b"\xce\x9a\x57\x13", "gdbm"),
    (12, b"\x61\x15\x06\x00", "berkeley-db"),
    (12, b"\x62\x31\x05\x00", "berkeley-db"),
    (0, b"PAR1", "parquet"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"ARROW1", "arrow"),
    (0, b"Obj\x01", "avro"),
    (0, b"ORC", "orc"),
    (0, b"MATLAB 5.0 MAT-file", "matlab"),
    (0, b"CDF\x01", "netcdf"),
    (0, b"CDF\x02", "netcdf"),
    (0, b"SIMPLE  =", "fits"),
    (0, b"RDX2\n", "rdata"),
    (0, b"RDX3\n", "rdata"),
    (0, b"TZif", "tzif"),
    (0, b"\xd4\xc3\xb2\xa1", "pcap"),
    (0, b"\xa1\xb2\xc3\xd4", "pcap"),
    (0, b"\x0a\x0d\x0d\x0a", "pcap"),
    (0, b"\xde\x12\x04\x95", "mo"),
    (0, b"\0asm", "wasm"),
    (0, b"BC\xc0\xde", "llvm"),
    (0, b"dex\n03", "dex"),
    (0, b"\x1bLua", "lua-bytecode"),
    (0, b"\x1bLJ", "lua-bytecode"),
    (0, b"\xfe\xed\xfa\xce", "macho"),
    (0, b"\xfe\xed\xfa\xcf", "macho"),
    (0, b"\xce\xfa\xed\xfe", "macho"),
    (0, b"\xcf\xfa\xed\xfe", "macho"),
    (0, b"8BPS\0", "psd"),
    (0, b"gimp xcf ", "xcf"),
    (0, b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5", "indd"),
    (0, b"BLENDER", "blend"),
    (0, b"\xd7\xcd\xc6\x9a", "wmf"),
    (40, b" EMF", "emf"),
    (0, b"\xc5\xd0\xd3\xc6", "eps"),
    (0, b"AT&TFORM", "djvu"),
    (0, b"AC10", "dwg"),
    (0, b"OTTO", "font"),
    (0, b"wOFF", "font"),
    (0, b"wOF2", "font"),
    (0, b"ttcf", "font"),
    (0, b"true\0", "font"),
    (0, b"\0\x01\0\0\0", "font"),
    (0, b"\x01fcp", "font"),
    (6, b"%!PS-AdobeFont", "font"),
    (6, b"%!FontType", "font"),
    (0, b"\x72\xb5\x4a\x86", "font"),
    (0, b"ID3", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"MThd", "audio"),
    (0, b"MAC \x96\x0f", "audio"),
    (0, b".snd", "audio"),
    (0, b"#!AMR", "audio"),
    (0, b"wvpk", "audio"),
    (0, b"Extended Module:", "audio"),
    (0, b"IMPM", "audio"),
    (0, b"II*\0\x10\0\0\0CR", "raw-photo"),
    (0, b"FUJIFILMCCD-RAW", "raw-photo"),
    (0, b"IIRO", "raw-photo"),
    (0, b"IIU\0", "raw-photo"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"NES\x1a", "game"),
    (0, b"IWAD", "game"),
    (0, b"PWAD", "game"),
    (0, b"UnityFS\0", "game"),
    (0, b"VBSP", "game"),
    (0, b"IBSP", "game"),
    (0, b"IDP2", "game"),
    (0, b"IDP3", "game"),
    (0, b"MPQ\x1a", "game"),
    (0, b"BSA\0", "game"),
    (0, b"BTDX", "game"),
    (0, b"TES4", "game"),
    (0, b"TES3", "game"),
    (0, b"GDPC", "game"),
    (0, b"VTF\0", "game"),
    (0, b"RPA-3.0", "game"),
    (0, b"RGSSAD", "game"),
    (0, b"\x34\x12\xaa\x55", "game"),
    (0, b"KenSilverman", "game"),
    (0, b"PACK\0\0\0\x02", "git-pack"),
    (0, b"PACK\0\0\0\x03", "git-pack"),
    (0, b"PACK", "game"),
    (0, b"\xfftOc\0\0\0\x02", "git-pack"),
    (0, b"DIRC\0\0\0", "git-index"),
    (0, b"# v2 git bundle", "git-bundle"),
    (128, b"DICM", "dicom"),
    (0, b"MDF     ", "mdf-measurement"),
    (0, b"LOGG", "mdf-measurement"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (0, b"FLV\x01", "video"),
    (0, b"\0\0\x01\xba", "video"),
    (0, b"\0\0\x01\xb3", "video"),
    (60, b"BOOKMOBI", "ebook"),
    (0, b"\x03\xd9\xa2\x9a", "key"),
    (0, b"KBXf", "key"),
    (8, b"KBXf", "key"),
    (0, b"d8:announce", "torrent"),
    (0, b"QFI\xfb", "disk-image"),
    (0, b"KDMV", "disk-image"),
    (0, b"conectix", "disk-image"),
    (0, b"vhdxfile", "disk-image"),
    (64, b"\x7f\x10\xda\xbe", "disk-image"),
    (0, b"\0\0\x01\0", "ico"),
    (0, b"\0\0\x02\0", "ico"),
    (0, b"icns", "ico"),
    (0, b"DDS ", "image"),
    (0, b"\x76\x2f\x31\x01", "image"),
    (0, b"\0\0\0\x0cjP  ", "image"),
)

_RIFF: Final = {
    b"WAVE": "audio",
    b"WEBP": "webp",
    b"AVI ": "video",
    b"RMID": "audio",
    b"ACON": "ico",
    b"sfbk": "audio",
}
_BRANDS: Final = {b"M4A": "audio", b"M4B": "audio", b"hei": "heic", b"mif": "heic", b"msf": "heic", b"crx": "raw-photo"}
_OLE_STREAMS: Final = (
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("PowerPoint Document", "ppt"),
    ("__properties_version1.0", "email"),
    ("Book", "xls"),
)
_INSTALLERS: Final = (b"Nullsoft", b"Inno Setup", b"InstallShield", b"WiX", b"7zS.sfx", b"Setup=")
_OF_FILETYPE: Final = {"audio": "audio", "video": "video", "image": "image"}
_SHORT_WORD: Final = 5  # a text may well begin with a word such as PACK or ORC
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STL_HEADER_BYTES: Final = 84
_STL_FACET_BYTES: Final = 50


def recognise(sample: Sample) -> str | None:
    """The binary format, `None` where no signature fits."""
    head = sample.head
    special = _variable(sample)
    if special is not None:
        return special
    is_text = b"\0" not in head
    for offset, magic, name in _FIXED:
        if head.startswith(magic, offset) and not (is_text and len(magic) < _SHORT_WORD and magic.isalnum()):
            return name
    return _last_resorts(sample)


def _variable(sample: Sample) -> str | None:
    """Formats whose signature needs a second look."""
    head = sample.head
    if head.startswith(b"\x7fELF"):
        return "appimage" if head[8:10] == b"AI" else "elf"
    if head.startswith(b"MZ"):
        return _windows_program(head)
    if head.startswith(_OLE_MAGIC):
        return _ole(sample)
    if head.startswith(b"\xca\xfe\xba\xbe") and len(head) >= 8:
        return "class" if struct.unpack(">I", head[4:8])[0] >= 45 else "macho"  # Java's major version; or a count
    return _media_container(head) or _guarded(sample)


def _media_container(head: bytes) -> str | None:
    """Containers that name what they hold: RIFF, IFF, Ogg, ISO base media."""
    if head.startswith(b"RIFF"):
        return "cdr" if head[8:11] == b"CDR" else _RIFF.get(head[8:12])
    if head.startswith(b"FORM") and head[8:12] in {b"AIFF", b"AIFC"}:
        return "audio"
    if head.startswith(b"OggS"):
        return "video" if b"theora" in head[:512] else "audio"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] == b"avif" else _BRANDS.get(head[8:11], "video")
    return None


def _guarded(sample: Sample) -> str | None:
    """Signatures too short to be believed without the rest of the header."""
    head = sample.head
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp"
    if head[2:4] == b"\r\n" and len(head) >= 16 and head[4] < 4 and head[5:8] == b"\0\0\0":
        return "pyc"  # PEP 552: magic number, CR LF, flags
    if head.startswith(b"\xff") and len(head) > 2 and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08:
        is_layer_set, has_valid_rate = head[1] & 0x06, head[2] & 0xF0 not in {0x00, 0xF0} and head[2] & 0x0C != 0x0C
        return "audio" if is_layer_set and has_valid_rate else None
    if sample.tail[-512:].startswith(b"koly"):
        return "dmg"
    if len(head) >= _STL_HEADER_BYTES:
        n_facets: int = struct.unpack_from("<I", head, 80)[0]
        if n_facets and sample.size_bytes == _STL_HEADER_BYTES + _STL_FACET_BYTES * n_facets:
            return "stl-binary"
    return None


def _windows_program(head: bytes) -> str | None:
    if len(head) < 64:
        return None
    return "pe-installer" if any(word in head for word in _INSTALLERS) else "pe"


def _ole(sample: Sample) -> str:
    """The program whose streams an OLE2 container holds, by the names in the first sector of its directory."""
    if len(sample.head) < 64:
        return "ole"
    shift, first_sector = struct.unpack_from("<H", sample.head, 30)[0], struct.unpack_from("<I", sample.head, 48)[0]
    if shift not in {9, 12}:
        return "ole"
    directory = sample.read_at((first_sector + 1) << shift, 4096)
    for stream, name in _OLE_STREAMS:
        if stream.encode("utf-16-le") in directory:
            return name
    return "ole"


def _last_resorts(sample: Sample) -> str | None:
    """A disk image's mark deep inside, and what the `filetype` library knows of audio, video and pictures."""
    if sample.size_bytes > 32774 and sample.read_at(32769, 5) == b"CD001":
        return "iso"
    if not sample.head.isascii():
        import filetype

        kind = filetype.guess(sample.head)
        if kind is not None:
            return _OF_FILETYPE.get(kind.mime.partition("/")[0])
    return None
