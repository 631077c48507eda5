"""compiled_code and software_installer: what compilers and packagers make."""

from __future__ import annotations

import lzma
import marshal
import struct
import zlib

from ifmosfs.ml.synth.categories.nested import some_files
from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.ole import summary, write_compound
from ifmosfs.ml.synth.formats.zipped import write_ar, write_cpio, write_gzip, write_tar, write_zip, zip_time
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

MAGIC = {7: 3394, 8: 3413, 9: 3425, 10: 3439, 11: 3495, 12: 3531, 13: 3571}


def bytecode(pen: Pen) -> bytes:
    """A `.pyc` of some version: its head, and code as this interpreter packs it without references, so that it is the same each time."""
    source = "\n".join(
        pen.say(
            "def «snake»(«snake»_in, «a»_=«n:0-99»):\n    '''«tech:1-1»'''\n    return «a:3»«n:1-9» if '«word»' else '«word»'\n«CONST» = ['«word»', «n:0-999»]"
        )
        for _ in range(pen.size(2, 20))
    )
    code = compile(source, pen.slot("unixpath", "") + ".py", "exec")
    head = struct.pack("<HHIII", MAGIC[pen.pick(list(MAGIC))], 0x0A0D, 0, int(pen.slot("epoch", "")), len(source))
    return head + marshal.dumps(code, 2)


@document("compiled_code", weight=2)
def elf_program(pen: Pen) -> Draft:
    """A program for Linux."""
    return Draft(
        binary.write_elf(pen, 2, pen.size(900, 40_000)),
        pen.pick(("", "", "", "out", "bin", "elf")),
        "«noun»|a|«project»|test_«noun»|«verb»|main|«animal»",
        "bin|usr/bin|build|target/release|dist",
    )


@document("compiled_code", weight=2)
def elf_library(pen: Pen) -> Draft:
    """A shared library."""
    return Draft(
        binary.write_elf(pen, 3, pen.size(900, 40_000)),
        pen.pick(("so", f"so.{pen.whole(1, 9)}", f"so.{pen.whole(1, 9)}.{pen.whole(0, 30)}.0")),
        "lib«noun»|lib«project»|_«noun»|mod_«noun»",
        "usr/lib/x86_64-linux-gnu|lib|lib64",
        fixed=pen.chance(0.6),
    )


@document("compiled_code", weight=2)
def elf_object(pen: Pen) -> Draft:
    """An object file or kernel module."""
    return Draft(
        binary.write_elf(pen, 1, pen.size(300, 15_000)),
        pen.pick(("o", "o", "o", "ko", "lo")),
        "«snake»|main|«noun»",
        "build|obj|.libs|CMakeFiles/«noun».dir",
    )


@document("compiled_code")
def static_library(pen: Pen) -> Draft:
    """Object files in an archive."""
    members = {
        f"{pen.slot('noun', '')[:12]}{at}.o/": binary.write_elf(pen, 1, pen.size(300, 3000))
        for at in range(pen.whole(1, 6))
    }
    return Draft(
        write_ar(members, int(pen.slot("epoch", ""))),
        pen.pick(("a", "a", "lib", "rlib")),
        "lib«noun»|lib«project»|«Noun»",
        "lib|usr/lib",
    )


@document("compiled_code", weight=2)
def windows_program(pen: Pen) -> Draft:
    """A program or library for Windows."""
    library = pen.chance(0.6)
    return Draft(
        binary.write_pe(pen, library=library, size=pen.size(600, 40_000), gui=pen.chance(0.5)),
        pen.pick(("dll", "dll", "ocx", "sys", "drv", "pyd")) if library else pen.pick(("exe", "exe", "scr", "com")),
        "«noun»|«Noun»|«noun»«n:32-64»|«project»|ms«a:5»|api-ms-win-«noun»-l1-1-0",
        "Windows/System32|bin|Debug|Release|Program Files/«Noun»",
    )


@document("compiled_code")
def mac_program(pen: Pen) -> Draft:
    """A program or library for macOS."""
    return Draft(
        binary.write_macho(pen, pen.size(900, 30_000)),
        pen.pick(("", "dylib", "bundle", "dylib")),
        "lib«noun».«n:1-9»|«Noun»|«noun»",
        "Contents/MacOS|usr/local/lib",
    )


