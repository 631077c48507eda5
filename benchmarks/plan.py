"""Planning: from classified files in memory to a plan, into the store and back, and the tree that view and commit read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

from benchmarks.measure import seconds_of
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace, file_time_ns
from ifmosfs.app.context import App
from ifmosfs.core.files import Fingerprint, Kind, Root, ScannedFile
from ifmosfs.core.overlay import read_listing
from ifmosfs.core.plan import Policy
from ifmosfs.core.planner import PlanHeader, folders_wanted, make_plan, place_files
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.tree import PlanTree
from ifmosfs.platform import host

ROOT = Root(b"/inbox", "uuid:benchmark")
PLAN_GOAL = "100,000 in < 3 s"

T = TypeVar("T")


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """Every step of the way, each the median of its rounds; one file in twenty wants a name that is taken."""
    taken: dict[str, list[float]] = {}
    with place.app() as app:
        session_id = app.catalogue.session_for([ROOT], None, host.now_ns())
        files = _classified(app, scale.n_files)
        for number in range(scale.n_rounds):
            for step, seconds in _round(app, session_id, f"plan{number:06d}", files).items():
                taken.setdefault(step, []).append(seconds)
    found = [Row(step, scale.n_files, median(seconds)) for step, seconds in taken.items()]
    planning = sum(row.value for row in found[:3])
    return [Row("planning, all three steps", scale.n_files, planning, goal=PLAN_GOAL), *found]


def _round(app: App, session_id: str, plan_id: str, files: Sequence[tuple[ScannedFile, Proposal]]) -> dict[str, float]:
    """The seconds of each step, in the order in which `create_plan` and `mount` take them."""
    policy = Policy()
    header = PlanHeader(plan_id, session_id, b"/organized", "uuid:benchmark", (ROOT,), host.now_ns(), policy)
    present = {b"": {b"Audio": Kind.FOLDER, b"note.txt": Kind.FILE}, b"Audio": {b"report.pdf": Kind.FILE}}
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], T]) -> T:
        answers: list[T] = []
        seconds[step] = seconds_of(lambda: answers.append(work()))
        return answers[0]

    candidates = timed("place_files", lambda: place_files(files, app.layout, policy, host.local_date))
    wanted = folders_wanted(candidates)
    listing = timed("read_listing", lambda: read_listing(wanted, policy.names, present.get))
    plan = timed("make_plan", lambda: make_plan(candidates, listing, header))
    timed("save_plan", lambda: app.catalogue.save_plan(plan))
    loaded = timed("load_plan", lambda: app.catalogue.load_plan(plan_id))
    assert loaded == plan
    timed("PlanTree", lambda: PlanTree(loaded))
    return seconds


def _classified(app: App, n_files: int) -> list[tuple[ScannedFile, Proposal]]:
    """Files with proposals, as the store gives them; labels in turn, dates over ten years."""
    labels = [label for label in app.taxonomy.names if label in app.layout.templates]
    return [(_file(number), Proposal(labels[number // 7 % len(labels)], 0.9, "dealt out")) for number in range(n_files)]


def _file(number: int) -> ScannedFile:
    time_ns = file_time_ns(number)
    name = b"report.pdf" if number % 20 == 0 else b"document %06d.pdf" % number
    path = b"group %03d/folder %05d/%s" % (number // 3000, number // 100, name)
    fingerprint = Fingerprint(number + 1000, number * 37 % 3900, time_ns, time_ns, time_ns)
    return ScannedFile(number + 1, ROOT.path, path, Kind.FILE, 0o100644, fingerprint)
