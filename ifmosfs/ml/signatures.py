"""Which binary format a file has, by the bytes at fixed places. The answers are keys of the `format` table in `rules.toml`.

The table of first bytes is in `magic`; here are the formats that need a second look. Text formats are not looked for here
(`text_shapes`), nor what is inside a ZIP (`zip_members`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final

from ifmosfs.ml.magic import find_magic
from ifmosfs.ml.sample import Sample

_RIFF: Final = {
    b"WAVE": "audio",
    b"WEBP": "webp",
    b"AVI ": "video",
    b"RMID": "audio",
    b"ACON": "ico",
    b"sfbk": "audio",
    b"DLS ": "audio",
    b"CDXA": "video",
}
_IFF: Final = {
    b"AIFF": "audio",
    b"AIFC": "audio",
    b"8SVX": "audio",
    b"16SV": "audio",
    b"ILBM": "image",
    b"PBM ": "image",
    b"ANIM": "image",
    b"IFRS": "game",
    b"IFZS": "game",
    b"LWO2": "model",
    b"LWOB": "model",
    b"Maya": "blend",
    b"BEAM": "object",
}
_BRANDS: Final = {b"M4A": "audio", b"M4B": "audio", b"hei": "heic", b"mif": "heic", b"msf": "heic", b"crx": "raw-photo"}
_OLE_STREAMS: Final = (
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("PowerPoint Document", "ppt"),
    ("__properties_version1.0", "email"),
    ("Book", "xls"),
    ("VisioDocument", "drawing"),
    ("Quill", "drawing"),
    ("SwDocContentMgr", "dwg"),
    ("RSeStorage", "dwg"),
    ("RevitPreview4.0", "dwg"),
    ("ClassDirectory", "drawing"),
    ("HwpSummaryInformation", "doc"),
    ("Catalog", "thumbnails"),
)
_OLE_INSTALLERS: Final = (b"\x84\x10\x0c\0\0\0\0\0\xc0", b"\x86\x10\x0c\0\0\0\0\0\xc0", b"\x82\x10\x0c\0\0\0\0\0\xc0")
_INSTALLERS: Final = (b"Nullsoft", b"Inno Setup", b"InstallShield", b"WiX", b"7zS.sfx", b"Setup=")
_APPENDED: Final = (
    b"NullsoftInst",
    b"zlb\x1a",
    b"idska32",
    b"7z\xbc\xaf",
    b"Rar!\x1a",
    b"MSCF",
    b"PK\x03\x04",
    b";!@Install@",
)
_RESOURCE_BYTES: Final = 48 * 1024
_SAY_THAT_THEY_INSTALL: Final = tuple(
    [
        word.encode("utf-16-le")
        for word in ("Inno Setup", "Installer", "Setup/Uninstall", "InstallShield", " Setup\0", "SFX")
    ]
    + [b"Nullsoft.NSIS", b"Inno Setup", b"WiX Toolset"]
)
_PE_LIBRARY: Final = 0x2000
_OF_FILETYPE: Final = {"audio": "audio", "video": "video", "image": "image"}
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ASF_MAGIC: Final = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
_ASF_VIDEO_STREAM: Final = b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"
_ASF_AUDIO_STREAM: Final = b"\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"
_ASF_HEADER_BYTES: Final = 32 * 1024
_STL_HEADER_BYTES: Final = 84
_STL_FACET_BYTES: Final = 50
_ELF_CORE: Final = 4
_MARK_OF_UTF16: Final = 0xFE  # after FF; as sound it would be of a kind that nobody has made
_MOST_SECTIONS: Final = 200
_DBASE_VERSIONS: Final = frozenset(b"\x02\x03\x04\x05\x30\x31\x32\x43\x7b\x83\x8b\xf5\xfb")
_BITMAP_KINDS: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6", b"7"})
_WHITE: Final = frozenset({b"\n", b" ", b"\t", b"\r"})
_SEED_QUALITIES: Final = frozenset({b"D", b"R", b"Q", b"M"})
_PICKLE_PROTOCOLS: Final = frozenset({b"\x02", b"\x03", b"\x04", b"\x05"})
_MODULE_MARKS: Final = frozenset({b"M.K.", b"M!K!", b"FLT4", b"FLT8", b"4CHN", b"6CHN", b"8CHN", b"CD81", b"OKTA"})
_GIT_KINDS: Final = (b"blob ", b"tree ", b"commit ", b"tag ")
_FONTS_OF_WINDOWS: Final = (b"FONTRES", b"FONTDIR")


def recognise(sample: Sample) -> str | None:
    """The binary format, `None` where no signature fits."""
    return _variable(sample) or find_magic(sample.head) or _last_resorts(sample)


def _variable(sample: Sample) -> str | None:
    """Formats whose signature needs a second look."""
    head = sample.head
    if head.startswith(b"\x7fELF"):
        return _elf(head)
    if head.startswith(b"MZ"):
        return _windows_program(sample)
    if head.startswith(_OLE_MAGIC):
        return _ole(sample)
    if head.startswith(b"\xca\xfe\xba\xbe") and len(head) >= 8:
        return "class" if struct.unpack(">I", head[4:8])[0] >= 45 else "macho"  # Java's major version; or a count
    return _media_container(sample) or next((name for is_it, name in _GUARDED if is_it(sample)), None)


def _elf(head: bytes) -> str:
    if head[8:10] == b"AI":
        return "appimage"
    kind = struct.unpack_from("<H" if head[5:6] == b"\x01" else ">H", head, 16)[0] if len(head) > 18 else 0
    return "memory-image" if kind == _ELF_CORE else "elf"


def _media_container(sample: Sample) -> str | None:
    """Containers that name what they hold: RIFF, IFF, Ogg, ISO base media, ASF."""
    head = sample.head
    if head.startswith((b"RIFF", b"RIFX", b"RF64", b"BW64")):
        return "cdr" if head[8:11] == b"CDR" else _RIFF.get(head[8:12])
    if head.startswith(b"FOR") and head[3:4] in {b"M", b"1", b"4", b"8"}:
        return _IFF.get(head[8:12])
    if head.startswith(b"OggS"):
        return "video" if b"theora" in head[:512] or b"\x01video" in head[:512] else "audio"
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] == b"avif" else _BRANDS.get(head[8:11], "video")
    return _asf(sample.beginning(_ASF_HEADER_BYTES)) if head.startswith(_ASF_MAGIC) else None


def _asf(header: bytes) -> str:
    """Sound alone (WMA) or film (WMV), by the kinds of the streams."""
    return "audio" if _ASF_AUDIO_STREAM in header and _ASF_VIDEO_STREAM not in header else "video"


# ---- signatures too short to be believed without the rest of the header, or without the size of the file


def _is_bitmap(sample: Sample) -> bool:
    return sample.head.startswith(b"BM") and sample.head[6:10] == b"\0\0\0\0"


def _is_dictzip(sample: Sample) -> bool:
    """gzip with an index for reading at random, as dictd has it."""
    head = sample.head
    return head.startswith(b"\x1f\x8b\x08") and len(head) > 14 and bool(head[3] & 4) and head[12:14] == b"RA"


def _is_plain_ar(sample: Sample) -> bool:
    """An archive by `ar` that is neither a library (an index of symbols, or objects) nor a Debian package."""
    head, first = sample.head, sample.head[8:24]
    is_library = first.startswith((b"/", b"__.SYMDEF", b"debian-binary", b"#1/")) or any(
        mark in head for mark in (b".o/", b".o ", b".obj", b"\x7fELF", b".rmeta", b".rcgu")
    )
    return head.startswith(b"!<arch>\n") and len(head) > 68 and not is_library


def _is_byte_code(sample: Sample) -> bool:
    """Python's: a magic number, CR LF, then flags (PEP 552) or a time and a size, and a code object."""
    head = sample.head
    if head[2:4] != b"\r\n" or len(head) < 16:
        return False
    has_flags = head[4] < 4 and head[5:8] == b"\0\0\0"
    return has_flags or (head[1] in {0x0C, 0x0D} and bool({head[8:9], head[12:13]} & {b"c", b"\xe3"}))