@document("compiled_code", weight=2)
def java_class(pen: Pen) -> Draft:
    """A class file."""
    return Draft(
        binary.write_class(pen),
        "class",
        "«Pascal»|«Pascal»$«n:1-9»|«Pascal»$«Pascal»",
        "com/«noun»/«noun»|target/classes|bin",
    )


@document("compiled_code", weight=3)
def python_bytecode(pen: Pen) -> Draft:
    """A module compiled by Python."""
    version = pen.pick(list(MAGIC))
    return Draft(
        bytecode(pen),
        pen.pick(("pyc", "pyc", "pyc", "pyo")),
        f"«snake»|«snake».cpython-3{version}|__init__.cpython-3{version}|«noun».cpython-3{version}.opt-1",
        "__pycache__|«project»/__pycache__",
        fixed=pen.chance(0.7),
    )


@document("compiled_code")
def java_library(pen: Pen) -> Draft:
    """Classes in a JAR."""
    files: dict[str, bytes | str] = {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nCreated-By: 1.8.0_292 (Oracle Corporation)\r\n\r\n"
    }
    files.update({pen.say("com/«noun»/«Pascal».class"): binary.write_class(pen) for _ in range(pen.size(1, 12))})
    return Draft(
        write_zip(files, when=zip_time(pen)),
        pen.pick(("jar", "jar", "war", "aar")),
        "«kebab»-«version»|«project»|lib«noun»",
        "lib|WEB-INF/lib|target",
    )


@document("compiled_code", weight=2, by_format=True)
def other_bytecode(pen: Pen) -> Draft:
    """WebAssembly, Lua, Emacs, Dalvik, Erlang, LLVM, Flash, message catalogues of shaders."""
    body = binary.code(pen, pen.size(200, 9000)) + binary.strings(pen, 12)
    kinds = {
        "wasm": binary.write_wasm(pen),
        "luac": b"\x1bLua" + bytes([0x53, 0, 0x19, 0x93, 0x0D, 0x0A, 0x1A, 0x0A, 4, 8, 4, 8, 8]) + body,
        "elc": b";ELC"
        + bytes([pen.whole(20, 28), 0, 0, 0])
        + pen.say(
            ';;; Compiled\n;;; in Emacs version 2«n:4-9».«n:1-3»\n(defalias \'«kebab» #[(«noun») "\\300\\301" [«noun»] 2])\n'
        ).encode()
        * pen.whole(1, 20),
        "dex": b"dex\n035\x00" + body,
        "beam": b"FOR1" + struct.pack(">I", len(body) + 4) + b"BEAM" + body,
        "bc": b"BC\xc0\xde" + body,
        "swf": b"FWS\x08" + struct.pack("<I", len(body) + 8) + body,
        "nib": b"NIBArchive" + struct.pack("<II", 1, 9) + body,
        "spv": struct.pack("<IIIII", 0x07230203, 0x10000, 8, 40, 0) + body,
        "lib": b"!<arch>\n/               0           0     0     0       4         `\n" + bytes(4) + body,
        "obj": struct.pack("<HHIIIHH", 0x8664, 1, int(pen.slot("epoch", "")), 20, 0, 0, 0) + body,
    }
    kind = pen.pick(sorted(kinds))
    return Draft(kinds[kind], kind, "«noun»|«snake»|«Noun»|«kebab»", "build|bin|dist")


# ---- installers


def _setup_words(pen: Pen) -> bytes:
    system = pen.pick(("nsis", "inno", "installshield", "7zsfx", "wix"))
    marks = {
        "nsis": b"\xef\xbe\xad\xdeNullsoftInst" + struct.pack("<II", 1000, 5000),
        "inno": b"Inno Setup Setup Data (5.5.7) (u)\x00\x00\x00rDlPtS\xcd\xe6\xd7\x7b\x0b\x2a",
        "installshield": b"InstallShield\x00ISSetupStream\x00",
        "7zsfx": b';!@Install@!UTF-8!\nTitle="Setup"\nRunProgram="setup.exe"\n;!@InstallEnd@!7z\xbc\xaf\x27\x1c',
        "wix": b".wixburn\x00WixBundleManifest\x00",
    }
    manifest = pen.say(
        '<assemblyIdentity version="1.0.0.0" name="«Noun».Setup" type="win32"/><description>«Noun» «Setup|Installer»</description><requestedExecutionLevel level="requireAdministrator"/>'
    )
    return (
        marks[system]
        + manifest.encode()
        + "Setup\x00ProductName\x00".encode("utf-16-le")
        + pen.slot("company", "").encode("utf-16-le")
    )


