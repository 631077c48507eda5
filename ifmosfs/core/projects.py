"""Checkouts, projects and bundles: folders whose files belong together and are never scattered. Pure, one look at each file.

What makes a folder one is the folder of a version control system, a project's own file, or a name that says that the folder is
one document or program. In a root itself, where a stray `package.json` may lie among downloads, a project's own file needs
something beside it that a project has; a `Makefile` and its like need that everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from ifmosfs.core.files import Place, ScannedFile
from ifmosfs.core.names import ancestors, join, split

Folder = tuple[bytes, bytes]  # (root, path below it)

CHECKOUT_FOLDERS: Final = frozenset({b".git", b".hg", b".svn", b".bzr", b"_darcs", b".jj", b"CVS", b".fslckout"})
SURE_PROJECT_FILES: Final = frozenset(
    {b"pyproject.toml", b"setup.py", b"Pipfile", b"package.json", b"Cargo.toml", b"go.mod", b"pom.xml"}
    | {b"build.gradle", b"build.gradle.kts", b"composer.json", b"Gemfile", b"mix.exs", b"Package.swift", b"deno.json"}
)
PROJECT_FILES: Final = SURE_PROJECT_FILES | {b"CMakeLists.txt", b"meson.build", b"Makefile", b"tsconfig.json"}
PROJECT_COMPANIONS: Final = frozenset(
    {b"src", b"lib", b"tests", b"test", b"docs", b"node_modules", b"setup.cfg", b"tox.ini", b"Sources", b"vendor"}
    | {b"package-lock.json", b"yarn.lock", b"pnpm-lock.yaml", b"poetry.lock", b"uv.lock", b"Pipfile.lock"}
    | {b"Cargo.lock", b"go.sum", b"composer.lock", b"Gemfile.lock", b"mix.lock", b"gradlew", b"configure"}
)

# Source code beside a project's own file, or in a folder beside it, is company enough below a root; in the root itself a stray
# script among downloads would make all of an inbox one project.
CODE_EXTENSIONS: Final = frozenset(
    {
        b"py",
        b"pyx",
        b"js",
        b"mjs",
        b"cjs",
        b"jsx",
        b"ts",
        b"tsx",
        b"vue",
        b"svelte",
        b"rs",
        b"go",
        b"java",
        b"kt",
        b"scala",
    }
    | {b"c", b"cc", b"cpp", b"cxx", b"h", b"hpp", b"m", b"mm", b"swift", b"cs", b"rb", b"php", b"ex", b"exs", b"zig"}
)

# Files and folders that only a project has: in a folder below the root they are enough by themselves. In the root itself they
# are not: an editor leaves `.vscode` in any folder it was opened on, and all of an inbox would be one project.
SURE_NAMES: Final = frozenset({b".idea", b".vscode", b"project.godot", b"Ableton Project Info", b"ProjectSettings"})
SURE_EXTENSIONS: Final = frozenset(
    {b"sln", b"csproj", b"vcxproj", b"fsproj", b"vbproj", b"uproject", b"xcodeproj", b"xcworkspace"}
)
VENV_FILE: Final = b"pyvenv.cfg"

# Folders that their system shows as one document or one program.
BUNDLE_EXTENSIONS: Final = frozenset(
    {b"app", b"bundle", b"framework", b"plugin", b"kext", b"dsym", b"docset", b"xcodeproj", b"xcworkspace"}
    | {b"photoslibrary", b"photolibrary", b"aplibrary", b"migratedphotolibrary", b"imovielibrary", b"musiclibrary"}
    | {b"tvlibrary", b"fcpbundle", b"theater", b"logicx", b"band", b"garageband", b"rtfd", b"pages", b"numbers"}
    | {
        b"key",
        b"scptd",
        b"workflow",
        b"playground",
        b"sparsebundle",
        b"vmwarevm",
        b"pvm",
        b"utm",
        b"lrdata",
        b"lrlibrary",
    }
)

# A Blender file names textures and caches by their place beside it.
BLEND_EXTENSION: Final = b"blend"
BLEND_FOLDERS: Final = frozenset(
    {b"textures", b"texture", b"tex", b"maps", b"assets", b"materials", b"images", b"hdri", b"hdris", b"sounds"}
    | {b"cache", b"render", b"renders", b"references"}
)


class _Signs:
    """What was seen in the folders so far."""

    def __init__(self) -> None:
        self.certain: set[Folder] = set()
        self.marked: set[Folder] = set()
        self.accompanied: set[Folder] = set()
        self.with_code: set[Folder] = set()
        self.with_blend: set[Folder] = set()
        self.with_blend_folder: set[Folder] = set()

    def file(self, above: Folder, name: bytes) -> None:
        """Take a file's name for a sign about the folder it is in."""
        if name in PROJECT_FILES:
            (self.certain if above[1] and name in SURE_PROJECT_FILES else self.marked).add(above)
        elif name == VENV_FILE:
            self.certain.add(above)
        elif above[1]:
            extension = name.rpartition(b".")[2]
            if extension in CODE_EXTENSIONS:
                self.with_code.add(above)
            elif extension in SURE_EXTENSIONS:
                self.certain.add(above)
            elif extension == BLEND_EXTENSION:
                self.with_blend.add(above)
        self.either(above, name)

    def folder(self, above: Folder, name: bytes) -> None:
        """Take a folder's name for a sign about itself and about the folder it is in."""
        root, parent = above
        stem, _, extension = name.rpartition(b".")
        if stem and extension.lower() in BUNDLE_EXTENSIONS:
            self.certain.add((root, join(parent, name)))
        if parent and stem and extension in SURE_EXTENSIONS:
            self.certain.add(above)
        if parent and (name.lower() in BLEND_FOLDERS or name.startswith(b"blendcache_")):
            self.with_blend_folder.add(above)
        self.either(above, name)

    def either(self, above: Folder, name: bytes) -> None:
        """Signs that may be a file or a folder: `.git` is a file in a work tree or a submodule."""
        if name in PROJECT_COMPANIONS:
            self.accompanied.add(above)
        if name in CHECKOUT_FOLDERS or (above[1] and name in SURE_NAMES):
            self.certain.add(above)


