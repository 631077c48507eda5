"""git_metadata, cache_package_manager, automotive_technical, game_data, personal_health: what of them is binary."""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from ifmosfs.ml.synth.categories.nested import borrow, some_files
from ifmosfs.ml.synth.formats import binary, raster
from ifmosfs.ml.synth.formats.zipped import write_ar, write_gzip, write_tar, write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

# ---- Git


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


# ---- caches


@document("cache_package_manager", weight=3)
def pip_http_cache(pen: Pen) -> Draft:
    """An answer that pip keeps: a message of CacheControl, with a wheel or a page in it."""
    body = (
        pen.noise(pen.size(500, 9000))
        if pen.chance(0.5)
        else pen.say(
            '<!DOCTYPE html><html><body>«*2-30//<a href="«url»#sha256=«sha256»">«python_package»-«version»-py3-none-any.whl</a><br/>»</body></html>'
        ).encode()
    )
    head = pen.say("cc=4,\x82\xa8response\x88\xa4body\xc5").encode("latin-1")
    names = pen.say(
        '\xa7headers\x8a\xacContent-Type\xb8application/octet-stream\xa4ETag\xd9""«hex:32»"\xadCache-Control\xd9&max-age=365000000, immutable, public\xa6status\xcc\xc8\xa7version\x0b\xa6reason\xa2OK'
    ).encode("latin-1")
    digest = pen.slot("sha256", "")[:56]
    return Draft(
        head + struct.pack(">H", len(body) & 0xFFFF) + body + names,
        pen.pick(("", "", "body")),
        digest,
        f".cache/pip/http/{'/'.join(digest[:5])}|.cache/pip/http-v2/{'/'.join(digest[:5])}",
        fixed=True,
    )


