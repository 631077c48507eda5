"""Use cases: mount a plan, serve it, unmount it, and tell what is mounted."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ifmosfs.app.context import App
from ifmosfs.app.scanning import check_roots
from ifmosfs.app.staging import discard, refuse_over
from ifmosfs.app.trees import lazy_tree
from ifmosfs.core.errors import Ambiguous, MountProblem, NotFound, WrongState
from ifmosfs.core.files import Place
from ifmosfs.core.manifest import PlanInfo
from ifmosfs.core.names import display, is_within, shell_word, split, split_extension
from ifmosfs.core.plan import Action, Edit, PlanState
from ifmosfs.core.tree import PlanTree
from ifmosfs.platform import daemon, host
from ifmosfs.platform.mounts import DEAD, Mount, attribute, is_stale, mounts, views
from ifmosfs.view.attributes import RELOAD
from ifmosfs.view.protocol import ViewOperations
from ifmosfs.view.values import Caller

if TYPE_CHECKING:
    from ifmosfs.platform.holders import Holder

MOST_HOLDERS = 5
RELOAD_S = 15.0
"""How long a view is waited for that takes in edits: one of a million files may plant its tree anew."""
COLLECTOR = (50_000, 20, 2_000)
"""When garbage is looked for: among what is new, since each edit leaves some, hardly ever among all (Python does each 70,000th object
at first), since that is the files of the folders that were looked at. The first listing of 22,000 files makes 44,000 objects, and
nobody should wait for a look at them."""
SWITCH_S = 0.0005
"""How long who answers the kernel waits at most for a thread that only follows; ten times less than usual."""

OPEN_STATES = (PlanState.STAGED, PlanState.VALIDATED)


@dataclass(frozen=True, slots=True)
class MountReport:
    """A mount that came up."""

    plan_id: str
    mount_point: bytes
    pid: int
    cleaned_stale: bool


class PlanEditLog:
    """The view's `EditLog`, in the catalogue."""

    def __init__(self, app: App, plan_id: str) -> None:
        self._catalogue = app.catalogue
        self._plan_id = plan_id

    def append(self, draft: Edit, after: int) -> Edit | None:
        """See `view.edits.EditLog`."""
        return self._catalogue.append_edit_after(self._plan_id, draft, after)

    def since(self, after: int) -> Sequence[Edit]:
        """See `view.edits.EditLog`."""
        return self._catalogue.edit_log(self._plan_id, after)


@dataclass(frozen=True, slots=True)
class Showing:
    """How a mounted plan is shown: whether it follows its originals, what it leaves out then besides what the settings say, and
    whether other users may look into it, too."""

    is_on: bool = True
    excludes: tuple[str, ...] = ()
    allow_other: bool = False

    @property
    def arguments(self) -> list[str]:
        """The same for the command `serve`."""
        switches = (("--no-watch", not self.is_on), ("--allow-other", self.allow_other))
        return [*(name for name, is_set in switches if is_set), *(f"--exclude={one}" for one in self.excludes)]


AS_USUAL: Final = Showing()


def mount(app: App, info: PlanInfo, mount_point: bytes | None, showing: Showing = AS_USUAL) -> MountReport:
    """Mount a plan in a process of its own; returns when the mount answers. Raises `MountProblem`, `BackendMissing`."""
    where, cleaned = prepare_mount_point(app, info, mount_point)
    logs = app.settings.state_folder / "logs"
    try:
        logs.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        hint = "make room on its disk, or set IFMOSFS_HOME to another folder"
        raise MountProblem(f"no log can be kept ({error.strerror})", path=os.fsencode(logs), hint=hint) from error
    serving: list[str | bytes] = ["serve", "--plan", info.plan_id, "--mount-point", where]
    serving += [*showing.arguments, "--ready-fd"]
    pid = daemon.start([sys.executable, "-m", "ifmosfs", *serving], logs / f"mount-{info.plan_id}.log")
    return MountReport(info.plan_id, where, pid, cleaned)


