"""cache_package_manager: what package managers and builds keep, as far as it is binary."""

from __future__ import annotations

import struct

from ifmosfs.ml.synth.categories.nested import some_files
from ifmosfs.ml.synth.formats import binary
from ifmosfs.ml.synth.formats.zipped import write_ar, write_gzip, write_tar, write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document


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
