"""game_data: cartridges, packs of resources, saved games, models and textures."""

from __future__ import annotations

import struct
import zlib

from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.zipped import write_gzip, write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document


@document("game_data", weight=4, by_format=True)
def cartridge_image(pen: Pen) -> Draft:
    """ROM images of old consoles."""
    kind = pen.pick(("nes", "gb", "gbc", "gba", "smc", "z64", "md", "nds", "gen"))
    body = binary.code(pen, pen.size(4000, 30_000))
    title = pen.slot("game", "").upper().encode("ascii", "replace")[:15]
    logo = bytes.fromhex(
        "ceed6666cc0d000b03730083000c000d0008111f8889000edccc6ee6ddddd999bbbb67636e0eecccdddc999fbbb9333e"
    )
    raws = {
        "nes": b"NES\x1a\x02\x01" + bytes([pen.whole(0, 64), 0]) + bytes(8) + body,
        "gba": b"\x2e\x00\x00\xea" + pen.noise(156) + title[:12].ljust(12, b"\x00") + b"AGBE01\x96" + bytes(9) + body,
        "z64": struct.pack(">IIII", 0x80371240, 15, 0x80000400, 0x1444) + pen.noise(16) + title.ljust(20) + body,
        "smc": bytes(512)
        + body[:3000].ljust(0x7FC0, b"\x00")
        + title.ljust(21)
        + b"\x20\x00\x09\x00\x01\x33\x00"
        + pen.noise(4),
        "md": bytes(256) + b"SEGA MEGA DRIVE " + b"(C)SEGA 1991.APR" + title.ljust(48) + body,
        "nds": title[:12].ljust(12, b"\x00") + b"ABCE01" + bytes(174) + logo[:28] + body,
    }
    raws["gen"] = raws["md"]
    default = bytes(256) + b"\x00\xc3\x50\x01" + logo + title.ljust(16, b"\x00") + bytes(12) + body
    return Draft(
        raws.get(kind, default),
        kind,
        "«game» («USA|Europe|Japan») «?[!]»|«game»|«noun»_quest",
        "roms|ROMs/«Noun»|Emulation/«Noun»|Games",
    )


@document("game_data", weight=3, by_format=True)
def resource_pack(pen: Pen) -> Draft:
    """Containers of games: WAD, PAK, VPK, PCK, RPA, BSP, Unity and Unreal assets."""
    kind = pen.pick(
        (
            "wad",
            "pak",
            "vpk",
            "pck",
            "rpa",
            "bsp",
            "assets",
            "unity3d",
            "uasset",
            "pk3",
            "big",
            "mpq",
            "bsa",
            "dat",
            "grp",
            "pak",
        )
    )
    names = [pen.say("«noun»/«game_thing».«tga|wav|mdl|ogg|lua»") for _ in range(pen.size(2, 30))]
    body = binary.code(pen, pen.size(2000, 20_000))
    return Draft(
        _container(kind, names, body, pen),
        kind,
        "«map_name»|pak«n:0-9»|textures|sharedassets«n:0-9»|resources|data«n:0-9»|«game»|archive|«monster»|level«n:0-9»|sounds",
        "«game»|baseq3|steamapps/common/«game»/data|Games/«game»|mods/«noun»",
    )


