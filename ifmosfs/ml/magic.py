"""The first bytes of binary formats, as a table. What needs a second look is in `signatures`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

Magic = bytes | tuple[int, bytes]  # at the beginning, or at an offset

MAGIC: Final[Mapping[str, tuple[Magic, ...]]] = {
    # documents
    "pdf": (b"%PDF-",),
    "old-document": (b"\xdb\xa5\x2d\0", b"\x31\xbe\0\0\0\xab", b"\xffWPC", b"HWP Document File"),
    "djvu": (b"AT&TFORM",),
    "chm": (b"ITSF\x03\0\0\0", b"\x3f\x5f\x03\0"),
    "old-workbook": (b"\0\0\x02\0\x06\x04\x06\0", b"\0\0\x1a\0\0\x10\x04\0", b"\x09\x08\x10\0\0\x06\x05\0"),
    "ebook": ((60, b"BOOKMOBI"), (60, b"TEXtREAd"), b"ITOLITLS", b"ZIM\x04"),
    # packed
    "zip": (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04"),
    "gzip": (b"\x1f\x8b\x08",),
    "bzip2": ((4, b"1AY&SY"),),
    "xz": (b"\xfd7zXZ\0",),
    "zstd": (b"\x28\xb5\x2f\xfd",),
    "lzip": (b"LZIP\x01",),
    "lz4": (b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"),
    "compress": (
        b"\x1f\x9d", b"\x1f\xa0", b"\x1f\x1e", b"SZDD\x88\xf0\x27\x33", b"\xff\x06\0\0sNaPpY", b"\x5d\0\0\x80\0",
        b"\x5d\0\0\0\x01",
    ),
    "lzop": (b"\x89LZO",),
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "rar": (b"Rar!\x1a\x07", b"RE~^"),
    "tar": ((257, b"ustar"),),
    "cab": (b"MSCF\0\0\0\0",),
    "cpio": (b"070701", b"070702", b"070707", b"\xc7\x71\0\0"),
    "lzh": ((2, b"-lh"), (2, b"-lz")),
    "arj": (
        (7, b"**ACE**"), (20, b"\xdc\xa7\xc4\xfd"), b"SIT!", b"StuffIt (c)", b"ALZ\x01", b"EGGA", b"7kSt", b"LRZI",
        b"RZIP", b"MSWIM\0\0\0", b"PAR2\0PKT",
    ),
    "squashfs": (b"hsqs", b"sqsh"),
    # software
    "deb": (b"!<arch>\ndebian-binary",),
    "rpm": (b"\xed\xab\xee\xdb", b"drpm"),
    "crx": (b"Cr24",),
    "xar-pkg": (
        b"xar!", b"flatpak\0", b"ANDROID!", b"CrAU\0\0\0\0", b"\x3a\xff\x26\xed", b"ISc(",
        (8, b"\x19\x04\0\x10"), b"\x7a\x1a\x20\x10",
    ),
    "wasm": (b"\0asm",),
    "llvm": (b"BC\xc0\xde", b"\xde\xc0\x17\x0b"),
    "dex": (b"dex\n03", b"dey\n03"),
    "lua-bytecode": (b"\x1bLua", b"\x1bLJ"),
    "macho": (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    "static-library": (b"!<arch>\n", b"!<thin>\n", b"<bigaf>\n"),
    "pyc": (b"\x03\xf3\r\n", b"\xd1\xf2\r\n", b"\xb3\xf2\r\n"),
    "object": (
        b"Caml1999", b"\x01\xfa\xce\x64", b"\x64\xce\xfa\x01", b";ELC", b"rust\0\0\0", b"\xe2\x9c\xa8\x0e", b"gpch",
        b"CPCH", b"JM\x01\0PK", b"Microsoft C/C++ MSF 7.00", b"Microsoft C/C++ program database", b"DUMPEDGNUEMACS",
        b"qv4cdata", b"\x03\x02\x23\x07", (514, b"HdrS"), b"\xd0\x0d\xfe\xed", b"\x27\x05\x19\x56", b"UF2\n\x57\x51\x5d\x9e",
        b"\x1c\x04\x1e\xf1", b"GVariant", b"FASL", b"\x07\x06\x05\x04", b"\x04\x05\x06\x07",
        b"\0\0\0\0\x20\0\0\0\xff\xff\0\0\xff\xff\0\0",
    ),
    "iso": (b"\xeb\x3c\x90", b"\xeb\x58\x90", b"\xeb\x52\x90NTFS"),
    # databases
    "sqlite": (b"SQLite format 3\0",),
    "access": ((4, b"Standard Jet DB"), (4, b"Standard ACE DB"), (4, b"\xef\xcd\xab\x89"), b"\x01\x0f\0\0"),
    "redis-dump": (b"REDIS0", b"PGDMP", b"\xfe\x01\x09", b"\xfe\xfe\x07", b"-- H2 0.5/B --"),
    "gdbm": (
        b"\xce\x9a\x57\x13", b"\x13\x57\x9a\xce", b"\xcf\x9a\x57\x13", b"TDB file\n", b"KC\n\x10\x0e\x06", (8, b"DUCK"),
        (16, b"T-DB"), (16, b"\xde\xc0\xef\xbe"), b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83",
    ),
    "berkeley-db": ((12, b"\x61\x15\x06\0"), (12, b"\x62\x31\x05\0"), (12, b"\0\x06\x15\x61"), (12, b"\0\x05\x31\x62")),
    # data
    "parquet": (b"PAR1",),
    "hdf5": (b"\x89HDF\r\n\x1a\n", b"\x0e\x03\x13\x01"),
    "npy": (b"\x93NUMPY",),
    "arrow": (b"ARROW1", b"FEA1"),
    "avro": (b"Obj\x01",),
    "orc": (b"ORC",),
    "matlab": (b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"),
    "netcdf": (b"CDF\x01", b"CDF\x02", b"CDF\x05"),
    "fits": (b"SIMPLE  =",),
    "rdata": (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"X\n\0\0\0\x02", b"X\n\0\0\0\x03"),
    "data": (
        b"$FL2@(#)", b"$FL3@(#)", b"<stata_dta>", b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60", b"HEADER RECORD*******",
        b"\0\0\x27\x0a\0\0\0\0", b"LASF\0", b"TDSm", b"root\0", b"BAM\x01", b"BAI\x01", b"CRAM", b"\x6c\x1b\x01", b"\x26\xfc\x8f\x88",
        b"FCS3.", b"FCS2.", b"NRRD000", b"CPYA", (4, b"\x0a\x09OSMHeader"), b"BINARY\0", b"\xc3\x40\xf1\x40", b"GRIB\0", b"BUFR",
    ),
    "medical-volume": ((344, b"n+1\0"), (344, b"ni1\0"), (4, b"n+2\0\r\n\x1a\n")),
    "pcap": (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\xb2\xa1", b"snoop\0\0\0"),
    "journal": (b"LPKSHHRH", b"ElfFile\0"),
    # of vehicles, and of health
    "mdf-measurement": (b"MDF     ", b"UnFinMF ", b"LOGG", b"DLT\x01"),
    "dicom": ((128, b"DICM"),),
    "biosignal": (b"\xffBIOSEMI", b"GDF 1.", b"GDF 2."),
    # pictures, drawings, working files
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "gif": (b"GIF87a", b"GIF89a"),
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "raw-photo": (b"II*\0\x10\0\0\0CR", b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"IIU\0", b"FOVb", b"\0MRM"),
    "ico": (b"\0\0\x01\0", b"\0\0\x02\0", b"icns"),
    "image": (
        b"DDS ", b"\x76\x2f\x31\x01", b"\0\0\0\x0cjP  ", b"\0\0\0\x0cJXL ", b"\xff\x0a", b"II\xbc\x01", b"qoif",
        b"\x01\xda\x01\x01", b"\x59\xa6\x6a\x95", b"\x8aMNG\r\n", b"\x8bJNG\r\n", b"\x0a\x05\x01\x08", b"\x0a\x05\x01\x01",
        b"#?RADIANCE", b"#?RGBE", b"farbfeld", b"SDPX", b"XPDS", b"PVR\x03", b"\xabKTX 11\xbb", b"\xabKTX 20\xbb",
        b"BPG\xfb", b"FLIF", (4, b"\x11\xaf"), (4, b"\x12\xaf"),
    ),
    "psd": (b"8BPS\0",),
    "xcf": (b"gimp xcf ",),
    "indd": (b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5", (2, b"MMXPR"), (2, b"IIXPR")),
    "blend": (
        b"BLENDER", b"fig-kiwi", b"CSFCHUNK", b"PDN3", b"Paint Shop Pro Image File", b"\0\xffKA", b"QC4DC4D6", b"CPT9FILE",
        b"CPTFILE", b"ASEF\0\x01", (20, b"GIMP"), (20, b"GPAT"), b"8BGR", b"VCLMTF",
    ),
    "wmf": (b"\xd7\xcd\xc6\x9a", b"\x01\0\x09\0\0\x03"),
    "emf": ((40, b" EMF"),),
    "eps": (b"\xc5\xd0\xd3\xc6",),
    "dwg": (
        b"AC10", b"AC1.", b"\x08\x05\x17\0", b"3D Geometry File Format", b"\xff\xfe\xff\x0eS\0k\0", b"V5_CFV2",
        b"ACIS BinaryFile", b"PXR-USDC", b"#UGC:2 ",
    ),
    "model": (b"Kaydara FBX Binary", b"glTF\x01\0\0\0", b"glTF\x02\0\0\0", b"Ogawa\xff\0"),
    "font": (
        b"OTTO", b"wOFF", b"wOF2", b"ttcf", b"true\0", b"\0\x01\0\0\0", b"\x01fcp", (6, b"%!PS-AdobeFont"),
        (6, b"%!FontType"), b"\x72\xb5\x4a\x86", b"\x36\x04", b"\xf7\x59", b"\xf7\x83", b"WLF10", b"typ1\0",
    ),
    # sound and film
    "audio": (
        b"ID3", b"fLaC", b"MThd", b"MAC \x96\x0f", b"MAC \x8c\x0f", b".snd", b"#!AMR", b"wvpk", b"Extended Module:",
        b"IMPM", b"MP+", b"MPCK", b"TTA1", b"TTA2", b"OFR ", b"ajkg", b"DSD \x1c\0\0\0", b"FRM8\0\0\0",
        b"Creative Voice File", b"caff\0\x01", b".ra\xfd", b"PSID\0", b"RSID\0", b"NESM\x1a", b"SNES-SPC700", b"Vgm ",
        b"THX\0", b"THX\x01", b"riff\x2e\x91\xcf\x11", b"\x0b\x77", b"\x7f\xfe\x80\x01", (44, b"SCRM"), b"MTM\x10",
        b"OKTASONG", b"DBM0", b"PSM ", b"MO3\x03", b"MO3\x05", b"\x18FICHIER GUITAR PRO", b"FLhd\x06\0\0\0", b"MMMD\0",
        b"ADIF", b".RMF\0\0\0\x12\0\x01",
    ),
    "video": (
        b"\x1aE\xdf\xa3", b"FLV\x01", b"\0\0\x01\xba", b"\0\0\x01\xb3", b".RMF", b"FWS", b"CWS", b"ZWS", b"BBCD\0",
        b"YUV4MPEG2", b"DKIF\0\0", b"SMK2", b"SMK4", b"BIKi", b"BIKf", b"KB2", b"\x06\x0e\x2b\x34\x02\x05", b"\x1f\x07\0",
    ),
    # games
    "game": (
        b"NES\x1a", b"FDS\x1a", (0x104, b"\xce\xed\x66\x66\xcc\x0d"), (4, b"\x24\xff\xae\x51\x69\x9a"),
        (0xC0, b"\x24\xff\xae\x51\x69\x9a"), b"\x80\x37\x12\x40", b"\x37\x80\x40\x12", b"\x40\x12\x37\x80",
        (0x100, b"SEGA"), b"LYNX\0", (1, b"ATARI7800"), b"PS-X EXE", b"XBEH", b"XEX2", (0x1C, b"\xc2\x33\x9f\x3d"),
        (0x18, b"\x5d\x1c\x9e\xa3"), (0x100, b"NCSD"), (0x100, b"NCCH"), b"SEGA SEGAKATANA", b"C64S tape",
        b"C64 CARTRIDGE", b"ZXTape!\x1a", b"DOS\0", b"DOS\x01", b"MV - CPC", b"EXTENDED CPC DSK", b"IWAD", b"PWAD",
        b"WAD2", b"WAD3", b"PACK", b"IBSP", b"VBSP", b"RBSP", b"FBSP", b"IDPO\x06", b"IDST", b"IDSQ", b"IDP2", b"IDP3",
        b"IDSP", b"\x34\x12\xaa\x55", b"GMAD", b"KenSilverman", b"BLOD", b"\xc1\x83\x2a\x9e", b"UnityFS\0",
        b"UnityWeb\0", b"UnityRaw\0", b"GDPC", b"RSRC\0", b"RSCC", b"GDSC", b"RGSSAD", b"RPGMV\0", b"RPA-3.0", b"RPA-2.0",
        b"MPQ\x1a", b"BLP1", b"BLP2", b"HM3W", b"MD20", b"BSA\0", b"BTDX", b"TES3", b"TES4", b"BIFFV1", b"KEY V1",
        b"ERF V1", b"GFF V3", b"2DA V2", b"CRE V1", b"GAMEV", b"DLG V1", b"ITM V1", b"SPL V1", b"AREAV1", b"EU4txt",
        b"EU4bin", b"CK2txt", b"HOI4txt", b"HOI4bin", b"OTTD", b"OTTN", b"OTTZ", b"OTTX", b"\0\0GRF\x82", b"PFH4",
        b"PFH5", b"VTF\0", b"HL2DEMO\0", b"HLDEMO\0", b"Scid.si", b"Glul\0", b"TADS2 bin", b"T3-image", b"BKHD", b"FSB5",
        b"SCVM", b"\xafSOL", b"TTARCH", b"SARC", b"Yaz0", b"Yay0", b"NARC", b"RARC", b"MUS\x1a", b"\x1dRPGM", b"LCFS",
        b"\x0bLcfSaveData", b"\x0aLcfMapUnit", b"\x0bLcfDataBase", b"\x0aLcfMapTree",
    ),
    # Git's own
    "git-pack": (
        b"PACK\0\0\0\x02", b"PACK\0\0\0\x03", b"\xfftOc\0\0\0\x02", b"MIDX\x01", b"CGPH\x01", b"RIDX\0\0\0\x01", b"BITM\0\x01",
    ),
    "git-index": (b"DIRC\0\0\0",),
    "git-bundle": (b"# v2 git bundle", b"# v3 git bundle"),
    # of no category
    "catalogue": (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde", b"\x3c\xb8\x64\x18\xca\xef\x9c\x95"),
    "tzif": (b"TZif",),
    "colour-profile": ((36, b"acsp"), b"IIRC\x08\0\0\0", b"MMCR\0\0\0\x08"),
    "network-weights": (b"GGUF", b"lmgg", b"tjgg", (4, b"TFL3")),
    "memory-image": (
        b"MDMP\x93\xa7", b"JAVA PROFILE 1.", b"PAGEDUMP", b"PAGEDU64", b"KDUMP   ", (4086, b"SWAPSPACE2"),
        (4086, b"SWAP-SPACE"),
    ),
    "thumbnails": (b"CMMM",),
    "shortcut": (b"L\0\0\0\x01\x14\x02\0",),
    "track": ((8, b".FIT"),),
    "email": (b"!BDN", b"\xcf\xad\x12\xfe", b"\x78\x9f\x3e\x22"),
    "key": (
        b"\x03\xd9\xa2\x9a", b"KBXf", (8, b"KBXf"), b"\xfe\xed\xfe\xed", b"Salted__", b"age-encryption.org/", b"LUKS\xba\xbe",
    ),
    "torrent": (
        b"d8:announce", b"d13:announce-list", b"d10:created by", b"d7:comment", b"d4:infod", b"d13:creation date",
    ),
    "disk-image": (b"QFI\xfb", b"KDMV", b"conectix", b"vhdxfile", (64, b"\x7f\x10\xda\xbe"), b"cowd\x01"),
    # others
    "backup-tape": (b"TAPE\0\0", b"\0\0\0\x7b\0", b"b0VIM "),
    "binary-settings": (b"bplist00", b"regf"),
    "packed-bookmarks": (b"mozLz40\0",),
    "pip-cache": (b"cc=4,", b"cc=3,"),
}  # fmt: skip
"""Format (a key of the `format` table in `rules.toml`) -> what its files begin with."""

_SHORT_WORD: Final = 5  # a text may well begin with a word such as PACK or ORC


def _entries() -> Iterator[tuple[int, bytes, str]]:
    for name, magics in MAGIC.items():
        for magic in magics:
            yield (0, magic, name) if isinstance(magic, bytes) else (*magic, name)


# The longer a magic is, the earlier it is tried: PACK with Git's version before PACK.
_SORTED: Final = tuple(sorted(_entries(), key=lambda entry: -len(entry[1])))
_FIRST: Final = {
    first: tuple(entry for entry in _SORTED if entry[0] == 0 and entry[1][0] == first) for first in range(256)
}
_LATER: Final = tuple(entry for entry in _SORTED if entry[0] > 0)


def find_magic(head: bytes) -> str | None:
    """The format whose magic a file begins with."""
    if not head:
        return None
    is_text = b"\0" not in head
    for offset, magic, name in (*_FIRST[head[0]], *_LATER):
        if head.startswith(magic, offset) and not (is_text and len(magic) < _SHORT_WORD and magic.isalnum()):
            return name
    return None
