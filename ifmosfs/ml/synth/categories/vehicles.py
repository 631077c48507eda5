"""automotive_technical: images for control units, measurements, packed diagnostics, papers of workshops."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.zipped import write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document


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