def _container(kind: str, names: list[str], body: bytes, pen: Pen) -> bytes:
    piece = len(body) // len(names)
    if kind == "wad":
        lumps = [
            "MAP01",
            "THINGS",
            "LINEDEFS",
            "SIDEDEFS",
            "VERTEXES",
            "SECTORS",
            *(name.rpartition("/")[2][:8].upper() for name in names),
        ]
        rows = b"".join(struct.pack("<II8s", 12, piece, lump.encode()) for lump in lumps)
        return pen.pick((b"IWAD", b"PWAD")) + struct.pack("<II", len(lumps), 12 + len(body)) + body + rows
    if kind == "pak":
        rows = b"".join(struct.pack("<56sII", name.encode(), 12 + at * piece, piece) for at, name in enumerate(names))
        return b"PACK" + struct.pack("<II", 12 + len(body), len(rows)) + body + rows
    if kind == "pk3":
        return write_zip({name: body[at * piece : (at + 1) * piece] for at, name in enumerate(names)})
    heads = {
        "vpk": struct.pack("<III", 0x55AA1234, 1, 900),
        "pck": b"GDPC" + struct.pack("<IIII", 1, 3, 5, 0),
        "rpa": f"RPA-3.0 {len(body):016x} {pen.whole(1, 2**31):08x}\n".encode(),
        "bsp": pen.pick((b"IBSP" + struct.pack("<I", 46), b"VBSP" + struct.pack("<I", 20), struct.pack("<I", 29))),
        "assets": bytes(8) + struct.pack(">II", 17, 4096) + b"2019.4.1f1\x00",
        "unity3d": b"UnityFS\x00" + struct.pack(">I", 6) + b"5.x.x\x002019.4.1f1\x00",
        "uasset": bytes.fromhex("c1832a9e") + struct.pack("<i", -7),
        "big": b"BIGF" + struct.pack("<I", len(body)),
        "mpq": b"MPQ\x1a" + struct.pack("<II", 32, len(body)),
        "bsa": b"BSA\x00" + struct.pack("<II", 104, 36),
        "grp": b"KenSilverman" + struct.pack("<I", len(names)),
    }
    return heads.get(kind, b"") + b"\x00".join(name.encode() for name in names) + b"\x00" + body


@document("game_data", weight=4, by_format=True)
def binary_save(pen: Pen) -> Draft:
    """Saved games as programs write them: named tags, tables of numbers, packed state."""
    kind = pen.pick(
        (
            "sav",
            "dat",
            "sav",
            "ess",
            "srm",
            "save",
            "mca",
            "rvdata2",
            "rpgsave",
            "esp",
            "w3x",
            "profile",
            "civ5save",
            "state",
        )
    )
    name = pen.slot("first", "")
    numbers = struct.pack("<60i", *(pen.whole(0, 999) for _ in range(60)))
    things = b"".join(_nbt_text("id", "minecraft:" + pen.slot("game_thing", "")) for _ in range(pen.whole(2, 30)))
    words = b"\x00".join(
        pen.slot(pen.pick(("game_thing", "map_name", "skill", "monster")), "").encode() for _ in range(40)
    )
    raws = {
        "dat": write_gzip(
            b"\x0a\x00\x00\x0a\x00\x04Data" + _nbt_text("LevelName", pen.slot("noun", "")) + things + b"\x00\x00"
        ),
        "mca": (
            struct.pack(">I", 0x00000201)
            + bytes(8188)
            + struct.pack(">IB", 900, 2)
            + zlib.compress(b"\x0a\x00\x00" + things)
        ).ljust(12288, b"\x00"),
        "ess": b"TESV_SAVEGAME"
        + struct.pack("<II", 78, 9)
        + struct.pack("<H", len(name))
        + name.encode()
        + numbers
        + words,
        "rvdata2": b"\x04\x08[\x07"
        + b"".join(
            b'I"' + bytes([len(word) + 5]) + word + b"\x06:\x06ET" for word in words.split(b"\x00") if len(word) < 100
        ),
        "rpgsave": _base64_save(words),
        "esp": b"TES4"
        + struct.pack("<IIII", 90, 0, 0, 0)
        + b"HEDR\x0c\x00"
        + struct.pack("<fII", 1.7, 9, 2048)
        + b"CNAM"
        + words,
        "w3x": b"HM3W" + bytes(4) + name.encode() + bytes(490) + b"MPQ\x1a" + numbers,
        "civ5save": b"CIV5" + struct.pack("<I", 8) + words,
        "srm": pen.noise(300).ljust(8192, b"\xff"),
    }
    plain = (
        pen.pick((b"SAVE", b"GVAS", b"\x01\x00\x00\x00", name.encode()[:8]))
        + numbers
        + words
        + pen.noise(pen.size(50, 3000))
    )
    return Draft(
        raws.get(kind, plain),
        kind,
        "save«n:0-99»|quicksave|level|autosave|«game»|slot«n:1-9»|Save «n:1-40» - «map_name»|r.«n:0-3».«n:0-3»|«first»|file«n:1-30»",
        "Saves|savegames|.minecraft/saves/World/region|My Games/«game»/Saves|AppData/LocalLow/«Noun»",
    )