def serve(
    app: App, plan_id: str, mount_point: bytes, on_ready: Callable[[], None], showing: Showing = AS_USUAL
) -> None:
    """Serve a plan at a mount point until it is unmounted. This process must never look into that mount."""
    from ifmosfs.app.learning import learning
    from ifmosfs.app.sharing import CommitBegun, sharing
    from ifmosfs.app.watching import following
    from ifmosfs.platform import fuse
    from ifmosfs.platform.patient import Patience, SlowRoots
    from ifmosfs.store.catalogue import CATALOGUE_NAME
    from ifmosfs.view.operations import View
    from ifmosfs.view.scratch import ScratchView

    gc.set_threshold(*COLLECTOR)
    sys.setswitchinterval(SWITCH_S)
    is_slow = SlowRoots()
    catalogue = app.settings.state_folder / CATALOGUE_NAME
    tree = lazy_tree(app, plan_id)
    app.disk.keep_straight(root.path for root in tree.plan.roots)
    view = View(
        tree,
        app.disk,
        PlanEditLog(app, plan_id),
        now_ns=host.now_ns,
        refile=lambda action, category: _folder_for(app, tree.plan.session_id, action, category),
        owner=host.owner(),
        replant=partial(_another_tree, app, plan_id),
        process_of=host.process_of,
        look=Patience(app.disk, is_slow).lstat,
        may_reach=_may_reach,
        is_slow=is_slow,
        categories_at=app.categories_at(tree.plan.policy),
        has_begun=CommitBegun(app.catalogue, catalogue, plan_id),
    )
    driver = fuse.Driver(app.settings.driver) if app.settings.driver else None
    with ExitStack() as stack:
        stack.enter_context(sharing(catalogue, view))
        stack.enter_context(learning(app, plan_id))
        excludes = (*app.catalogue.session_excludes(tree.plan.session_id), *showing.excludes)
        follow = stack.enter_context(following(app, tree.plan, view, excludes)) if showing.is_on else None

        def ready() -> None:
            on_ready()
            if follow is not None:
                follow()

        shown: ViewOperations = view
        if app.settings.scratch.is_on:
            shown = ScratchView(view, owner=host.owner(), now_ns=host.now_ns)
        fuse.serve(shown, mount_point, name=plan_id, on_ready=ready, driver=driver, allow_other=showing.allow_other)


def _another_tree(app: App, plan_id: str) -> PlanTree:
    """The tree with the edits that are in force now. A tree is a cycle, with an open file, and the collector does not come by itself
    for a very long time: what was left of the one before last goes now, so that there are never more than two."""
    gc.collect()
    return lazy_tree(app, plan_id)


def _may_reach(place: Place, caller: Caller) -> bool:
    from ifmosfs.platform.reach import may_read, person_of

    return may_read(place.absolute, person_of(caller.pid, caller.uid, caller.gid))


def prepare_mount_point(app: App, info: PlanInfo, mount_point: bytes | None) -> tuple[bytes, bool]:
    """The resolved mount point, and whether a dead view was cleaned away from it. Raises `MountProblem`, and `WrongState`
    for a plan that is over or whose commit has begun."""
    _refuse_begun(info)
    where, cleaned = check_mount_point(app, mount_point)
    plan = app.catalogue.load_plan_head(info.plan_id)
    _check_apart(app, [root.path for root in plan.roots], plan.target, where)
    return where, cleaned


def _refuse_begun(info: PlanInfo) -> None:
    refuse_over(info)
    if info.state is PlanState.COMMITTING:
        hint = f"go on: ifmosfs commit {info.plan_id}; or move back: ifmosfs rollback {info.plan_id}"
        raise WrongState(f"the commit of plan {info.plan_id} has begun and not finished", hint=hint)


def check_before_scan(app: App, folders: Sequence[bytes], target: bytes | None, mount_point: bytes | None) -> None:
    """Refuse a mount that cannot be before its folders are scanned for nothing. Raises `RootProblem`, `MountProblem`."""
    where, _ = check_mount_point(app, mount_point)
    wanted = target if target is not None else os.fsencode(app.settings.default_target)
    _check_apart(app, check_roots(folders), os.path.realpath(wanted), where)


def check_mount_point(app: App, mount_point: bytes | None) -> tuple[bytes, bool]:
    """The resolved mount point, and whether a dead view was cleaned away; the default one is made where it is missing.

    Raises: MountProblem.
    """
    wanted = mount_point
    if wanted is None:
        wanted = os.fsencode(app.settings.default_mount_point)
        _make_default(wanted)
    where = _resolved(wanted)
    cleaned = _clear_stale(where)
    _check_usable(where)
    return where, cleaned


def view_of(plan_id: str) -> Mount | None:
    """Where a plan is mounted, `None` if it is not."""
    return next((view for view in views() if plan_of(view) == plan_id), None)


