"""Families of formats by their content alone, under a name that says nothing: what each is for, and what only looks like it."""

import gzip
import os
import struct
import tomllib
import zlib
from importlib import resources

import classifier_samples as made
import pytest
from classifier_disk import OpenOnly, written

from ifmosfs.ml import magic, tables, text_signs, vocabularies
from ifmosfs.ml.classifier import RulesClassifier
from ifmosfs.ml.rules import default_rules

CLASSIFIER = RulesClassifier(OpenOnly())
OUTSIDE = None  # known, and of no category
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_SOUND = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
ASF_FILM = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def xml(root: str, attributes: str = "") -> bytes:
    return f"{XML}<{root} {attributes}><a/></{root}>\n".encode()


def windows_program(flags: int, appended: bytes = b"") -> bytes:
    """A PE file of one section, with what hangs at its end."""
    stub = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    header = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 0, flags)
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 4, 0x1000, 4, 128, 0, 0, 0, 0, 0)
    return stub + header + section + b"\xc3" * 4 + appended


FAMILIES = {
    "messages, compiled": (b"\xde\x12\x04\x95\0\0\0\0" + b"\0" * 20, OUTSIDE),
    "messages, big-endian": (b"\x95\x04\x12\xde\0\0\0\0" + b"\0" * 20, OUTSIDE),
    "messages as text": (
        b'# German\nmsgid ""\nmsgstr ""\n"Project-Id-Version: x\\n"\n\nmsgid "Invoice"\nmsgstr "Rechnung"\n',
        OUTSIDE,
    ),
    "description of a package that names its licence": (
        (b"Package: glmFit\nType: Package\nTitle: Fit a Model\nVersion: 1.10.2\nDescription: Fit linear models\n"
        b"     to data.\nLicense: GPL-3\nEncoding: UTF-8\nImports: stats, utils\nURL: https://example.org\n"),
        "technical_config",
    ),
    "grammar of XML documents": (
        xml("grammar", 'xmlns="http://relaxng.org/ns/structure/1.0" xmlns:db="http://docbook.org/ns/docbook"'),
        "technical_config",
    ),
    "patch of Pure Data": (b"#N canvas 10 21 305 353 10;\n#X obj 88 18 inlet;\n#X connect 0 0 1 0;\n", "technical_script"),
    "messages of Qt": (xml("TS", 'version="2.1" language="de"'), OUTSIDE),
    "GenBank": (b"LOCUS       AB070938    6497 bp    DNA\nDEFINITION  Streptomyces.\n", OUTSIDE),
    "protein": (b"HEADER    CYTOKINE\nATOM      1  N   ALA A   1      11.104   6.134  -6.504\n", OUTSIDE),
    "FASTA": (b">seq1 a description\nACGTACGTACGTACGTACGTACGTACGT\n", OUTSIDE),
    "dictionary with index": (b"\x1f\x8b\x08\x04\0\0\0\0\0\0\x10\0RA\x0c\0" + b"\1" * 30, OUTSIDE),
    "word list": (b"4\nabout/S\nhouse/DGS\ntree/S\nwater\n", OUTSIDE),
    "colour profile": (b"\0\0\x02\x30lcms\x02\x10\0\0mntrRGB XYZ " + b"\0" * 12 + b"acspAPPL", OUTSIDE),
    "certificate": (b"\x30\x82\x00\x0a\x30" + b"\1" * 9, OUTSIDE),
    "public key": (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@host\n", OUTSIDE),
    "time zone": (b"TZif2" + b"\0" * 40, OUTSIDE),
    "safetensors": (b"\x10\0\0\0\0\0\0\0" + b'{"a":{"dtype":1}}' + b"\0" * 9, OUTSIDE),
    "GGUF": (b"GGUF\3\0\0\0" + b"\0" * 20, OUTSIDE),
    "core dump": (b"\x7fELF\2\1\1\0" + b"\0" * 8 + b"\4\0\x3e\0" + b"\0" * 44, OUTSIDE),
    "minidump": (b"MDMP\x93\xa7\0\0" + b"\0" * 30, OUTSIDE),
    "Windows' shortcut": (b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F" + b"\0" * 40, OUTSIDE),
    "GPS track": (xml("gpx", 'version="1.1" xmlns="http://www.topografix.com/GPX/1/1"'), OUTSIDE),
    "NMEA": (b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M\n$GPRMC,123519,A\n", OUTSIDE),
    "subtitles": (b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", OUTSIDE),
    "torrent": (b"d8:announce35:udp://tracker.example:80", OUTSIDE),
    "e-mail headers": (
        b"From: a@example.org\nTo: b@example.org\nSubject: Hi\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nHello\n",
        OUTSIDE,
    ),
    "key map": (b"keymaps 0-2,4-6\nkeycode 1 = Escape\n", OUTSIDE),
    "WMV": (ASF + b"\0" * 30 + ASF_FILM + ASF_SOUND, OUTSIDE),
    "WMA": (ASF + b"\0" * 30 + ASF_SOUND, "media_audio"),
    "Musepack": (b"MPCK" + b"\0\1\2" * 10, "media_audio"),
    "DSD": (b"DSD \x1c\0\0\0" + b"\0" * 30, "media_audio"),
    "tracker module": (b"song" + b"\0" * 1076 + b"M.K." + b"\0" * 40, "media_audio"),
    "loose Git object": (zlib.compress(b"blob 12\0hello world\n"), "git_metadata"),
    "Git's head": (b"ref: refs/heads/main\n", "git_metadata"),
    "packed refs": (b"# pack-refs with: peeled fully-peeled sorted\n" + b"a" * 40 + b" refs/heads/x\n", "git_metadata"),
    "Git's settings": (b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n", "git_metadata"),
    "ignore list": (b"*.o\n*.py[cod]\nbuild/\n/dist\n!keep.me\n", "git_metadata"),
    "Git attributes": (b"* text=auto\n*.png binary\n", "git_metadata"),
    "npm's index": (
        b'\n0f1f7296742c3e7e4cd669ea09c0e1c6ecdff91c\t{"key":"make-fetch-happen:request-cache:x","time":1}',
        "cache_package_manager",
    ),
    "npm's metadata": (
        b'{"_id":"left-pad","name":"left-pad","dist-tags":{"latest":"1.3.0"},"versions":{}}',
        "cache_package_manager",
    ),
    "cargo's check sums": (
        b'{"files":{"Cargo.toml":"00ab","src/lib.rs":"11cd"},"package":"22ef"}',
        "cache_package_manager",
    ),
    "pip's cache": (b"cc=4,\x82\xa8response\x88\xa4body", "cache_package_manager"),
    "yum's metadata": (xml("repomd", 'xmlns="http://linux.duke.edu/metadata/repo"'), "cache_package_manager"),
    "record of a wheel": (b"six.py,sha256=" + b"a" * 43 + b",34549\nsix-1.dist-info/RECORD,,\n", "dependency_python"),
    "lock of Poetry": (
        b"# This file is automatically @generated by Poetry 1.8\n\n[[package]]\nname = \"six\"\n",
        "dependency_python",
    ),
    "conda environment": (
        b"name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n",
        "dependency_python",
    ),
    "requirements with markers": (b"\n[:python_version < \"3.10\"]\nimportlib-metadata\n", "dependency_python"),
    "JSON Resume": (b'{"basics": {"name": "A"}, "work": [], "education": []}', "personal_career"),
    "FRESH": (
        b'{"name": "A", "meta": {"version": "1"}, "employment": {"history": []}, "education": {}}',
        "personal_career",
    ),
    "CV in YAML": (b"basics:\n  name: A\nwork:\n  - name: B\neducation: []\n", "personal_career"),
    "Europass": (xml("SkillsPassport", 'xmlns="http://europass.cedefop.europa.eu/Europass"'), "personal_career"),
    "CV in LaTeX": (b"\\documentclass[11pt]{moderncv}\n\\begin{document}\n\\end{document}\n", "personal_career"),
    "CV in LyX": (
        b"#LyX 2.3 created this file.\n\\lyxformat 544\n\\begin_document\n\\textclass europecv\n",
        "personal_career",
    ),
    "letter in LaTeX": (b"% a letter\n\\documentclass{scrlttr2}\n\\begin{document}\n", "personal_document"),
    "letter in LyX": (
        b"#LyX 2.3 created this file.\n\\lyxformat 544\n\\begin_document\n\\textclass letter\n",
        "personal_document",
    ),
    "slides in LaTeX": (b"\\documentclass{beamer}\n\\begin{document}\n", "business_presentation"),
    "GEDCOM": (b"0 HEAD\n1 SOUR X\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n", "personal_document"),
    "Gramps": (xml("database", 'xmlns="http://gramps-project.org/xml/1.7.1/"'), "personal_document"),
    "FHIR": (b'{"resourceType": "Patient", "id": "1"}', "personal_health"),
    "FHIR in XML": (xml("Observation", 'xmlns="http://hl7.org/fhir"'), "personal_health"),
    "clinical document, in part": (xml("section", 'xmlns="urn:hl7-org:v3"'), "personal_health"),
    "HL7 v2": (b"MSH|^~\\&|LAB|H|||20240101||ORU^R01|1|P|2.3\rPID|1||42\r", "personal_health"),
    "EDF": (
        b"0       " + b"X".ljust(160) + b"01.01.2401.01.01768     " + b" " * 44 + b"1       " + b" " * 300,
        "personal_health",
    ),
    "OFX": (b"OFXHEADER:100\nDATA:OFXSGML\n", "financial_document"),
    "QIF": (b"!Type:Bank\nD1/1/2024\nT-10.00\n^\n", "financial_document"),
    "MT940": (b":20:STARTUMS\n:25:10020030/1234567\n:28C:1/1\n:60F:C240101EUR1,00\n", "financial_document"),
    "camt.053": (xml("Document", 'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"'), "financial_document"),
    "invoice in UBL": (
        xml("Invoice", 'xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"'),
        "financial_document",
    ),
    "Factur-X": (
        xml("rsm:CrossIndustryInvoice", 'xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"'),
        "financial_document",
    ),
    "ledger": (b"2024/01/05 * Grocer\n    Expenses:Food  $10.00\n    Assets:Cash\n", "financial_document"),
    "beancount": (b'2024-01-01 open Assets:Cash EUR\n2024-01-05 * "Grocer"\n', "financial_document"),
    "bank statement as CSV": (
        b"Buchungstag;Verwendungszweck;Betrag\n01.01.2024;Miete;-500,00\n02.01.2024;Lohn;2000,00\n",
        "financial_document",
    ),
    "GnuCash, packed": (
        gzip.compress(xml("gnc-v2", 'xmlns:gnc="http://www.gnucash.org/XML/gnc"'), mtime=0),
        "financial_document",
    ),
    "address book as CSV": (
        b"First Name,Last Name,E-mail Address,Mobile Phone\nA,B,a@example.org,1\nC,D,c@example.org,2\nE,F,,3\n",
        "contact_vcard",
    ),
    "reading list": (xml("opml", 'version="2.0"'), "web_bookmark"),
    "Chrome's bookmarks": (b'{"checksum": "0", "roots": {"bookmark_bar": {}}}', "web_bookmark"),
    "CAN database": (b'VERSION ""\n\nNS_ :\n\tCM_\n\nBU_: A B\n', "automotive_technical"),
    "candump": (
        b"(1436509052.249713) vcan0 044#2A366C2B\n(1436509052.449847) vcan0 0F6#7ADFE07B\n",
        "automotive_technical",
    ),
    "PCAN trace": (b";$FILEVERSION=1.1\n;$STARTTIME=43008.9\n", "automotive_technical"),
    "LIN network": (b"LIN_description_file;\nLIN_protocol_version = \"2.1\";\n", "automotive_technical"),
    "KCD": (xml("NetworkDefinition", 'xmlns="http://kayak.2codeornot2code.org/1.0"'), "automotive_technical"),
    "ODX": (xml("ODX", 'MODEL-VERSION="2.2.0"'), "automotive_technical"),
    "bus log": (b"LOGG\x90\0\0\0" + b"\0" * 40, "automotive_technical"),
    "Gerber": (b"G04 Layer*\n%FSLAX24Y24*%\n%MOIN*%\n", "design_cad"),
    "KiCad": (b"(kicad_pcb (version 20221018) (generator pcbnew)\n", "design_cad"),
    "KiCad footprint": (b'(footprint "R_0805" (version 20221018)\n', "design_cad"),
    "gmsh": (b"// a cone\nPoint(1) = {0, 0, 0, 1.0};\nLine(1) = {1, 2};\n", "design_cad"),
    "OpenSCAD": (b"$fn = 60;\nmodule box() {\n  cube([1, 2, 3]);\n}\n", "design_cad"),
    "PLY": (b"ply\nformat ascii 1.0\nelement vertex 8\n", "design_cad"),
    "Wavefront": (b"# a cube\nmtllib cube.mtl\nv 1.0 -1.0 1.0\nv 1.0 -1.0 -1.0\n", "design_cad"),
    "Eagle": (b'<?xml version="1.0"?>\n<!DOCTYPE eagle SYSTEM "eagle.dtd">\n<eagle version="9.6.2"/>\n', "design_cad"),
    "Xfig": (b"#FIG 3.2\nLandscape\n", "design_vector"),
    "Dia": (xml("dia:diagram", 'xmlns:dia="http://www.lysator.liu.se/~alla/dia/"'), "design_vector"),
    "Aseprite": (struct.pack("<I", 64) + b"\xe0\xa5" + b"\0" * 58, "design_document"),
    "Scribus": (xml("SCRIBUSUTF8NEW", 'Version="1.5.8"'), "design_document"),
    "Go": (b"(;GM[1]FF[4]SZ[19];B[pd];W[dp])\n", "game_data"),
    "chess": (b'[Event "Rated game"]\n[White "a"]\n\n1. e4 e5 *\n', "game_data"),
    "Game Boy": (b"\0" * 0x104 + bytes.fromhex("ceed6666cc0d000b") + b"\0" * 100, "game_data"),
    "Nintendo 64": (bytes.fromhex("80371240") + b"\0" * 100, "game_data"),
    "Tiled": (xml("map", 'version="1.10" tiledversion="1.10.2" tilewidth="16"'), "game_data"),
    "Tiled in JSON": (b'{"height": 10, "tilewidth": 16, "tileheight": 16, "layers": []}', "game_data"),
    "Godot scene": (b'[gd_scene load_steps=2 format=3]\n\n[node name="A"]\n', "game_data"),
    "Unity scene": (b"%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n--- !u!29 &1\n", "game_data"),
    "level of Quake": (b'{\n"classname" "worldspawn"\n}\n', "game_data"),
    "Minecraft's resources": (made.zipped_of({"pack.mcmeta": "{}"}), "game_data"),
    "Stata": (b"<stata_dta><header>", "technical_dataset"),
    "SAS": (b"\0" * 12 + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf" + b"\0" * 40, "technical_dataset"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE" + b"\0" * 20, "technical_dataset"),
    "R data, packed": (gzip.compress(b"RDX3\nX\n\0\0\0\3" + b"\0" * 20, mtime=0), "technical_dataset"),
    "ARFF": (b"@relation iris\n@attribute a numeric\n@data\n", "technical_dataset"),
    "topology": (b'{"type":"Topology","arcs":[[[1,2]]],"objects":{"land":{}}}', "technical_dataset"),
    "dBASE": (
        b"\x03\x7a\x01\x05" + struct.pack("<IHH", 1, 65, 11) + b"\0" * 20 + b"NAME" + b"\0" * 28 + b"\r" + b" A",
        "technical_database",
    ),
    "dump of PostgreSQL": (b"--\n-- PostgreSQL database dump\n--\n", "technical_database"),
    "OCaml library": (b"Caml1999A031" + b"\0\1" * 10, "compiled_code"),
    "Erlang": (b"FOR1\0\0\1\0BEAMAtU8", "compiled_code"),
    "Python 2": (b"\x03\xf3\r\n\x7b\x4c\x3d\x5fc\0\0\0\0", "compiled_code"),
    "GHC interface": (b"\x01\xfa\xce\x64" + b"\0\1" * 10, "compiled_code"),
    "figlet": (b"flf2a$ 6 5 16 15 11\n", "web_font"),
    "FontForge": (b"SplineFontDB: 3.2\nFontName: A\n", "web_font"),
    "Mallard": (
        b'<page xmlns="http://projectmallard.org/1.0/" type="topic" id="a"><title>Print</title></page>',
        "technical_manual",
    ),
    "log of Android": (
        b"01-02 12:33:22.123  123  123 D tag: a\n01-02 12:33:22.124  123  123 I tag: b\n",
        "technical_log",
    ),
    "log as JSON": (
        b'{"level":"info","time":1,"msg":"a"}\n{"level":"warn","time":2,"msg":"b"}\n{"level":"info","time":3,"msg":"c"}\n',
        "technical_log",
    ),
    "journal of systemd": (b"LPKSHHRH" + b"\0" * 40, "technical_log"),
    "Windows' registry": (b"Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER]\r\n", "technical_config"),
    "workbook of Gnumeric": (
        gzip.compress(xml("gnm:Workbook", 'xmlns:gnm="http://www.gnumeric.org/v10.dtd"'), mtime=0),
        "business_spreadsheet",
    ),
    "workbook of Excel in XML": (
        xml("Workbook", 'xmlns="urn:schemas-microsoft-com:office:spreadsheet"'),
        "business_spreadsheet",
    ),
    "GFDL": (b"                GNU Free Documentation License\n                  Version 1.3\n", "legal_document"),
    "licence statement": (
        b"This program is free software: you can redistribute it and/or modify it under the terms of the GNU\n",
        "legal_document",
    ),
    "plain ar archive": (b"!<arch>\nnotes.txt/      0           0     0     644     3         `\nabc\n", "archive"),
    "library": (b"!<arch>\n/               0           0     0     0       4         `\n\0\0\0\0", "compiled_code"),
    "DLL": (windows_program(flags=0x2102), "compiled_code"),
    "set-up program": (
        windows_program(flags=0x102, appended=b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst"),
        "software_installer",
    ),
    "font in SVG": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><defs><font id="a"><glyph unicode="a"/></font></defs></svg>',
        "web_font",
    ),
    "list of links": (b"https://a.example/1\nhttps://b.example/2\n- https://c.example/3\n", "web_bookmark"),
    "links as CSV": (b"title,url,tags\nA,https://a.example,x\nB,https://b.example,y|z\n", "web_bookmark"),
    "links without a mark": (
        b'<ul><DT><A HREF="https://a.example">a</A>\n<DT><A HREF="https://b.example">b</A></ul>',
        "web_bookmark",
    ),
    "webloc": (
        b'<?xml version="1.0"?>\n<plist version="1.0"><dict><key>URL</key><string>x</string></dict></plist>',
        "web_bookmark",
    ),
    "LDIF": (b"dn: cn=A,dc=example\nobjectClass: inetOrgPerson\ncn: A\n", "contact_vcard"),
    "address book as JSON": (b'{"contacts": [{"name": "A", "phoneNumbers": [], "emails": []}]}', "contact_vcard"),
    "OBD log": (
        b"Time,Engine RPM,Coolant temp,Throttle\n10:00:01,800,90,2\n10:00:02,810,90,2\n",
        "automotive_technical",
    ),
    "calibration": (b"KONSERVIERUNG_FORMAT 2.0\n\nFESTWERT A\n", "automotive_technical"),
    "CANopen": (b"[FileInfo]\nFileName=a.eds\nEDSVersion=4.0\n", "automotive_technical"),
    "stack traces": (
        b"Caused by: java.io.IOException: a\n\tat a.B.c(D.java:1)\n\tat a.B.d(D.java:2)\n\tat a.B.e(D.java:3)\n",
        "technical_log",
    ),
    "logfmt": (
        b'time="2014-08-09T04:28:48Z" level=info msg="a"\ntime="2014-08-09T04:28:49Z" level=info msg="b"\n',
        "technical_log",
    ),
    "linked data": (b"@prefix a: <http://a.example/> .\na:b a:c a:d .\n", "technical_dataset"),
    "pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git_metadata"),
    "settings of a Minecraft server": (b"#Minecraft server properties\ngamemode=survival\nlevel-seed=1\n", "game_data"),
    "e-mail to several": (
        b"From: a@example.org\nTo: b@example.org\nCC: c@example.org\nReply-To: d@example.org\nSubject: Hi\n\nHello\n",
        OUTSIDE,
    ),
    "captions as broadcasters send them": (b"Scenarist_SCC V1.0\n\n00:00:00:01\t942c 942c\n", OUTSIDE),
    "colours of a camera": (b"IIRC\x08\0\0\0" + b"\0" * 20, OUTSIDE),
    "Z shell, compiled": (b"\x07\x06\x05\x04\0" + b"\0" * 30, "compiled_code"),
    "Symbian package": (b"\0\0\0\1\x12\x3a\0\x10\x19\x04\0\x10" + b"\0" * 30, "software_installer"),
    "seismogram": (b"000001D NV32   BHEIM" + b"\x07\xd8\0\x08" + b"\0" * 40, "technical_dataset"),
    "header of a scanner's volume": (
        b"# === DATA DESCRIPTION FILE ===============\n#\n# CLINICAL TRYOUT  Research image export tool\n",
        "personal_health",
    ),
    "account in Norma 43": (
        "\n".join(f"{kind:<80}" for kind in ("1112341234", "2212341201", "3312341234", "8899999999")).encode(),
        "financial_document",
    ),
    "levels in XML": (f"{XML}<pack><name>a</name><level><title>b</title></level></pack>".encode(), "game_data"),
    "level drawn with characters": (
        b"#########\n#...#...#\n#.$.#.@.#\n#...#...#\n#.......#\n#########\n", "game_data",
    ),
    "handbook in DocBook": (
        XML.encode() + b"<article><para>Click <guibutton>OK</guibutton> or press <keycap>F1</keycap>.</para></article>",
        "technical_manual",
    ),
    "vim's swap file": (b"b0VIM 8.2" + b"\0" * 40, "backup_versioned"),
}  # fmt: skip


def proposed(tmp_path, name: bytes, content: bytes):
    return CLASSIFIER.propose(written(os.fsencode(tmp_path), name, content))


@pytest.mark.parametrize(("content", "label"), FAMILIES.values(), ids=FAMILIES.keys())
def test_family_is_known_by_content_alone(tmp_path, content, label):
    result = proposed(tmp_path, b"x", content)
    wanted = (None, 0.0) if label is OUTSIDE else (label, max(result.score, 0.6))
    assert (result.label, result.score) == wanted, result


LOOKALIKES = {
    "program that prints a translation": (b"x.py", b'import os\n\ndef f():\n    print("msgid")\n', "technical_script"),
    "words that begin like a magic": (b"x.txt", b"GRIBs and CRAMs are words here", None),
    "text on a letter class": (b"x.txt", b"The class letter is for letters.", None),
    "zlib data of anything": (b"x", zlib.compress(b"hello world" * 9), None),
    "JSON that only has skills": (b"x.json", b'{"name": "a", "version": "1.0.0", "skills": []}', "technical_config"),
    "prices of shares": (b"x.csv", b"Date,Open,High,Low,Close\n1,2,3,4,5\n2,3,4,5,6\n3,4,5,6,7\n", "technical_dataset"),
    "measurements": (b"x.csv", b"time,temperature,pressure\n1,2,3\n2,3,4\n3,4,5\n", "technical_dataset"),
    "page of a web site": (b"x.html", b"<!doctype html><html><body><section>x</section></body></html>", "web_page"),
    "settings with a comment as a heading": (
        b"x", b'# default file\n\nUSER="smsd"\nGROUP="x"\nPIDFILE="/run/x"\n',
        "technical_config",
    ),
    "settings in blocks": (b"x", b"/var/log/x.log {\n    rotate 12\n    weekly\n    compress\n}\n", "technical_config"),
    "source under a licence": (
        b"x.c", b"/* Permission is hereby granted, free of charge */\n#include <a.h>\n#include <b.h>\n",
        "technical_script",
    ),
    "text in UTF-16": (b"x.txt", "some words, and more of them".encode("utf-16"), None),
    "type of a document in another XML": (
        b"x.xml",
        xml("mime-type", 'type="application/vnd.oasis.opendocument.presentation"'),
        "technical_config",
    ),
    "a licence within documentation of Perl": (
        b"x.pm",
        b"=pod\n\n=head1 LICENSE\n\nPermission is hereby granted, free of charge\n\n=cut\n\npackage A;\nuse strict;\n",
        "technical_script",
    ),
    "repositories of apt": (
        b"sources.list", b"deb https://a.example stable main\ndeb https://b.example stable main\n" * 2,
        "technical_config",
    ),
    "list of words": (b"x.txt", b"apples\npears\nplums\n", None),
    "certificate's bytes in a longer file": (b"x", b"\x30\x82\x00\x0a\x30" + b"\1" * 90, None),
    "archive under a picture's name": (b"x.png", made.zipped(a="x"), "archive"),
    "reference in DocBook": (
        b"x.xml", XML.encode() + b"<article><para>It returns <varname>a</varname>.</para></article>",
        "technical_documentation",
    ),
    "blocks that end": (b"x", b"arch map\nwidth 9\nend\narch wall\nend\narch door\nend\n", None),
    "columns of numbers": (b"x", b"1.5 2.5\n3.5 4.5\n5.5 6.5\n7.5 8.5\n9.5 1.5\n2.5 3.5\n", "technical_dataset"),
    "README with some HTML": (
        b"README.md", b"<p align=center><img src=a.png></p>\n<h1>A</h1>\n\n## Install\n\n- one\n", "technical_documentation",
    ),
    "two documents of YAML": (b"x.yaml", b"---\na: 1\nb: 2\n---\nc: 3\nd: 4\n", "technical_config"),
    "ordinary map in XML": (b"x.xml", xml("map", 'name="a"'), "technical_config"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "label"), LOOKALIKES.values(), ids=LOOKALIKES.keys())
def test_what_only_looks_like_a_family_is_not_taken_for_it(tmp_path, name, content, label):
    result = proposed(tmp_path, name, content)
    assert (result.label if result.score >= 0.3 else None) == label, result


BY_NAME = {
    "settings in Lua": (b"prosody.cfg.lua", b'daemonize = true\nmodules_enabled = { "roster"; }\n', "technical_config"),
    "Maven project, fetched": (
        b"guava-31.1.pom", xml("project", 'xmlns="http://maven.apache.org/POM/4.0.0"'),
        "cache_package_manager",
    ),
    "Maven project": (b"pom.xml", xml("project", 'xmlns="http://maven.apache.org/POM/4.0.0"'), "technical_config"),
    "content of npm's cache": (b"content-v2/sha512/ab/cd/" + b"0" * 124, made.zipped(a="x"), "cache_package_manager"),
    "content of npm's cache, moved": (b"sha512/ab/cd/" + b"0" * 124, made.tar("gz"), "cache_package_manager"),
    "object of a bare repository": (b"objects/0a/" + b"b" * 38, b"\x00\x01", "git_metadata"),
    "old index of a pack": (b"pack-" + b"a" * 40 + b".idx", b"\0\0\0\1" * 300, "git_metadata"),
    "hook as it comes": (b"pre-commit.sample", b"#!/bin/sh\necho\n", "git_metadata"),
    "list of packages of a wheel": (b"six-1.0.dist-info/top_level.txt", b"six\n", "dependency_python"),
    "copy by a file manager": (b"plan - Copy.txt", b"some words", "backup_versioned"),
    "conflicting copy": (
        b"notes (conflicted copy 2023-01-05).css", b".a { color: red; }\n.b { margin: 0; }\n",
        "backup_versioned",
    ),
    "archive that is a backup": (b"backup-2009-05-15.zip", made.zipped(a="x"), "backup_versioned"),
    "lock of npm": (
        b"package-lock.json", b'{"name": "a", "version": "1", "lockfileVersion": 3}',
        "cache_package_manager",
    ),
    "content of a store, moved out of it": (b"ab12" * 31, made.tar("gz"), "cache_package_manager"),
    "score in a ZIP": (b"song.mscz", made.zipped(**{"META-INF/container.xml": "<container/>", "a.mscx": "x"}), "media_audio"),
    "packed MusicXML": (b"x", made.zipped(**{"META-INF/container.xml": "<container/>", "a.xml": "x"}), OUTSIDE),
    "archive under the name of a sound": (b"a.mp3", made.zipped(a="x"), "archive"),
    "piece of a page that is a script": (
        b"foot.html", b"<script>\nconst a = 1;\nfunction b() {\n}\nlet c = 2;\n</script>\n", "web_page",
    ),
    "piece of a page with its style": (
        b"sign_up.html", b"<div class=a>\n<style>\n#b {\n  margin: 0;\n}\n.c {\n  color: red;\n}\n</style>\n</div>\n",
        "web_page",
    ),
    "piece of a page that a template makes": (
        b"x.html", b"{% if a %}\n<script>\nvar b = 1;\nfunction c() {\n}\n</script>\n{% endif %}\n", "web_page",
    ),
    "page that begins with its settings": (b"x.html", b"---\ntitle: a\nlayout: b\n---\n", "web_page"),
    "post that begins with its settings": (b"x.md", b"---\ntitle: a\nlayout: b\n---\nSome words.\n", "technical_documentation"),
    "settings of an editor": (b"tex.nanorc", b"## TeX\nsyntax tex\ncolor green\n", "technical_config"),
    "settings of a checker": (b".jshintrc", b'{"esnext": true}', "technical_config"),
    "what a formatter leaves alone": (b".prettierignore", b"dist/*.js\n", "technical_config"),
    "what Git leaves alone": (b".gitignore", b"dist/*.js\n", "git_metadata"),
    "settings in statements": (
        b"params", b"a_param  QUERY    $query;\nb_param  METHOD   $method;\nc_param  TYPE     $type;\n",
        "technical_config",
    ),
    "resources of X": (
        b"init", b"! of a window manager\nsession.menu:\t~/.menu\nsession.keys: ~/.keys\nsession.style: /usr/a\n",
        "technical_config",
    ),
    "notes of a project, packed": (b"TODO.gz", made.gzipped("Write the rest.\n"), "technical_documentation"),
    "what an archive of Git says": (b".git_archival.txt", b"node: 0\nnode-date: 1\ndescribe-name: 2\n", "git_metadata"),
    "style sheet with rules within rules": (
        b"x", b".a {\n  height: 1fr;\n  &.b {\n    color: red;\n  }\n  &.c {\n    color: blue;\n  }\n}\n", "web_stylesheet",
    ),
    "description of a package of OCaml": (
        b"opam", b'opam-version: "2.0"\nname: "orpie"\nbuild: [["dune" "build"]]\n', "technical_config",
    ),
    "module of Verilog, which is no body of OpenSCAD": (
        b"blinky.v", b"module top(input clk, rst, output reg [7:0] leds);\nreg [7:0] ctr;\nendmodule\n", "technical_script",
    ),
    "module of OpenSCAD": (b"box", b"module box(w, h) {\n  cube([w, w, h]);\n}\nbox(1, 2);\n", "design_cad"),
    "index of reads": (b"reads.bam.bai", b"BAI\x01\x02\x00\x00\x00" + bytes(40), "technical_dataset"),
    "description of a package of Ruby": (b"x.gemspec", b"Gem::Specification.new do |s|\n  s.name = 'x'\nend\n", "technical_script"),
    "virtual environment": (
        b"pyvenv.cfg", b"home = /usr/bin\nversion = 3.11.2\ninclude-system-site-packages = false\n",
        "dependency_python",
    ),
    "dated archive": (b"home-2023-05-01.tar.gz", made.tar("gz"), "archive"),
    "packed key map": (b"fr.kmap.gz", made.gzipped("keymaps 0-2\nkeycode 1 = Escape\n"), OUTSIDE),
    "message catalogue": (b"de.po", b"# Translators\n", OUTSIDE),
    "Game Boy or GenBank": (b"x.gb", b"LOCUS       AB1    9 bp    DNA\n", OUTSIDE),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "label"), BY_NAME.values(), ids=BY_NAME.keys())
def test_name_and_content_together_decide(tmp_path, name, content, label):
    assert proposed(tmp_path, name, content).label == label


@pytest.mark.parametrize(
    "formats",
    [frozenset(magic.MAGIC), text_signs.FORMATS, tables.FORMATS, vocabularies.FORMATS],
    ids=["magic", "text", "tables", "keys"],
)
def test_every_format_in_a_table_has_a_meaning(formats):
    assert formats - default_rules().formats.keys() == set()


def test_no_extension_is_listed_twice():
    document = tomllib.loads(resources.files("ifmosfs.ml").joinpath("rules.toml").read_text("utf-8"))
    listed = [name for entry in document["extension"] for name in entry["of"].split()]
    assert sorted(listed) == sorted(set(listed))


def seen(tmp_path, content: bytes):
    (evidence,) = CLASSIFIER.evidence_all([written(os.fsencode(tmp_path), b"x", content)], with_texts=True)
    extract = evidence.extract
    return (extract.kind, extract.numbers.get("n_columns"), extract.fields.get("root"), extract.keys, extract.trouble)


def test_structure_is_noted_whatever_a_text_is_about(tmp_path):
    bank = b"Buchungstag;Verwendungszweck;Betrag\n01.01.2024;Miete;-500,00\n02.01.2024;Lohn;2000,00\n"
    assert seen(tmp_path, bank) == ("text", 3, None, ("Buchungstag", "Verwendungszweck", "Betrag"), None)
    track = b"<?xml version='1.0'?><gpx xmlns='http://www.topografix.com/GPX/1/1'><trk/></gpx>"
    assert seen(tmp_path, track) == ("text", None, "gpx", ("gpx", "trk"), None)
    assert seen(tmp_path, b'{"tilewidth": 16, "tileheight": 16}') == (
        "text",
        None,
        None,
        ("tilewidth", "tileheight"),
        None,
    )


def test_formats_of_old_office_programs_are_no_broken_containers(tmp_path):
    assert seen(tmp_path, b"\xffWPC" + b"\0\1" * 20) == ("", None, None, (), None)
    assert proposed(tmp_path, b"x", b"\0\0\x02\0\x06\x04\x06\0" + b"\0" * 40).label == "business_spreadsheet"