def _is_mpeg_sound(sample: Sample) -> bool:
    head = sample.head
    if not head.startswith(b"\xff") or len(head) < 8 or head[1] & 0xE0 != 0xE0 or head[1] >= _MARK_OF_UTF16:
        return False
    if head[1] & 0xF6 == 0xF0:  # AAC in ADTS frames: believed where the next frame begins as the first
        next_frame = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return head[next_frame : next_frame + 2] == head[:2]
    has_layer, has_valid_rate = head[1] & 0x06, head[2] & 0xF0 not in {0x00, 0xF0} and head[2] & 0x0C != 0x0C
    return head[1] & 0x18 != 0x08 and bool(has_layer) and has_valid_rate


def _is_git_object(sample: Sample) -> bool:
    """Whether it is a loose object: zlib data whose beginning tells kind and size."""
    if not sample.head.startswith(b"x"):
        return False
    try:
        return zlib.decompressobj().decompress(sample.head[:512], 32).startswith(_GIT_KINDS)
    except zlib.error:
        return False


def _is_biosignal(sample: Sample) -> bool:
    """EDF: version 0, and the length of its header as digits."""
    head = sample.head
    return head.startswith(b"0       ") and head[184:192].strip().isdigit() and b"\0" not in head[:192]


def _is_seismogram(sample: Sample) -> bool:
    """miniSEED: a record's number in six digits, its quality, a blank, and the names of station and channel."""
    head = sample.head
    return (
        head[:6].isdigit()
        and head[6:7] in _SEED_QUALITIES
        and head[7:8] == b" "
        and head[8:20].isascii()
        and b"\0" in head
    )


