"""What belongs together: found among scanned files by names and inodes, pure and linear.

A `Company` is a unit of the plan with its *groups*. The files of one group share a stem (`IMG_1.CR2`, `IMG_1.xmp`), lie in one
folder, and keep that stem in common under any new name. Most companies are one group; names of one inode join the groups they
are in to one company. Projects are companies without groups: they move as one folder, and only if a person says so.

Not taken for a unit: a `.torrent` beside what it describes (it is of use without it), and a symlink, except in a saved page.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ifmosfs.core.files import Kind, ScannedFile
from ifmosfs.core.names import ancestors, is_within, join, split, split_extension
from ifmosfs.core.plan import Unit, UnitKind
from ifmosfs.core.projects import Projects

Folder = tuple[bytes, bytes]  # (root, path below it)


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one folder with a common stem, as positions in the sequence of files, in order.

    `lead` is the file that decides for all. `stem_bytes` is the length of the common stem; `page` the folder of a saved page,
    whose files are members too.
    """

    lead: int
    members: tuple[int, ...]
    stem_bytes: int
    page: bytes | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """A unit of the plan and the groups it is made of; no groups for a project."""

    unit: Unit
    groups: tuple[Group, ...] = ()

    @property
    def members(self) -> Iterator[int]:
        """The positions of all its files, group by group."""
        return (member for group in self.groups for member in group.members)


# Companions by extension, each with the extensions of the files it may accompany. All in lower case, without a dot.

RAW: Final = frozenset(
    {
        b"cr2",
        b"cr3",
        b"crw",
        b"nef",
        b"nrw",
        b"arw",
        b"sr2",
        b"dng",
        b"orf",
        b"rw2",
        b"raf",
        b"pef",
        b"srw",
        b"3fr",
        b"iiq",
    }
)
DEVELOPED: Final = frozenset({b"jpg", b"jpeg", b"heic", b"heif", b"hif"})
PHOTOS: Final = RAW | DEVELOPED | {b"png", b"tif", b"tiff", b"webp", b"psd"}
FILMS: Final = frozenset(
    {
        b"mkv",
        b"mp4",
        b"avi",
        b"mov",
        b"m4v",
        b"webm",
        b"wmv",
        b"mpg",
        b"mpeg",
        b"ts",
        b"m2ts",
        b"mts",
        b"flv",
        b"ogv",
        b"3gp",
    }
)
SOUNDS: Final = frozenset({b"flac", b"wav", b"ape", b"wv", b"mp3", b"ogg", b"m4a", b"opus", b"tta"})
DISCS: Final = frozenset({b"bin", b"img", b"iso"})
DATABASES: Final = frozenset(
    {b"sqlite", b"sqlite3", b"sqlitedb", b"db", b"db3", b"s3db", b"gpkg", b"mbtiles", b"lrcat"}
)