def find_projects(files: Iterable[ScannedFile], unseen: Iterable[Place] = ()) -> frozenset[Folder]:
    """The (root, folder) pairs that are checkouts, projects or bundles; such a folder may lie in another one.

    `unseen`: what the scan left out or could not read. A `.git` that is excluded makes a checkout all the same.
    """
    signs = _Signs()
    seen: dict[bytes, set[bytes]] = defaultdict(set)
    for file in files:
        parent, name = split(file.path)
        signs.file((file.root, parent), name)
        known = seen[file.root]
        if parent in known:
            continue
        known.add(parent)
        for folder in (*ancestors(parent), parent) if parent else ():
            above, step = split(folder)
            signs.folder((file.root, above), step)
    for root, path in unseen:
        parent, name = split(path)
        signs.file((root, parent), name)
    blend = signs.with_blend & signs.with_blend_folder
    return frozenset(signs.certain | (signs.marked & (signs.accompanied | _near_code(signs.with_code))) | blend)


def _near_code(with_code: set[Folder]) -> set[Folder]:
    """The folders, below a root, that hold source code or have it in a folder of theirs."""
    above = {(root, split(folder)[0]) for root, folder in with_code}
    return {folder for folder in with_code | above if folder[1]}


class Projects:
    """Tells of any folder which project it is part of, the outermost one where they are nested."""

    def __init__(self, folders: frozenset[Folder]) -> None:
        self._folders = folders
        self._known: dict[Folder, bytes | None] = {}

    def around(self, root: bytes, parent: bytes) -> bytes | None:
        """The project that a file in this folder belongs to, `None` if it is part of none."""
        if not self._folders:
            return None
        key = (root, parent)
        if key not in self._known:
            steps = (b"", *ancestors(parent), parent)
            self._known[key] = next((folder for folder in steps if (root, folder) in self._folders), None)
        return self._known[key]