@document("software_installer", weight=4)
def windows_setup(pen: Pen) -> Draft:
    """A set-up program: a small program with much packed data behind it."""
    overlay = _setup_words(pen) + zlib.compress(pen.noise(pen.size(2000, 40_000)))
    return Draft(
        binary.write_pe(pen, library=False, size=pen.size(2000, 9000), overlay=overlay),
        "exe",
        "setup|«Noun»Setup|«Noun»-«version»-setup|install|«Noun» Installer|«noun»-«version»-x64|«Noun»_Setup_«version»|vcredist_x«64|86»|«noun»_«version»_win64|«Firefox|Chrome|Zoom|Teams»Setup",
        "Downloads|Software|Install|Programme",
    )


@document("software_installer", weight=2)
def windows_msi(pen: Pen) -> Draft:
    """A Windows Installer package: a compound file with tables."""
    streams = {
        "\x05SummaryInformation": summary(
            pen, "Installation Database", pen.slot("company", ""), "Windows Installer XML Toolset (3.11.2)"
        ),
        "\u4840\u3f3f\u4577\u446c\u3e6a\u44b2\u482f": binary.strings(pen, 60),
        "Binary.WixCA": binary.code(pen, 3000),
        "product.cab": b"MSCF" + pen.noise(pen.size(2000, 20_000)),
    }
    data = bytearray(write_compound(streams, ""))
    identity = bytes.fromhex("8410 0c00 0000 0000 c000 0000 0000 0046".replace(" ", ""))
    at = data.find("Root Entry".encode("utf-16-le"))
    data[at + 80 : at + 96] = identity
    return Draft(
        bytes(data),
        pen.pick(("msi", "msi", "msi", "msp")),
        "«Noun»-«version»|«noun»-«version»-x64|Setup|«Noun»Installer|«hex:6»",
        "Downloads|Software",
    )


@document("software_installer", weight=3)
def debian_package(pen: Pen) -> Draft:
    """A package for Debian."""
    name, version = pen.slot("deb_package", ""), pen.say("«n:0-12».«n:0-40».«n:0-9»-«n:1-5»")
    architecture = pen.pick(("amd64", "amd64", "all", "arm64", "i386"))
    control = pen.say(
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: «person» <«email»>\nDepends: libc6 (>= 2.28)\nSection: utils\nDescription: «tech:1-1»\n"
    )
    files = {
        f"./usr/share/doc/{name}/{inner}": raw
        for inner, raw in some_files(pen, "technical_documentation", 3, 8000).items()
    }
    files[f"./usr/bin/{name}"] = binary.write_elf(pen, 2, pen.size(1000, 9000))
    packed = write_tar(files, pen)
    data = ("data.tar.xz", lzma.compress(packed, preset=1)) if pen.chance(0.7) else ("data.tar.gz", write_gzip(packed))
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": write_tar({"./control": control}, pen, "gz"),
        data[0]: data[1],
    }
    return Draft(
        write_ar(members, int(pen.slot("epoch", ""))),
        pen.pick(("deb", "deb", "deb", "udeb", "ipk")),
        f"{name}_{version}_{architecture}",
        "Downloads|apt|packages",
        fixed=pen.chance(0.6),
    )


@document("software_installer", weight=2)
def rpm_package(pen: Pen) -> Draft:
    """A package for Fedora and its kin."""
    name = pen.slot("deb_package", "")
    full = pen.say(f"{name}-«n:0-12».«n:0-40».«n:0-9»-«n:1-5».«el7|fc38|el9»")
    return Draft(
        binary.write_rpm(pen, full, write_cpio({f"./usr/bin/{name}": binary.write_elf(pen, 2, 2000)})),
        "rpm",
        full + ".«x86_64|noarch»",
        "Downloads|rpms",
        fixed=pen.chance(0.6),
    )