_SAME_STEM: Final[Mapping[bytes, frozenset[bytes]]] = {
    **dict.fromkeys((b"xmp", b"thm"), PHOTOS | FILMS),
    **dict.fromkeys((b"aae", b"pp3", b"dop", b"on1", b"cos", b"arp"), PHOTOS),
    **dict.fromkeys(DEVELOPED, RAW),
    b"mov": DEVELOPED,  # the moving part of a live photo
    b"mp4": frozenset({b"heic"}),
    **dict.fromkeys((b"srt", b"ass", b"ssa", b"vtt", b"nfo", b"smi", b"sup"), FILMS),
    b"idx": FILMS,
    b"sub": FILMS | {b"idx"},
    b"cue": SOUNDS,
    **dict.fromkeys(DISCS, frozenset({b"cue"})),
    b"mds": frozenset({b"mdf"}),
    b"lrc": SOUNDS,
    b"cdg": frozenset({b"mp3"}),
    **dict.fromkeys((b"shx", b"dbf", b"prj", b"sbn", b"sbx", b"cpg", b"qix", b"qpj"), frozenset({b"shp"})),
}
# `IMG_1.CR2.xmp` belongs to `IMG_1.CR2`; `None`: to a file of any kind.
_FULL_NAME: Final[Mapping[bytes, frozenset[bytes] | None]] = {
    **dict.fromkeys((b"xmp", b"pp3", b"dop", b"on1"), PHOTOS | FILMS),
    b"json": PHOTOS | FILMS,  # as photo services hand them out
    b"xml": frozenset({b"shp"}),
    **dict.fromkeys((b"md5", b"sha1", b"sha256", b"sha512", b"sha256sum", b"b3", b"crc32", b"par2"), None),
    **dict.fromkeys((b"sig", b"asc", b"sign", b"minisig"), None),
}
_SUBTITLES: Final = frozenset({b"srt", b"ass", b"ssa", b"vtt", b"sub", b"idx", b"sup"})
_LANGUAGE: Final = re.compile(rb"^(?:[a-z]{2,3}(?:[-_][a-z]{2,4})?|forced|sdh|cc|hi|default|full|foreign)$")
_RECOVERY: Final = re.compile(rb"^(.+)\.vol\d+\+\d+$", re.DOTALL)  # `x.7z.vol00+01.par2` recovers `x.7z`
_TRACK: Final = re.compile(rb"^(.+) \(track \d+\)$", re.DOTALL)
_DATABASE_PART: Final = re.compile(rb"^(.+)-(wal|shm|journal)$", re.DOTALL)
_PAGE_FOLDERS: Final = (
    *(b"_files", b"-files", b".files", b"-Dateien", b"_Dateien", b"_fichiers", b"_archivos", b"_file"),
    *(b"_bestanden", b"_arquivos", b"-filer", b"_soubory", b"_pliki"),
)
_PAGE_EXTENSIONS: Final = frozenset({b"html", b"htm", b"xhtml", b"shtml"})

# The volumes of one archive: what comes before the number is common to them. Each with the extension of the lead, if it has one.
_VOLUMES: Final = (
    (re.compile(rb"^(.+)\.part\d+\.rar$", re.DOTALL), None),
    (re.compile(rb"^(.+)\.r\d\d$", re.DOTALL), b".rar"),
    (re.compile(rb"^(.+)\.z\d\d$", re.DOTALL), b".zip"),
    (re.compile(rb"^(.+)\.\d{3}$", re.DOTALL), None),
    (
        re.compile(rb"^(.+\.(?:tar|tgz|gz|bz2|xz|zst|zip|7z|img|iso|sql))[._-]?(?:part[._-]?)?[a-d][a-z]$", re.DOTALL),
        None,
    ),
)
_MAY_BE_VOLUME: Final = re.compile(rb"\.(?:part\d+\.rar|[rz]\d\d|\d{3})$|[._-][a-d][a-z]$|part[a-d][a-z]$")


def find_companies(
    files: Sequence[ScannedFile], projects: Projects, filesystems: Mapping[bytes, str]
) -> dict[int, Company]:
    """For the positions in `files` of those that belong with others: the company they are in.

    `filesystems` says which filesystem a root is on; inodes are only compared on the same one. Units are numbered in the
    order of their first files.
    """
    folders: dict[Folder, list[int]] = defaultdict(list)
    around: dict[int, bytes] = {}
    for index, file in enumerate(files):
        parent = split(file.path)[0]
        project = projects.around(file.root, parent)
        if project is None:
            folders[file.root, parent].append(index)
        else:
            around[index] = project
    groups = list(_groups(files, folders))
    groups += _linked(files, around, groups, filesystems)
    return _numbered(files, around, _joined(groups))