def tell_view(plan_id: str) -> Mount | None:
    """Have the mounted views of a plan show its newest edits. Returns one that does not listen, if there is any: it takes the edits in
    soon by itself, unless it hangs."""
    deaf = [view for view in views() if plan_of(view) == plan_id and not _reloads(view)]
    return deaf[0] if deaf else None


def _reloads(view: Mount) -> bool:
    try:
        attribute(view, RELOAD, RELOAD_S)
    except OSError as error:
        return error.errno in DEAD  # it shows nothing then, old or new
    return True


def plan_of(view: Mount) -> str:
    """The id of the plan that a mounted view shows."""
    return view.source.partition(b":")[2].decode("ascii", "replace")


def live_views_of(plan_id: str) -> list[Mount]:
    """The mounted views of a plan whose processes are alive."""
    return [view for view in views() if plan_of(view) == plan_id and not is_stale(view)]


def view_at(path: bytes) -> Mount:
    """The view mounted at a path, dead or alive. Raises `NotFound`."""
    where = _resolved(path)
    for view in views():
        if view.point == where:
            return view
    raise NotFound("no view is mounted here", path=path, hint="ifmosfs status lists the mounts")


def own_views(app: App) -> tuple[Mount, ...]:
    """The mounted views of plans in this catalogue; other users, and other state folders, have views of their own."""
    own = {info.plan_id for info in app.catalogue.plans()}
    own |= {f"rollback-{plan_id}" for plan_id in own}
    own |= {f"version-{info.head.snapshot_id}" for info in app.catalogue.snapshots()}
    return tuple(view for view in views() if plan_of(view) in own)


def only_mount_point(app: App) -> bytes:
    """Where the one mounted view of this catalogue is. Raises `NotFound` for none, `Ambiguous` for several."""
    points = [view.point for view in own_views(app)]
    if not points:
        raise NotFound("no view is mounted", hint="ifmosfs status")
    if len(points) > 1:
        raise Ambiguous("several views are mounted", hint="name one of: " + ", ".join(map(display, points)))
    return points[0]


def unmount(
    app: App, mount_point: bytes, *, keep: bool, lazy: bool = False, before_discard: Callable[[str], object]
) -> PlanInfo | None:
    """Unmount a view; its plan is discarded unless it is to be kept, or another view shows it still. Returns the plan, `None` for the
    view of a version or of an undo, which has none. Raises `MountProblem`."""
    from ifmosfs.platform import fuse_unmount

    view = view_at(mount_point)
    plan_id = plan_of(view)
    is_past = view in own_views(app) and "-" in plan_id
    # First: a view of another state folder is not ours to take away.
    info = None if is_past else app.catalogue.find_plan(plan_id, None)
    try:
        fuse_unmount.unmount(view.point, lazy=lazy or is_stale(view))
    except MountProblem as problem:
        raise _with_holders(problem, view) from problem
    if info is None:
        return None
    if not keep and info.state in OPEN_STATES and not live_views_of(plan_id):
        before_discard(plan_id)
        discard(app, plan_id)
    return app.catalogue.find_plan(plan_id, None)


def _with_holders(problem: MountProblem, view: Mount) -> MountProblem:
    """The same problem, with the programs that use the mount, where there are any."""
    from ifmosfs.platform.holders import holders_of, waiting_in

    holders = holders_of(view.point)
    holders = [*waiting_in(view, holders), *holders]
    # Where the shell has something open of it, so has this process.
    holders = [one for one in holders if one.pid != os.getpid()] or holders
    if not holders:
        return problem
    more = f" and {len(holders) - MOST_HOLDERS} more" if len(holders) > MOST_HOLDERS else ""
    hint = f"close it there, or take the view away all the same: ifmosfs unmount --lazy {shell_word(view.point)}"
    shown = ", ".join(map(_holding, holders[:MOST_HOLDERS]))
    return MountProblem(f"the mounted folder is in use by {shown}{more}", path=view.point, hint=hint)


def _holding(holder: Holder) -> str:
    what = "that waits for a file to be opened" if holder.path is None else f"with {display(holder.path)}"
    return f"{holder.program} (pid {holder.pid}) {what}"


def unmount_views_of(plan_id: str) -> list[bytes]:
    """Take the plan's views away after it became real; one that is in use disappears when it is let go.

    Returns the mount points of those that could not be taken away, which is no reason to call the commit failed.
    """
    return [view.point for view in views() if plan_of(view) == plan_id and not _taken_away(view.point)]