@document("software_installer", weight=2)
def android_package(pen: Pen) -> Draft:
    """An app for Android, or for iOS."""
    package = pen.say("com.«noun».«noun»")
    if pen.chance(0.25):
        app = pen.slot("noun", "").capitalize()
        plist = f'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>CFBundleIdentifier</key><string>{package}</string></dict></plist>'
        return Draft(
            write_zip(
                {f"Payload/{app}.app/Info.plist": plist, f"Payload/{app}.app/{app}": binary.write_macho(pen, 4000)}
            ),
            "ipa",
            f"{app}-«version»",
            "Downloads|apps",
        )
    files: dict[str, bytes | str] = {
        "AndroidManifest.xml": b"\x03\x00\x08\x00" + package.encode("utf-16-le") * 3,
        "classes.dex": b"dex\n035\x00" + binary.code(pen, 5000),
        "resources.arsc": b"\x02\x00\x0c\x00" + binary.strings(pen),
        "META-INF/CERT.RSA": pen.noise(600),
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n",
    }
    return Draft(
        write_zip(files),
        pen.pick(("apk", "apk", "apk", "xapk", "aab")),
        f"{package}|{package}_«version»|base|app-release|«Noun»_v«version»",
        "Downloads|apk",
    )


@document("software_installer", weight=2, by_format=True)
def browser_extension(pen: Pen) -> Draft:
    """Extensions of browsers and editors, plug-ins."""
    kind = pen.pick(("xpi", "crx", "vsix", "oxt", "nupkg", "jar"))
    manifest = pen.say(
        '{"manifest_version": «2|3», "name": "«Adj» «Noun»", "version": "«version»", "permissions": ["tabs", "storage"]}'
    )
    files: dict[str, bytes | str] = {
        "manifest.json": manifest,
        "background.js": pen.say("chrome.runtime.onInstalled.addListener(() => «camel»());"),
        "icon.png": b"\x89PNG\r\n\x1a\n",
    }
    if kind == "vsix":
        files = {
            "extension.vsixmanifest": "<PackageManifest/>",
            "extension/package.json": manifest,
            "[Content_Types].xml": "<Types/>",
        }
    elif kind == "jar":
        files = {
            "META-INF/MANIFEST.MF": pen.say("Manifest-Version: 1.0\r\nMain-Class: com.«noun».Installer\r\n\r\n"),
            "com/izforge/izpack/installer/Installer.class": binary.write_class(pen),
        }
    raw = write_zip(files, when=zip_time(pen))
    if kind == "crx":
        raw = b"Cr24" + struct.pack("<II", 3, 32) + pen.noise(32) + raw
    return Draft(
        raw, kind, "«kebab»-«version»|«kebab»@«domain»|«Noun»|«noun»-installer-«version»", "extensions|Downloads|addons"
    )


@document("software_installer", weight=3)
def disk_image(pen: Pen) -> Draft:
    """An image of an installation disk."""
    name = pen.one_of(
        "ubuntu-22.04.«n:1-5»-desktop-amd64|debian-12.«n:0-9».0-amd64-netinst|Win«n:7-11»_English_x64|«Noun»-«version»|linuxmint-2«n:0-2»|OFFICE20«n:10-19»|drivers|«Noun» Installer"
    )
    if pen.chance(0.5):
        return Draft(
            binary.write_iso(pen, name, pen.size(2000, 20_000)),
            "iso",
            name,
            "Downloads|ISO|images",
            fixed=pen.chance(0.6),
        )
    body = zlib.compress(pen.noise(pen.size(2000, 20_000)))
    plist = b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict><key>resource-fork</key><dict/></dict></plist>'
    trailer = struct.pack(">4sIII", b"koly", 4, 512, 1) + struct.pack(">QQQQQII", 0, 0, len(body), 0, 0, 1, 1)
    trailer = trailer.ljust(216, b"\x00") + struct.pack(">QQ", len(body), len(plist))
    return Draft(
        body + plist + trailer.ljust(512, b"\x00"),
        "dmg",
        "«Noun»-«version»|«Noun»|«Noun» Installer|«noun»-mac-arm64",
        "Downloads|Installers",
        fixed=pen.chance(0.5),
    )