class _Names:
    """The regular files of one folder by their names in lower case (ASCII only, so that lengths stay)."""

    def __init__(self, files: Sequence[ScannedFile], indices: Iterable[int]) -> None:
        self.by_name: dict[bytes, int] = {}
        for index in indices:
            if files[index].kind is Kind.FILE:
                self.by_name.setdefault(split(files[index].path)[1].lower(), index)
        self._by_stem: dict[bytes, list[tuple[bytes, int]]] | None = None

    def with_stem(self, stem: bytes, extensions: frozenset[bytes]) -> int | None:
        """The first file with this stem and one of these extensions."""
        if self._by_stem is None:
            self._by_stem = defaultdict(list)
            for name, index in self.by_name.items():
                before, _, extension = name.rpartition(b".")
                self._by_stem[before].append((extension, index))
        return next((index for extension, index in self._by_stem.get(stem, ()) if extension in extensions), None)


class _Found(NamedTuple):
    lead: int
    stem_bytes: int
    kind: UnitKind


class _Group(NamedTuple):
    group: Group
    kind: UnitKind


def _groups(files: Sequence[ScannedFile], folders: Mapping[Folder, list[int]]) -> Iterator[_Group]:
    """Saved pages first: what lies in the folder of one forms no group of its own."""
    pages, inside = _pages(files, folders)
    yield from pages
    paged = {page.group.lead for page in pages}
    for folder, indices in folders.items():
        if folder not in inside:
            names = _Names(files, (index for index in indices if index not in paged))
            yield from _companions(names)


def _companions(names: _Names) -> Iterator[_Group]:
    leads: dict[int, _Found] = {}
    for name, index in names.by_name.items():
        found = _lead_of(name, index, names)
        if found is not None and found.lead != index:
            leads[index] = found
    if not leads:
        return
    members: dict[int, list[int]] = defaultdict(list)
    for index in leads:
        members[_last_lead(index, leads)].append(index)
    for lead, others in members.items():
        kinds = {leads[other].kind for other in others}
        stem = min(leads[other].stem_bytes for other in others)
        kind = next(kind for kind in _STRONGEST if kind in kinds)
        yield _Group(Group(lead, tuple(sorted((lead, *others))), stem), kind)


def _last_lead(index: int, leads: Mapping[int, _Found]) -> int:
    """`x.iso.md5.asc` goes with `x.iso.md5`, that with `x.iso`."""
    seen = {index}
    while index in leads and leads[index].lead not in seen:
        index = leads[index].lead
        seen.add(index)
    return index


def _lead_of(name: bytes, index: int, names: _Names) -> _Found | None:
    """The file that one of this name follows, if it is there."""
    stem, _, extension = name.rpartition(b".")
    if extension in _FULL_NAME:
        found = _by_full_name(stem, _FULL_NAME[extension], names)
        if found is not None:
            return found
    if extension in _SAME_STEM:
        return _by_stem(stem, extension, names)
    found = _database_part(name, names) if b"-" in name else None
    if found is not None:
        return found
    return _volume(name, index, names) if _MAY_BE_VOLUME.search(name) else None


def _by_full_name(stem: bytes, allowed: frozenset[bytes] | None, names: _Names) -> _Found | None:
    recovery = _RECOVERY.match(stem)
    lead = names.by_name.get(recovery[1] if recovery else stem)
    if lead is None and stem.endswith(b".supplemental-metadata"):
        stem = stem.removesuffix(b".supplemental-metadata")
        lead = names.by_name.get(stem)
    if lead is None or (allowed is not None and stem.rpartition(b".")[2] not in allowed):
        return None
    return _Found(lead, len(split_extension(recovery[1] if recovery else stem)[0]), UnitKind.SIDECARS)


def _by_stem(stem: bytes, extension: bytes, names: _Names) -> _Found | None:
    allowed = _SAME_STEM[extension]
    steps = [stem]
    if extension in _SUBTITLES:
        steps += _without_languages(stem)
    track = _TRACK.match(stem)
    if track and extension in DISCS:
        steps.append(track[1])
    for step in steps:
        lead = names.with_stem(step, allowed)
        if lead is not None:
            return _Found(lead, len(step), UnitKind.SIDECARS)
    return None


def _without_languages(stem: bytes) -> list[bytes]:
    """`film` and `film.en` of `film.en.forced`; longest first."""
    shorter = []
    for _ in range(3):
        stem, _, last = stem.rpartition(b".")
        if not stem or not _LANGUAGE.match(last):
            break
        shorter.append(stem)
    return shorter