def _taken_away(point: bytes) -> bool:
    from ifmosfs.platform import fuse_unmount

    for lazy in (False, True):
        try:
            fuse_unmount.unmount(point, lazy=lazy)
        except MountProblem:
            if all(view.point != point for view in views()):
                return True  # it went by itself meanwhile
        else:
            return True
    return False


def mount_at(path: bytes) -> Mount | None:
    """What is mounted exactly there, the topmost of several; `None` for an ordinary folder."""
    return next((mount for mount in reversed(mounts()) if mount.point == path), None)


def _resolved(path: bytes) -> bytes:
    """Absolute, with the parent's links resolved; the last name is not looked at, because a dead mount cannot be."""
    absolute = os.path.abspath(path)
    parent, name = os.path.split(absolute)
    resolved = os.path.join(os.path.realpath(parent), name)
    if mount_at(resolved) is None and os.path.islink(resolved):
        return os.path.realpath(resolved)
    return resolved


def _make_default(path: bytes) -> None:
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except FileExistsError:
        return  # a dead mount, or a file: told apart by the checks
    except OSError as error:
        raise MountProblem(f"the mount point cannot be made ({error.strerror})", path=path) from error


def clear_stale(app: App) -> list[bytes]:
    """Take away the views of this catalogue whose processes have died; returns where they were."""
    from ifmosfs.platform import fuse_unmount
    from ifmosfs.store.catalogue import CATALOGUE_NAME

    cleared: list[bytes] = []
    if not (app.settings.state_folder / CATALOGUE_NAME).exists():
        return cleared
    for view in own_views(app):
        if is_stale(view):
            with suppress(MountProblem):  # somebody else does the same
                fuse_unmount.unmount(view.point, lazy=True)
                cleared.append(view.point)
    return cleared


def _clear_stale(where: bytes) -> bool:
    from ifmosfs.platform import fuse_unmount

    standing = mount_at(where)
    if standing is None or standing not in views() or not is_stale(standing):
        return False
    fuse_unmount.unmount(where, lazy=True)
    return True


def _check_usable(where: bytes) -> None:
    if mount_at(where) is not None:
        is_view = any(view.point == where for view in views())
        what = "a view is mounted here already" if is_view else "another filesystem is mounted here"
        hint = f"ifmosfs unmount {shell_word(where)}" if is_view else "choose an empty folder"
        raise MountProblem(what, path=where, hint=hint)
    if not os.path.lexists(where):
        raise MountProblem("the mount point does not exist", path=where, hint=f"mkdir -p {shell_word(where)}")
    if not os.path.isdir(where):
        raise MountProblem("the mount point is not a folder", path=where, hint="choose an empty folder")
    if not os.access(where, os.R_OK | os.W_OK | os.X_OK):
        raise MountProblem("no permission to mount here", path=where, hint="choose an empty folder of your own")
    if os.listdir(where):
        raise MountProblem("the mount point is not empty", path=where, hint="choose an empty folder")


def require_apart(app: App, folders: Sequence[bytes], where: bytes) -> None:
    """Raise `MountProblem` for a mount point in one of the folders that it shows, or in the program's own."""
    for folder in folders:
        if is_within(where, folder):
            raise MountProblem("the mount point lies in a folder that it is to show", path=where, hint="choose another")
    if any(is_within(where, folder) for folder in app.own_state):
        raise MountProblem("the mount point lies in the program's own state folder", path=where, hint="choose another")


def _check_apart(app: App, roots: Sequence[bytes], target: bytes, where: bytes) -> None:
    for root in roots:
        if is_within(where, root):
            raise MountProblem(
                "the mount point lies inside a scanned folder", path=where, hint=f"mount outside {display(root)}"
            )
    if is_within(where, target):
        raise MountProblem(
            "the mount point lies inside the target folder", path=where, hint=f"mount outside {display(target)}"
        )
    if any(is_within(where, folder) for folder in app.own_state):
        raise MountProblem("the mount point lies in the program's own state folder", path=where, hint="choose another")


def _folder_for(app: App, session_id: str, action: Action, category: str) -> bytes | None:
    """The folder the layout has for a category, by the file's own date, else by its modification time."""
    own = app.catalogue.document_date(session_id, action.source_place)
    dated = own or host.local_date(action.expected.mtime_ns)
    return app.layout.folder(category, dated, split_extension(split(action.source)[1])[1])