def _is_der(sample: Sample) -> bool:
    """A certificate or key: one ASN.1 sequence as long as the file."""
    head = sample.head
    if head[:1] != b"\x30" or head[1:2] not in {b"\x81", b"\x82", b"\x83"} or len(head) < 6:
        return False
    n_digits = head[1] & 0x7F
    n_bytes = int.from_bytes(head[2 : 2 + n_digits], "big") + 2 + n_digits
    return n_bytes == sample.size_bytes and head[2 + n_digits] in {0x02, 0x06, 0x30}


def _is_dbase(sample: Sample) -> bool:
    head = sample.head
    if len(head) < 66 or head[0] not in _DBASE_VERSIONS or not head[32:33].isalpha():
        return False
    n_bytes = int.from_bytes(head[8:10], "little")
    fields = head[max(64, n_bytes - 264) : n_bytes]
    return 1 <= head[2] <= 12 and 1 <= head[3] <= 31 and 65 <= n_bytes < len(head) and b"\r" in fields


def _is_binary_stl(sample: Sample) -> bool:
    if len(sample.head) < _STL_HEADER_BYTES:
        return False
    n_facets: int = struct.unpack_from("<I", sample.head, 80)[0]
    return n_facets > 0 and sample.size_bytes == _STL_HEADER_BYTES + _STL_FACET_BYTES * n_facets


def _is_3d_studio(sample: Sample) -> bool:
    head = sample.head
    return head.startswith(b"MM") and len(head) > 6 and int.from_bytes(head[2:6], "little") == sample.size_bytes


def _is_aseprite(sample: Sample) -> bool:
    return sample.head[4:6] == b"\xe0\xa5" and int.from_bytes(sample.head[:4], "little") == sample.size_bytes


def _is_embedded_font(sample: Sample) -> bool:
    return sample.head[34:36] == b"LP" and int.from_bytes(sample.head[:4], "little") == sample.size_bytes


def _is_safetensors(sample: Sample) -> bool:
    return sample.head[8:10] == b'{"' and 2 < int.from_bytes(sample.head[:8], "little") < sample.size_bytes


def _is_onnx(sample: Sample) -> bool:
    head = sample.head
    return head[:1] == b"\x08" and head[1:2] < b"\x0c" and (b"onnx" in head[:96] or b"pytorch" in head[:96])


def _is_disk_image_of_apple(sample: Sample) -> bool:
    return sample.tail[-512:].startswith(b"koly")


def _is_music_module(sample: Sample) -> bool:
    return sample.head[1080:1084] in _MODULE_MARKS


def _is_simple_picture(sample: Sample) -> bool:
    """Targa by its mark at the end, or a portable bitmap."""
    head = sample.head
    if sample.tail.endswith((b"TRUEVISION-XFILE.\0", b"TRUEVISION-XFILE\0")):
        return True
    is_marked = head[:1] == b"P" and head[1:2] in _BITMAP_KINDS and head[2:3] in _WHITE
    return is_marked and (head[3:4].isdigit() or head[3:4] in {b"#", b"W"})


def _is_transport_stream(sample: Sample) -> bool:
    head = sample.head
    return head[:1] == b"\x47" and len(head) > 565 and head[188] == head[376] == head[564] == 0x47


def _is_pickle(sample: Sample) -> bool:
    head = sample.head
    return head[:1] == b"\x80" and head[1:2] in _PICKLE_PROTOCOLS and (sample.tail or head).endswith(b".")