def _database_part(name: bytes, names: _Names) -> _Found | None:
    match = _DATABASE_PART.match(name)
    lead = names.by_name.get(match[1]) if match else None
    if match is None or lead is None:
        return None
    stem, extension = split_extension(match[1])
    if match[2] == b"journal" and extension[1:] not in DATABASES:  # `travel-journal` beside `travel` is just a text
        return None
    return _Found(lead, len(stem), UnitKind.DATABASE)


def _volume(name: bytes, index: int, names: _Names) -> _Found | None:
    for pattern, lead_extension in _VOLUMES:
        match = pattern.match(name)
        if match is None:
            continue
        lead = _first_volume(match, lead_extension, names)
        if lead is not None and lead != index:
            return _Found(lead, len(_archive_stem(match[1])), UnitKind.PARTS)
    return None


def _first_volume(match: re.Match[bytes], lead_extension: bytes | None, names: _Names) -> int | None:
    """The first volume by its number, 1 or 0, which may have fewer digits than this one's."""
    if lead_extension is not None:
        return names.by_name.get(match[1] + lead_extension)
    rest = match.string[match.end(1) :]
    digits = re.search(rb"\d+", rest)
    if digits:
        widths = range(digits.end() - digits.start(), 0, -1)
        numbers = (b"%0*d" % (width, number) for number in (1, 0) for width in widths)
        firsts = [rest[: digits.start()] + number + rest[digits.end() :] for number in numbers]
    else:
        firsts = [rest[:-2] + b"aa"]
    return next((found for first in firsts if (found := names.by_name.get(match[1] + first)) is not None), None)


def _archive_stem(name: bytes) -> bytes:
    """`x` of `x.7z` and of `x.tar.gz`, but all of `Season 1.2` – only what looks like an archive's extension goes."""
    stem, extension = split_extension(name)
    return stem if re.fullmatch(rb"(?:\.tar)?\.(?:7z|zip|rar|tar|tgz|gz|bz2|xz|zst|img|iso|sql)", extension) else name


# Saved pages


def _pages(files: Sequence[ScannedFile], folders: Mapping[Folder, list[int]]) -> tuple[list[_Group], set[Folder]]:
    """The saved pages, and all folders that are theirs. A page within the folder of another one is that one's."""
    wanted = dict(_page_folders(files, folders))
    if not wanted:
        return [], set()
    content: dict[Folder, list[int]] = {}
    inside: set[Folder] = set()
    for root, parent in folders:
        outermost = next((step for step in (*ancestors(parent), parent) if (root, step) in wanted), None)
        if outermost is not None:
            inside.add((root, parent))
            content.setdefault((root, outermost), []).extend(folders[root, parent])
    found = []
    for (root, page), indices in content.items():
        lead = wanted[root, page]
        stem = split_extension(split(files[lead].path)[1])[0]
        members = tuple(sorted((lead, *indices)))
        found.append(_Group(Group(lead, members, len(stem), page), UnitKind.PAGE))
    return found, inside


def _page_folders(files: Sequence[ScannedFile], folders: Mapping[Folder, list[int]]) -> Iterator[tuple[Folder, int]]:
    """Each folder that a page of the same stem lies beside, with the position of that page: the first, if there are two."""
    present: set[Folder] | None = None
    seen: set[Folder] = set()
    for (root, parent), indices in folders.items():
        for index in indices:
            stem, extension = split_extension(split(files[index].path)[1])
            if extension[1:].lower() not in _PAGE_EXTENSIONS or files[index].kind is not Kind.FILE:
                continue
            if present is None:
                present = {(root, step) for root, path in folders for step in (*ancestors(path), path)}
            places = ((root, join(parent, stem + suffix)) for suffix in _PAGE_FOLDERS)
            place = next((place for place in places if place in present and place not in seen), None)
            if place is not None:
                seen.add(place)
                yield place, index