@document("software_installer", weight=2, by_format=True)
def linux_bundle(pen: Pen) -> Draft:
    """AppImages, snaps, self-extracting scripts, macOS packages."""
    kind = pen.pick(("AppImage", "run", "snap", "pkg", "flatpakref", "sh", "flatpak"))
    payload = pen.noise(pen.size(1000, 20_000))
    if kind == "AppImage":
        raw = bytearray(binary.write_elf(pen, 2, 3000))
        raw[8:11] = b"AI\x02"
        return Draft(bytes(raw) + b"hsqs" + payload, kind, "«Noun»-«version»-x86_64|«noun»", "Applications|Downloads")
    if kind == "snap":
        return Draft(
            b"hsqs"
            + struct.pack("<IIIIHHHHHH", 20, int(pen.slot("epoch", "")), 131072, 1, 4, 17, 0, 1, 4, 0)
            + payload,
            kind,
            "«noun»_«n:1-9999»|core20_«n:100-2999»",
            "snap|Downloads",
        )
    if kind == "pkg":
        toc = zlib.compress(
            pen.say('<?xml version="1.0"?><xar><toc><file id="1"><name>Distribution</name></file></toc></xar>').encode()
        )
        return Draft(
            struct.pack(">4sHHQQI", b"xar!", 28, 1, len(toc), 200, 1) + toc + payload,
            kind,
            "«Noun»|«Noun»-«version»|«Noun» Installer",
            "Downloads",
        )
    if kind == "flatpakref":
        return Draft(
            pen.say(
                "[Flatpak Ref]\nName=org.«noun».«Noun»\nBranch=stable\nTitle=«Noun»\nUrl=«url»\nRuntimeRepo=«url»\nIsRuntime=false\nGPGKey=«b64:200»\n"
            ),
            kind,
            "org.«noun».«Noun»",
            "Downloads",
        )
    if kind == "flatpak":
        return Draft(b"flatpak\x00" + payload, kind, "«Noun»", "Downloads")
    head = pen.say(
        '#!/bin/sh\n# This script was generated using Makeself 2.«n:1-5».0\nORIG_UMASK=`umask`\nCRCsum="«n:100000000-999999999»"\nMD5="«hex:32»"\nlabel="«Noun» «version» installer"\nscript="./install.sh"\ntargetdir="«noun»"\nfilesizes="«n:10000-999999»"\nMS_Printf () { $print_cmd "$1"; }\nexit $res\n'
    )
    return Draft(
        head.encode() + write_gzip(payload),
        kind,
        "«Noun»-installer-«version»|NVIDIA-Linux-x86_64-«n:300-550».«n:10-99»|install_«noun»|Miniconda3-latest-Linux-x86_64",
        "Downloads",
    )


@document("software_installer")
def windows_other(pen: Pen) -> Draft:
    """Updates, store packages, drivers."""
    kind = pen.pick(("msu", "appx", "msix", "cab", "inf", "application"))
    if kind == "inf":
        return Draft(
            pen.say(
                ';\n; «Noun».inf\n;\n[Version]\nSignature="$Windows NT$"\nClass=«Net|USB|Printer|MEDIA»\nProvider=%«Noun»%\nDriverVer=«ts:%m/%d/%Y»,«version».0\n\n[Manufacturer]\n%«Noun»%=«Noun»,NTamd64\n\n[«Noun».NTamd64]\n%Dev%=Install, PCI\\VEN_«HEX:4»&DEV_«HEX:4»\n\n[DestinationDirs]\nDefaultDestDir=12\n\n[Strings]\nDev="«company» «Noun»"\n'
            ),
            "inf",
            "«noun»|oem«n:1-99»|autorun|«noun»64",
            "Drivers|driver/«noun»",
        )
    if kind in {"msu", "cab"}:
        return Draft(
            b"MSCF" + bytes(4) + struct.pack("<I", 4000) + pen.noise(pen.size(1000, 9000)),
            kind,
            "windows10.0-kb«n:1000000-5999999»-x64_«hex:40»|«Noun»Driver_«version»|KB«n:1000000-5999999»",
            "Updates|Downloads",
        )
    return Draft(
        write_zip(
            {
                "AppxManifest.xml": pen.say(
                    '<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"><Identity Name="«Noun»" Version="«version»"/></Package>'
                ),
                "AppxBlockMap.xml": "<BlockMap/>",
                "App.exe": binary.write_pe(pen, library=False, size=2000),
            }
        ),
        kind,
        "«Noun»_«version»_x64|«Noun»",
        "Downloads",
    )