def _is_coff_object(sample: Sample) -> bool:
    head = sample.head
    has_machine = head[:2] in {b"\x64\x86", b"\x4c\x01", b"\x64\xaa"}
    return has_machine and head[16:18] == b"\0\0" and 0 < head[2] < _MOST_SECTIONS and head[3:4] == b"\0"


_GUARDED: Final[tuple[tuple[Callable[[Sample], bool], str], ...]] = (
    (_is_bitmap, "bmp"),
    (_is_dictzip, "dictionary"),
    (_is_plain_ar, "ar"),
    (_is_byte_code, "pyc"),
    (_is_mpeg_sound, "audio"),
    (_is_git_object, "git-object"),
    (_is_biosignal, "biosignal"),
    (_is_seismogram, "data"),
    (_is_der, "key"),
    (_is_dbase, "dbase"),
    (_is_disk_image_of_apple, "dmg"),
    (_is_binary_stl, "stl-binary"),
    (_is_3d_studio, "model"),
    (_is_aseprite, "blend"),
    (_is_embedded_font, "font"),
    (_is_safetensors, "network-weights"),
    (_is_onnx, "network-weights"),
    (_is_music_module, "audio"),
    (_is_simple_picture, "image"),
    (_is_transport_stream, "video"),
    (_is_pickle, "pickle"),
    (_is_coff_object, "object"),
)


def _windows_program(sample: Sample) -> str | None:
    head = sample.head
    if len(head) < 64:
        return None
    if any(word in head for word in _FONTS_OF_WINDOWS):
        return "font"
    if any(word in head for word in _INSTALLERS):
        return "pe-installer"
    start: int = struct.unpack_from("<I", head, 60)[0]
    if head[start : start + 4] != b"PE\0\0" or len(head) < start + 24:
        return "pe"
    n_sections, n_bytes, flags = (struct.unpack_from("<H", head, start + at)[0] for at in (6, 20, 22))
    if flags & _PE_LIBRARY:
        return "pe-library"
    return "pe-installer" if _is_packed_program(sample, start + 24 + n_bytes, n_sections) else "pe"


def _is_packed_program(sample: Sample, table: int, n_sections: int) -> bool:
    """Whether an archive hangs at the end of a Windows program, or its last section (its resources) says that it installs."""
    end = 0
    for number in range(min(n_sections, 32)):
        entry = sample.head[table + 40 * number : table + 40 * (number + 1)]
        if len(entry) == 40:
            n_bytes, start = struct.unpack_from("<II", entry, 16)
            end = max(end, start + n_bytes)
    appended = sample.read_at(end, 64) if end else b""
    if any(mark in appended for mark in _APPENDED):
        return True
    resources = sample.read_at(max(0, end - _RESOURCE_BYTES), min(end, _RESOURCE_BYTES))
    return any(word in resources for word in _SAY_THAT_THEY_INSTALL)


def _ole(sample: Sample) -> str:
    """The program whose streams an OLE2 container holds, by the names in the first sector of its directory."""
    if len(sample.head) < 64:
        return "ole"
    shift, first_sector = struct.unpack_from("<H", sample.head, 30)[0], struct.unpack_from("<I", sample.head, 48)[0]
    if shift not in {9, 12}:
        return "ole"
    directory = sample.read_at((first_sector + 1) << shift, 4096)
    if directory[80:128].startswith(_OLE_INSTALLERS):
        return "msi"
    for stream, name in _OLE_STREAMS:
        if stream.encode("utf-16-le") in directory:
            return name
    return "ole"


def _last_resorts(sample: Sample) -> str | None:
    """A disk image's mark deep inside, an old TAR, and what the `filetype` library knows of audio, video and pictures."""
    if sample.size_bytes > 32774 and sample.read_at(32769, 5) == b"CD001":
        return "iso"
    if _is_old_tar(sample.head):
        return "tar"
    if not sample.head.isascii():
        import filetype

        kind = filetype.guess(sample.head)
        if kind is not None:
            return _OF_FILETYPE.get(kind.mime.partition("/")[0])
    return None


def _is_old_tar(head: bytes) -> bool:
    """Whether the first 512 bytes have the check sum of a TAR header without a mark (Unix V7)."""
    digits = head[148:156].strip(b" \0")
    if len(head) < 512 or not head[0] or not digits.isdigit() or set(digits) & set(b"89"):
        return False
    return int(digits, 8) == sum(head[:148]) + 8 * ord(" ") + sum(head[156:512])