# Names of one inode


def _linked(
    files: Sequence[ScannedFile],
    around: Mapping[int, bytes],
    groups: Iterable[_Group],
    filesystems: Mapping[bytes, str],
) -> list[_Group]:
    """A group of one for each name of an inode that has several, and one that spans the groups these are in.

    The spanning group has no stem of its own; `_joined` takes it for nothing but a connection.
    """
    first: dict[str, dict[int, int]] = defaultdict(dict)
    linked: dict[int, list[int]] = {}
    for index, file in enumerate(files):
        if file.kind is not Kind.FILE or index in around:
            continue
        known = first[filesystems.get(file.root, "")]
        other = known.setdefault(file.fingerprint.inode, index)
        if other != index and files[other].fingerprint.same_file(file.fingerprint):
            linked.setdefault(other, [other]).append(index)
    if not linked:
        return []
    grouped = {member for group in groups for member in group.group.members}
    found = []
    for names in linked.values():
        found += [_alone(files, index) for index in names if index not in grouped]
        found.append(_Group(Group(names[0], tuple(names), -1), UnitKind.LINKS))
    return found


def _alone(files: Sequence[ScannedFile], index: int) -> _Group:
    stem = split_extension(split(files[index].path)[1])[0]
    return _Group(Group(index, (index,), len(stem)), UnitKind.LINKS)


# From groups to companies

_STRONGEST: Final = (UnitKind.PAGE, UnitKind.DATABASE, UnitKind.PARTS, UnitKind.SIDECARS, UnitKind.LINKS)


def _joined(groups: Sequence[_Group]) -> list[tuple[UnitKind, tuple[Group, ...]]]:
    """The groups, those with a file in common together."""
    parent = list(range(len(groups)))

    def top(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    holder: dict[int, int] = {}
    for number, (group, _) in enumerate(groups):
        for member in group.members:
            other = holder.setdefault(member, number)
            parent[top(number)] = top(other)
    together: dict[int, list[_Group]] = defaultdict(list)
    for number, each in enumerate(groups):
        together[top(number)].append(each)
    found: list[tuple[UnitKind, tuple[Group, ...]]] = []
    for some in together.values():
        kinds = {each.kind for each in some}
        real = tuple(sorted((each.group for each in some if each.group.stem_bytes >= 0), key=lambda each: each.members))
        found.append((next(kind for kind in _STRONGEST if kind in kinds), real))
    return found


def _numbered(
    files: Sequence[ScannedFile], around: Mapping[int, bytes], found: list[tuple[UnitKind, tuple[Group, ...]]]
) -> dict[int, Company]:
    first_of: dict[int, tuple[UnitKind, tuple[Group, ...]]] = {}
    for kind, groups in found:
        first_of[min(group.members[0] for group in groups)] = (kind, groups)
    first_in: dict[Folder, int] = {}
    for index, project in around.items():
        first_in.setdefault((files[index].root, project), index)
    starts = set(first_in.values())
    companies: dict[int, Company] = {}
    projects: dict[Folder, Company] = {}
    for number, index in enumerate(sorted([*first_of, *starts]), 1):
        root = files[index].root
        if index in starts:
            unit = Unit(number, UnitKind.PROJECT, root, around[index])
            projects[root, around[index]] = Company(unit)
        else:
            kind, groups = first_of[index]
            company = Company(Unit(number, kind, root), groups)
            companies.update(dict.fromkeys(company.members, company))
    companies.update((index, projects[files[index].root, project]) for index, project in around.items())
    return companies


def stem_and_rest(name: bytes, stem_bytes: int) -> tuple[bytes, bytes]:
    """The part of a member's name that all of its group have in common, and the part that is its own."""
    return name[:stem_bytes], name[stem_bytes:]


def within_page(path: bytes, group: Group) -> bytes | None:
    """The path of a file below the folder of its group's page; `None` for a file that lies beside that folder."""
    if group.page is None or not is_within(path, group.page):
        return None
    return path[len(group.page) + 1 :]