def _nbt_text(name: str, text: str) -> bytes:
    return b"\x08" + struct.pack(">H", len(name)) + name.encode() + struct.pack(">H", len(text)) + text.encode()


def _base64_save(words: bytes) -> bytes:
    import base64

    return base64.b64encode(zlib.compress(words * 3))


@document("game_data", weight=2, by_format=True)
def model_or_texture(pen: Pen) -> Draft:
    """Models, textures and figures of games; an STL of a figure is the hard pair of CAD."""
    kind = pen.pick(("mdl", "md2", "md3", "vtf", "dds", "nif", "stl", "blp", "m2", "pcx", "tex"))
    body = pen.noise(pen.size(800, 9000))
    if kind == "stl":
        n = pen.size(10, 150)
        return Draft(
            f"Exported from Blender {pen.slot('monster', '')}".encode().ljust(80)
            + struct.pack("<I", n)
            + b"".join(struct.pack("<12fH", *(pen.rng.uniform(-30, 30) for _ in range(12)), 0) for _ in range(n)),
            kind,
            "«monster»_mini|«monster»|dungeon_tile_«n:1-40»|hero_«game_thing»|goblin_28mm",
            "DnD/minis|Games/terrain|tabletop",
        )
    heads = {
        "mdl": pen.pick((b"IDST", b"IDPO")) + struct.pack("<I", 48),
        "md2": b"IDP2" + struct.pack("<I", 8),
        "md3": b"IDP3" + struct.pack("<I", 15),
        "vtf": b"VTF\x00" + struct.pack("<III", 7, 2, 80),
        "dds": b"DDS "
        + struct.pack("<IIIIIII", 124, 0x81007, 64, 64, 4096, 0, 1)
        + bytes(44)
        + struct.pack("<II4s", 32, 4, b"DXT1")
        + bytes(40),
        "nif": b"Gamebryo File Format, Version 20.2.0.7\n",
        "blp": b"BLP2" + struct.pack("<I", 1),
        "m2": b"MD20" + struct.pack("<I", 264),
        "pcx": b"\x0a\x05\x01\x08",
        "tex": b"TEXV0005\x00",
    }
    return Draft(
        heads[kind] + pen.slot("monster", "").encode().ljust(64, b"\x00") + body,
        kind,
        "«monster»|«game_thing»|«noun»_d|«monster»_n|wall_«n:1-40»|skin«n:1-9»",
        "models/«monster»|textures/«noun»|materials|«game»/data",
    )


@document("game_data")
def game_mod_pack(pen: Pen) -> Draft:
    """Mods and worlds, packed."""
    kind = pen.pick(("jar", "mcworld", "mcpack", "zip", "love", "wotmod", "pkg"))
    if kind == "jar":
        files: dict[str, bytes | str] = {
            "META-INF/mods.toml": pen.say('modLoader="javafml"\n[[mods]]\nmodId="«snake»"\n'),
            "pack.mcmeta": '{"pack":{"pack_format":9,"description":""}}',
            pen.say("assets/«noun»/lang/en_us.json"): pen.say('{"item.«noun».«game_thing»": "«Game_thing»"}'),
            "com/mod/Main.class": binary.write_class(pen),
        }
    else:
        files = {
            pen.say("«noun»/«game_thing».«lua|json|png»"): pen.say("«game_thing» = {damage = «n:1-99»}")
            for _ in range(pen.size(2, 20))
        }
        files["manifest.json" if kind.startswith("mc") else "modinfo.lua"] = pen.say(
            '{"format_version": 2, "header": {"name": "«Noun»", "uuid": "«uuid»"}}'
        )
    return Draft(
        write_zip(files),
        kind,
        "«game_thing»s-«version»|«noun»craft-1.«n:7-20».«n:0-4»-«version»|«Adj»«Game_thing»|«game» mod «n:1-40»",
        "mods|.minecraft/mods|«game»/mods",
    )