@document("cache_package_manager", weight=3, by_format=True)
def fetched_package(pen: Pen) -> Draft:
    """A package as it was fetched, in the cache of its manager."""
    kind = pen.pick(("npm", "cargo", "yarn", "apt", "maven", "gem", "pacman", "go"))
    name, version = pen.slot("npm_package", ""), pen.say("«n:0-20».«n:0-30».«n:0-9»")
    files: dict[str, bytes | str] = {
        f"package/{inner}": raw for inner, raw in some_files(pen, "technical_script", 4, 6000).items()
    }
    if kind == "npm":
        digest = pen.slot("hex", "128")
        files["package/package.json"] = f'{{"name":"{name}","version":"{version}"}}'
        return Draft(
            write_tar(files, pen, "gz"),
            "",
            digest[4:],
            f".npm/_cacache/content-v2/sha512/{digest[:2]}/{digest[2:4]}",
            fixed=True,
        )
    if kind == "yarn":
        return Draft(
            write_zip(files),
            "zip",
            f"{name}-npm-{version}-{pen.slot('hex', '10')}-{pen.slot('hex', '10')}",
            ".yarn/cache|.yarn/berry/cache",
            fixed=True,
        )
    if kind == "cargo":
        crate = pen.slot("rust_crate", "")
        return Draft(
            write_tar({f"{crate}-{version}/Cargo.toml": f'[package]\nname = "{crate}"\n', **files}, pen, "gz"),
            "crate",
            f"{crate}-{version}",
            ".cargo/registry/cache/index.example-«hex:16»",
            fixed=True,
        )
    if kind == "maven":
        return Draft(
            write_zip({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n", "org/x/A.class": binary.write_class(pen)}),
            "jar",
            f"{pen.slot('kebab', '')}-{version}",
            f".m2/repository/org/«noun»/«kebab»/{version}|.gradle/caches/modules-2/files-2.1/org.«noun»/«kebab»/{version}/«sha1»",
            fixed=True,
        )
    if kind == "apt":
        package = pen.slot("deb_package", "")
        members = {
            "debian-binary": b"2.0\n",
            "control.tar.gz": write_tar({"./control": f"Package: {package}\n"}, pen, "gz"),
            "data.tar.gz": write_tar({"./usr/x": pen.noise(900)}, pen, "gz"),
        }
        return Draft(write_ar(members), "deb", f"{package}_{version}-1_amd64", "var/cache/apt/archives", fixed=True)
    place = {
        "gem": ".gem/ruby/3.0.0/cache",
        "pacman": "var/cache/pacman/pkg",
        "go": "go/pkg/mod/cache/download/github.com/«user»/«noun»/@v",
    }[kind]
    if kind == "go":
        return Draft(
            write_zip({f"github.com/u/x@v{version}/{path}": raw for path, raw in files.items()}),
            "zip",
            f"v{version}",
            place,
            fixed=True,
        )
    if kind == "gem":
        return Draft(
            write_tar(
                {
                    "metadata.gz": write_gzip(b"--- !ruby/object:Gem::Specification\n"),
                    "data.tar.gz": write_tar(files, pen, "gz"),
                },
                pen,
            ),
            "gem",
            f"{name}-{version}",
            place,
            fixed=True,
        )
    return Draft(
        write_tar({".PKGINFO": f"pkgname = {name}\n", **files}, pen, "xz"),
        "pkg.tar.xz",
        f"{name}-{version}-1-x86_64",
        place,
        fixed=True,
    )


@document("cache_package_manager", weight=2)
def build_cache_binary(pen: Pen) -> Draft:
    """Results that compilers and build tools keep."""
    body = binary.code(pen, pen.size(300, 9000))
    kind, place, head, name = pen.pick((
        ("", ".ccache/«hex:1»/«hex:1»", b"cCrS\x00\x04", "«hex:30»-«n:100-99999»"),
        ("", ".cache/ccache/«hex:1»/«hex:1»", b"\xcc\xac\x00\x02", "«a:30»R"),
        ("bin", ".gradle/«version»/fileHashes|.gradle/«version»/executionHistory", b"\x00\x00\x00\x00\x2a\x8f", "fileHashes|executionHistory|resourceHashesCache"),
        ("bin", "var/cache/apt", b"\x98\xfe\x76\xdc\x10\x00\x00\x00", "pkgcache|srcpkgcache"),
        ("rmeta", "target/debug/deps", b"rust\x00\x00\x00\x08", "lib«snake»-«hex:16»"),
        ("", ".cache/go-build/«hex:2»", b"v1 ", "«hex:64»-d|«hex:64»-a"),
        ("pack", "node_modules/.cache/webpack/default-production", b"wpc ", "«n:0-9»"),
        ("solv", "var/cache/dnf", b"SOLV\x00\x00\x00\x08", "fedora|updates|«noun»"),
        ("mtree", ".cache/uv/archive-v0/«b64:8»", b"\x1f\x8b\x08\x00", "«noun»"),
        ("0", ".cache/bazel/_bazel_«user»/cache/repos", b"\x28\xb5\x2f\xfd", "«hex:64»"),
    ))  # fmt: skip
    return Draft(head + body, kind, name, place, fixed=True)


# ---- automotive


@document("automotive_technical", weight=3)
def flash_image(pen: Pen) -> Draft:
    """Program or data for a control unit as Intel HEX or Motorola S-records."""
    intel = pen.chance(0.55)
    start, lines = pen.pick((0x80000000, 0xA0020000, 0x8000, 0x0, 0x400000)), []
    data = binary.code(pen, 32 * pen.size(6, 500))
    if intel:
        lines.append(_hex_line(0, 4, (start >> 16).to_bytes(2, "big")))
        lines += [_hex_line((start + at) & 0xFFFF, 0, data[at : at + 32]) for at in range(0, len(data), 32)]
        lines.append(":00000001FF")
    else:
        title = pen.say("«ECU»_«n:1000-9999».s19").encode()
        lines.append(_record(b"\x00\x00" + title, "S0"))
        lines += [_record((start + at).to_bytes(4, "big") + data[at : at + 32], "S3") for at in range(0, len(data), 32)]
        lines.append(_record(start.to_bytes(4, "big"), "S7"))
    extension = pen.pick(("hex", "hex", "ihex")) if intel else pen.pick(("s19", "s37", "srec", "mot"))
    return Draft(
        "\n".join(lines) + "\n",
        extension,
        "«ecu»_«n:1000-9999»|«car_maker»_«ecu»_SW«n:100-999»|flash_«ecu»|«n:10-99»SW0«n:10000-99999»|«ecu»_app_v«n:1-30»|edc17_«car_model»",
        "flash|ECU/«ecu»|«car_maker»/SW",
        strict=True,
    )


def _hex_line(address: int, kind: int, data: bytes) -> str:
    body = bytes([len(data)]) + address.to_bytes(2, "big") + bytes([kind]) + data
    return ":" + body.hex().upper() + f"{-sum(body) & 0xFF:02X}"


def _record(data: bytes, kind: str) -> str:
    body = bytes([len(data) + 1]) + data
    return kind + body.hex().upper() + f"{~sum(body) & 0xFF:02X}"


@document("automotive_technical", weight=3, by_format=True)
def measurement_file(pen: Pen) -> Draft:
    """Bus traces and measurements in the formats of the tools: MDF, BLF, VBF, raw flash images."""
    kind = pen.pick(("mf4", "mdf", "dat", "blf", "vbf", "bin", "ori", "frf", "sgo", "d97"))
    body = struct.pack("<400d", *(pen.rng.gauss(50, 20) for _ in range(400)))[: pen.size(400, 3200)]
    signals = b"".join(pen.slot("car_signal", "").encode().ljust(32, b"\x00") for _ in range(pen.whole(2, 30)))
    person = pen.slot("person", "").encode()
    if kind in {"mf4", "mdf", "dat"}:
        version = b"MDF     4.10    " if kind == "mf4" else b"MDF     3.00    "
        raw = (
            version
            + pen.pick((b"CANape  ", b"INCA    ", b"MDF4LIB ", b"asammdf "))
            + bytes(4)
            + struct.pack("<H", 410 if kind == "mf4" else 300)
            + bytes(34)
        )
        raw += (
            b"##HD"
            + bytes(4)
            + struct.pack("<QQ", 104, 6)
            + b"##TX<HDcomment><TX>"
            + person
            + b"</TX></HDcomment>"
            + signals
            + body
        )
    elif kind == "blf":
        raw = (
            b"LOGG"
            + struct.pack("<IBBBBBBBB", 144, 2, 5, 0, 0, 4, 0, 0, 0)
            + bytes(120)
            + b"LOBJ"
            + struct.pack("<HHII", 16, 1, 32 + len(body), 10)
            + bytes(16)
            + zlib.compress(body)
        )
    elif kind == "vbf":
        raw = (
            pen.say(
                'vbf_version = 2.«n:2-6»;\nheader {\n  description = {"«car_maker» «ECU»"};\n  sw_part_number = "«n:10000000-99999999» «A2»";\n  sw_part_type = «EXE|SBL|DATA»;\n  network = CAN_HS;\n  ecu_address = 0x«HEX:3»;\n  file_checksum = 0x«HEX:8»;\n}'
            ).encode()
            + body
        )
    else:
        raw = (
            binary.code(pen, pen.size(2000, 30_000))
            + pen.say("«A»«n:2-9»C«n:10000-99999»«car_maker»«ECU»«VIN»BOSCH EDC17").encode()
            + b"\xff" * pen.size(100, 4000)
        )
    return Draft(
        raw,
        kind,
        "«ecu»_drive«n:1-60»|«car_model»_«isodate»|measure_«n:001-200»|«car_maker»_«car_model»_original|eeprom_«ecu»|«vin»_«ecu»|logging_«isodate»",
        "measurements|Traces|tuning/«car_model»|ECU dumps",
    )


@document("automotive_technical")
def pdx_package(pen: Pen) -> Draft:
    """Diagnostic descriptions and AUTOSAR data, packed."""
    files: dict[str, bytes | str] = {
        pen.say("«ECU».odx-d"): pen.say(
            '<?xml version="1.0"?><ODX MODEL-VERSION="2.2.0"><DIAG-LAYER-CONTAINER ID="«ECU»"><SHORT-NAME>«ECU»</SHORT-NAME></DIAG-LAYER-CONTAINER></ODX>'
        ),
        "index.xml": pen.say('<?xml version="1.0"?><CATALOG><SHORT-NAME>«car_maker»</SHORT-NAME><ABLOCKS/></CATALOG>'),
    }
    files.update({pen.say("«ECU»_«n:1-99».hex"): ":00000001FF\n" for _ in range(pen.whole(0, 3))})
    return Draft(
        write_zip(files),
        pen.pick(("pdx", "pdx", "dlc", "psi")),
        "«car_maker»_«ecu»|«ECU»_flash|«n:10000-99999»_pdx",
        "ODX|«car_maker»",
    )


@document("automotive_technical", languages=("en", "de", "fr", "es"), weight=4)
def workshop_paper(pen: Pen) -> Draft:
    """Repair manuals, bulletins, inspections, wiring: documents about vehicles."""
    from ifmosfs.ml.synth.prose import compose
    from ifmosfs.ml.synth.rendering import render

    document_ = compose(pen.pick(_workshop(pen.language)), pen)
    content, extension = render(
        document_, pen, pen.weighted({"pdf": 70, "docx": 8, "scan": 12, "html": 4, "jpg": 3, "txt": 3})
    )
    return Draft(
        content,
        extension,
        "«car_maker» «car_model» workshop manual|TSB-«n:10-99»-«n:100-999»|«car_model» wiring diagram|TÜV Bericht «plate»|Reparaturleitfaden «car_model»|HU Bericht|«plate» service|registration «plate»|alignment «car_model»|«car_maker»_«ecu»_spec|MOT «plate»",
        "Auto|car/«car_model»|workshop|Werkstatt",
    )


@lru_cache(maxsize=8)
def _workshop(language: str) -> tuple[dict[str, object], ...]:
    common = {
        "title": "«car_maker» «car_model» – «ECU»",
        "fields": ["VIN=«vin»", "Engine code=«A:3»«?A»", "km=«n:1000-290000»", "«plate»=«birthday»"],
        "table": "Component;Torque;Note",
        "rows": ["«car_signal»;«n:5-180» Nm;M«n:6-14»"],
    }
    lines = {
        "en": [
            "Remove the «intake manifold|timing cover|front bumper|instrument cluster» and disconnect the «ECU» connector.",
            "Tighten the bolts to «n:8-180» Nm + 90°.",
            "DTC «DTC»: «car_signal» circuit malfunction. Check the wiring between pin «n:1-80» and ground.",
            "Bleed the brake system, then road-test the vehicle.",
            "Specified value at idle: «f:0-15/1» V, coolant above 80 °C.",
            "This bulletin applies to «car_maker» «car_model» built before «date».",
            "Program the «ECU» with software «n:1000-9999» or later.",
        ],
        "de": [
            "«Stoßfänger|Ansaugkrümmer|Zahnriemenabdeckung» ausbauen und Stecker am Steuergerät «ECU» trennen.",
            "Schrauben mit «n:8-180» Nm + 90° anziehen.",
            "Fehler «DTC»: «car_signal» unplausibel, Leitung zu Pin «n:1-80» prüfen.",
            "Bremsanlage entlüften und Probefahrt durchführen.",
            "Hauptuntersuchung: ohne festgestellte Mängel, nächste HU «date».",
            "Sollwert im Leerlauf «num:1-15» V.",
        ],
        "fr": [
            "Déposer le «collecteur d'admission|pare-chocs» et débrancher le calculateur «ECU».",
            "Serrer à «n:8-180» Nm.",
            "Défaut «DTC» : signal «car_signal» incohérent.",
            "Purger le circuit de freinage.",
        ],
        "es": [
            "Desmontar el «parachoques|colector» y desconectar la centralita «ECU».",
            "Apretar a «n:8-180» Nm.",
            "Avería «DTC»: señal «car_signal» no plausible.",
            "Purgar los frenos.",
        ],
    }
    heads = {
        "en": "Removal|Installation|Diagnosis|Tightening torques|Wiring|Special tools",
        "de": "Ausbau|Einbau|Diagnose|Anzugsdrehmomente|Stromlaufplan|Prüfung",
        "fr": "Dépose|Repose|Diagnostic|Couples de serrage",
        "es": "Desmontaje|Montaje|Diagnosis|Pares de apriete",
    }
    titles = {
        "en": (
            "Workshop Manual «car_maker» «car_model» «year»",
            "Technical Service Bulletin «n:10-99»-«n:100-999»",
            "Wiring Diagram «ecu» – «car_model»",
            "Vehicle Inspection Report",
            "ECU Requirements «ECU»: CAN Interface",
        ),
        "de": (
            "Reparaturleitfaden «car_maker» «car_model»",
            "Untersuchungsbericht Hauptuntersuchung «plate»",
            "Stromlaufplan «car_model»",
            "Lastenheft Steuergerät «ECU»",
        ),
        "fr": ("Manuel de réparation «car_model»", "Contrôle technique «plate»"),
        "es": ("Manual de taller «car_model»", "Inspección técnica «plate»"),
    }
    return tuple(
        {**common, "title": title, "lines": lines[language], "heads": heads[language]} for title in titles[language]
    )


# ---- games


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


# ---- health


@document("personal_health", weight=2)
def dicom_image(pen: Pen) -> Draft:
    """A medical picture as DICOM, in little endian with explicit types."""
    size = pen.pick((32, 48, 64))
    fields = [
        (0x0008, 0x0060, b"CS", pen.pick((b"MR", b"CT", b"CR", b"US"))),
        (0x0008, 0x0070, b"LO", pen.pick((b"SIEMENS", b"GE MEDICAL SYSTEMS", b"Philips"))),
        (0x0008, 0x1030, b"LO", pen.pick((b"LWS", b"Chest PA", b"Knee left", b"Abdomen"))),
        (0x0010, 0x0010, b"PN", pen.say("«SURNAME»^«first»").encode("latin-1", "replace")),
        (0x0010, 0x0030, b"DA", str(pen.whole(1930, 2010)).encode() + b"0101"),
        (0x0028, 0x0002, b"US", struct.pack("<H", 1)),
        (0x0028, 0x0004, b"CS", b"MONOCHROME2"),
        (0x0028, 0x0010, b"US", struct.pack("<H", size)),
        (0x0028, 0x0011, b"US", struct.pack("<H", size)),
        (0x0028, 0x0100, b"US", struct.pack("<H", 8)),
        (0x0028, 0x0101, b"US", struct.pack("<H", 8)),
        (0x0028, 0x0102, b"US", struct.pack("<H", 7)),
        (0x0028, 0x0103, b"US", struct.pack("<H", 0)),
        (0x7FE0, 0x0010, b"OB", _body_scan(pen, size).tobytes()),
    ]
    syntax = _dicom_field(0x0002, 0x0010, b"UI", b"1.2.840.10008.1.2.1")
    meta = _dicom_field(0x0002, 0x0000, b"UL", struct.pack("<I", len(syntax))) + syntax
    return Draft(
        bytes(128) + b"DICM" + meta + b"".join(_dicom_field(*field) for field in fields),
        pen.pick(("dcm", "dcm", "", "ima")),
        "IM«n:0001-0400»|«A:2»«n:0001-0200»|I«n:1000000-9999999»|1.2.840.«n:10000-99999».«n:1-999»|MRI_«n:1-200»",
        "DICOM|MRT CD/DICOM/«A:8»|CT «isodate»",
    )


def _dicom_field(group: int, element: int, kind: bytes, value: bytes) -> bytes:
    value += (b"\x00" if kind in {b"UI", b"OB"} else b" ") * (len(value) % 2)
    if kind == b"OB":
        return struct.pack("<HH", group, element) + kind + bytes(2) + struct.pack("<I", len(value)) + value
    return struct.pack("<HH", group, element) + kind + struct.pack("<H", len(value)) + value


def _body_scan(pen: Pen, size: int) -> Image.Image:
    image = Image.new("L", (size, size), 5)
    draw = ImageDraw.Draw(image)
    draw.ellipse((size * 0.1, size * 0.05, size * 0.9, size * 0.95), fill=pen.whole(60, 120))
    for _ in range(pen.whole(3, 9)):
        x, y, width = (
            pen.rng.uniform(0.2, 0.7) * size,
            pen.rng.uniform(0.2, 0.7) * size,
            pen.rng.uniform(0.05, 0.25) * size,
        )
        draw.ellipse((x, y, x + width, y + width * 1.4), fill=pen.whole(30, 230))
    return raster.grain(pen, image.filter(ImageFilter.GaussianBlur(size / 60)), 0.06)


@document("personal_health")
def xray_picture(pen: Pen) -> Draft:
    """An X-ray or an ultrasound as an ordinary picture, in grey."""
    image = _body_scan(pen, pen.pick((320, 400, 512)))
    raster.write_text(ImageDraw.Draw(image), (8, 8), pen.say("«SURNAME» «n:1940-2005»  «L|R»"), 14, 220)
    return Draft(
        raster.to_jpeg(pen, image),
        "jpg",
        "xray «first»|Röntgen|MRT Knie «n:1-9»|ultrasound|dental x-ray|CT_«n:1-40»",
        "Health|Gesundheit|Zahnarzt",
    )
