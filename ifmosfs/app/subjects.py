"""Which file a person means by a path: on the disk, or in a mounted view."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace

from ifmosfs.app.context import App
from ifmosfs.app.mounting import own_views, plan_of
from ifmosfs.core.errors import IfmosfsError, NotFound, UsageProblem
from ifmosfs.core.files import Attr, Kind, Place, ScannedFile
from ifmosfs.core.manifest import SessionInfo
from ifmosfs.core.names import CONTROL_NAME, components, is_within, shell_word
from ifmosfs.core.proposal import Proposal
from ifmosfs.platform.mounts import Mount, views
from ifmosfs.view.attributes import SOURCE

_UNNAMED = frozenset({errno.ENODATA, errno.EOPNOTSUPP})


@dataclass(frozen=True, slots=True)
class Subject:
    """A file that is meant, as it is now. `given`: the path as it was given; `session_id` and `stored`: where it was scanned, and what
    was said of it then."""

    given: bytes
    file: ScannedFile
    session_id: str | None = None
    stored: Proposal | None = None


def subject_of(app: App, given: bytes) -> Subject:
    """The file at a path. Raises `NotFound`, `UsageProblem` for a folder, `IfmosfsError` where it cannot be looked at."""
    absolute = original_of(app, given)
    place = Place(*os.path.split(absolute))
    try:
        attr = app.disk.lstat(place)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("no such file", path=given, hint="check the spelling; names with spaces need quotes") from error
    except OSError as error:
        what = f"the file cannot be looked at ({error.strerror})"
        raise IfmosfsError(
            what, path=given, hint="see who may look into its folder, then run the command again"
        ) from error
    if attr.kind is Kind.FOLDER:
        raise UsageProblem("a folder, where a file is wanted", path=given, hint="name files in it")
    return _known(app, Subject(given, _file(0, place, attr)), absolute, attr)


def original_of(app: App, given: bytes) -> bytes:
    """The absolute path on the disk of what a path means: that of the original for a file in a view.

    Raises `NotFound`, and `UsageProblem` for a folder of a view.
    """
    parent, name = os.path.split(os.path.abspath(given))
    absolute = os.path.join(os.path.realpath(parent), name)
    view = next((each for each in views() if is_within(absolute, each.point)), None)
    return absolute if view is None else _original_in(app, view, absolute, given)


def _original_in(app: App, view: Mount, absolute: bytes, given: bytes) -> bytes:
    try:
        return _one_of(os.getxattr(absolute, SOURCE, follow_symlinks=False), os.path.basename(absolute))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("no such file in the view", path=given, hint="it may have been re-filed: look again") from error
    except OSError as error:
        if error.errno not in _UNNAMED:
            raise IfmosfsError(
                f"the view does not answer ({error.strerror})", path=given, hint="ifmosfs status"
            ) from error
    inside = os.path.relpath(absolute, view.point)
    if os.path.isdir(absolute):
        raise UsageProblem("a folder, where a file is wanted", path=given, hint="name files in it")
    if components(inside)[0] == CONTROL_NAME or view not in own_views(app) or "-" in plan_of(view):
        raise UsageProblem("this is no file of a plan", path=given, hint="name a file that the plan shows")
    return os.path.join(app.catalogue.load_plan_head(plan_of(view)).target, inside)  # it is in the target already


def _one_of(sources: bytes, name: bytes) -> bytes:
    """The original that has this name, or else the first: a file with several names in the view has as many, a line each. A name may
    have line ends, too."""
    if b"\n/" not in sources or os.path.lexists(sources):
        return sources
    first, *others = sources.split(b"\n/")
    names = [first, *(b"/" + other for other in others)]
    return next((each for each in names if os.path.basename(each) == name), first)


def _known(app: App, subject: Subject, absolute: bytes, attr: Attr) -> Subject:
    """With what sessions know of the file; the one that was scanned last counts."""
    inside: tuple[bytes, bytes] | None = None
    for session, root in _roots_above(app, absolute):
        path = os.path.relpath(absolute, root)
        inside = inside or (root, path)
        for file, stored in app.catalogue.classified_at(session.session_id, root, [path]):
            known = replace(file, kind=attr.kind, mode=attr.mode, fingerprint=attr.fingerprint)
            holds = file.fingerprint.same_file(attr.fingerprint)
            return replace(subject, file=known, session_id=session.session_id, stored=stored if holds else None)
    return subject if inside is None else replace(subject, file=_file(0, Place(*inside), attr))


def _roots_above(app: App, absolute: bytes) -> list[tuple[SessionInfo, bytes]]:
    sessions = sorted(app.catalogue.sessions(), key=lambda each: -each.scanned_ns)
    return [
        (session, root.path)
        for session in sessions
        for root in session.roots
        if is_within(absolute, root.path) and absolute != root.path
    ]


def _file(file_id: int, place: Place, attr: Attr) -> ScannedFile:
    return ScannedFile(file_id, place.root, place.path, attr.kind, attr.mode, attr.fingerprint)


def correcting(path: bytes, category: str | None) -> str:
    """The command that says what a file is."""
    return f"ifmosfs teach {shell_word(path)} {category or 'CATEGORY'}"
