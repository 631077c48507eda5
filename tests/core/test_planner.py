"""Planning: where each file wants to go, what it is called there, and why a file stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.files import Kind, Place, Root, ScannedFile
from ifmosfs.core.layout import Layout, parse_layout
from ifmosfs.core.names import NameRules, ancestors, components, repair, split
from ifmosfs.core.overlay import TargetListing, read_listing
from ifmosfs.core.plan import ActionKind, ConflictStrategy, KeepReason, Plan, Policy
from ifmosfs.core.planner import PlanHeader, folders_wanted, make_plan, place_files
from ifmosfs.core.projects import find_projects
from ifmosfs.core.proposal import Proposal
from ifmosfs.core.tree import PlanTree
from tests.core.plans import proposed, scanned

NO_CASE = NameRules(ignores_case=True, ignores_form=True)
LAYOUT = parse_layout(
    {
        "folders": {
            "paper": "Docs",
            "dated": "Docs/{year}/{month}",
            "kind": "Kinds/{extension}",
            "colon": "A: B",
            "left": "",
            "top": "{extension}",
        }
    },
    None,
)
NFC, NFD = "café.txt".encode(), "cafe\u0301.txt".encode()

Named = tuple[bytes, str]


def local_date(mtime_ns: int) -> date:
    return datetime.fromtimestamp(mtime_ns / 1e9, UTC).date()


def policy_of(names: NameRules | None = None, strategy: ConflictStrategy = ConflictStrategy.RENAME) -> Policy:
    return Policy(strategy=strategy, names=names or NameRules())


def planned(
    files: Sequence[tuple[ScannedFile, Proposal]],
    listing: TargetListing | None = None,
    policy: Policy | None = None,
    layout: Layout = LAYOUT,
) -> Plan:
    """The plan for the files; `listing` is the whole target, of which the planner is given what it asks for."""
    policy, whole = policy or policy_of(), {b"": {}} if listing is None else listing
    candidates = place_files(files, layout, policy, local_date)
    seen = read_listing(folders_wanted(candidates), policy.names, whole.get)
    header = PlanHeader("p", "s", b"/out", "uuid:1", (Root(b"/in", "uuid:1"), Root(b"/in2", "uuid:1")), 7, policy)
    return make_plan(candidates, seen, header)


def papers(*paths: bytes) -> list[tuple[ScannedFile, Proposal]]:
    return [(scanned(path, number), proposed("paper")) for number, path in enumerate(paths, 1)]


def targets(plan: Plan) -> list[bytes | KeepReason | None]:
    return [action.target if action.kind is ActionKind.MOVE else action.keep_reason for action in plan.actions]


def notes(plan: Plan) -> list[str | None]:
    return [action.note for action in plan.actions]


def test_a_file_goes_to_the_folder_of_its_category_under_its_own_name() -> None:
    plan = planned([(scanned(b"deep/odd\xff\nname.pdf", 3), proposed("paper"))])
    (action,) = plan.actions
    assert (action.action_id, action.kind, action.target) == (1, ActionKind.MOVE, b"Docs/odd\xff\nname.pdf")
    assert (action.root, action.source, action.expected) == (
        b"/in",
        b"deep/odd\xff\nname.pdf",
        scanned(b"", 3).fingerprint,
    )
    assert (action.category, action.score, action.reason, action.note) == ("paper", 0.9, "because", None)
    assert plan.folders == (b"Docs",)


def test_the_year_is_the_documents_own_or_else_that_of_its_time() -> None:
    own = replace(proposed("dated"), document_date=date(1999, 5, 1))
    file = scanned(b"a", 1)
    late = replace(file, path=b"b", fingerprint=replace(file.fingerprint, mtime_ns=1_700_000_000 * 10**9))
    plan = planned([(file, own), (late, proposed("dated"))])
    assert targets(plan) == [b"Docs/1999/05/a", b"Docs/2023/11/b"]
    assert plan.folders == (b"Docs", b"Docs/1999", b"Docs/1999/05", b"Docs/2023", b"Docs/2023/11")


@pytest.mark.parametrize(
    ("file", "proposal", "reason", "words"),
    [
        (scanned(b"a"), proposed(None), KeepReason.UNSURE, "because"),
        (scanned(b"a"), proposed("paper", 0.59), KeepReason.UNSURE, "because; paper at 0.59 is below 0.60"),
        (scanned(b"a"), proposed("left"), KeepReason.EXCLUDED, "the layout leaves left where it is"),
        (
            scanned(b"a", kind=Kind.SYMLINK),
            proposed("paper"),
            KeepReason.LINK,
            "a symbolic link means something only where it is",
        ),
        (scanned(b"a", readable=False), proposed("paper"), KeepReason.UNREADABLE, "no permission to read it"),
        (scanned(b"a"), Proposal(None, 0, "", unreadable="I/O error"), KeepReason.UNREADABLE, "I/O error"),
        (scanned(b"me/.git/config"), proposed("paper"), KeepReason.PROJECT, "part of the project me"),
        (scanned(b".git/config"), proposed("paper"), KeepReason.PROJECT, "part of the project (the whole folder)"),
    ],
    ids=["no label", "unsure", "no folder", "symlink", "unreadable guess", "unreadable", "project", "root project"],
)
def test_a_file_stays_for_a_reason(file: ScannedFile, proposal: Proposal, reason: KeepReason, words: str) -> None:
    plan = planned([(file, proposal)])
    (action,) = plan.actions
    assert (action.kind, action.keep_reason, action.reason) == (ActionKind.KEEP, reason, words)
    assert (action.target, plan.folders) == (None, ())


def test_a_category_may_have_a_threshold_of_its_own() -> None:
    policy = Policy(threshold=0.6, thresholds=(("paper", 0.9),))
    files = [(scanned(b"a", 1), proposed("paper", 0.89)), (scanned(b"b", 2), proposed("paper", 0.9))]
    plan = planned([*files, (scanned(b"c", 3), proposed("dated", 0.6))], policy=policy)
    assert [(action.source, action.keep_reason, action.reason) for action in plan.actions if action.keep_reason] == [
        (b"a", KeepReason.UNSURE, "because; paper at 0.89 is below 0.90")
    ]


def test_at_the_threshold_a_file_moves() -> None:
    assert targets(planned([(scanned(b"a"), proposed("paper", 0.6))])) == [b"Docs/a"]


# Names that are taken


def test_the_same_name_from_two_inboxes_is_numbered() -> None:
    files = [
        (scanned(b"report.pdf", 1), proposed("paper")),
        (scanned(b"report.pdf", 2, root=b"/in2"), proposed("paper")),
        (scanned(b"x/report.pdf", 3, root=b"/in2"), proposed("paper")),
    ]
    plan = planned(files)
    assert targets(plan) == [b"Docs/report.pdf", b"Docs/report (2).pdf", b"Docs/report (3).pdf"]
    assert notes(plan) == [None, "report.pdf is there already", "report.pdf is there already"]


def test_a_name_that_exists_in_the_target_is_numbered_past_the_numbers_that_exist() -> None:
    listing = {b"": {b"Docs": Kind.FOLDER}, b"Docs": {b"a.pdf": Kind.FILE, b"a (2).pdf": Kind.FOLDER}}
    plan = planned(papers(b"a.pdf", b"a (3).pdf", b"x/a.pdf"), listing)
    assert targets(plan) == [b"Docs/a (3).pdf", b"Docs/a (3) (2).pdf", b"Docs/a (4).pdf"]
    assert plan.folders == ()


@pytest.mark.parametrize("strategy", [ConflictStrategy.SKIP, ConflictStrategy.ASK])
def test_where_names_are_not_numbered_the_later_file_stays_as_a_conflict(strategy: ConflictStrategy) -> None:
    listing = {b"": {b"Docs": Kind.FOLDER}, b"Docs": {b"a.pdf": Kind.FILE}}
    plan = planned(papers(b"a.pdf", b"b.pdf", b"x/b.pdf"), listing, policy_of(strategy=strategy))
    assert targets(plan) == [KeepReason.CONFLICT, b"Docs/b.pdf", KeepReason.CONFLICT]
    assert [action.target for action in plan.kept()] == [b"Docs/a.pdf", b"Docs/b.pdf"]
    assert [action.reason for action in plan.kept()] == [
        "the name is taken by a.pdf",
        "the name is taken by /in/b.pdf (20 bytes, older than this one)",
    ]


def test_twins_are_numbered_where_the_target_holds_them_for_equal() -> None:
    plan = planned(papers(b"A.txt", b"x/a.txt", NFC, NFD), policy=policy_of(NO_CASE))
    assert targets(plan) == [b"Docs/A.txt", b"Docs/a (2).txt", b"Docs/" + NFC, "Docs/cafe\u0301 (2).txt".encode()]
    assert notes(plan) == [None, "A.txt is there already", None, "café.txt is there already"]


def test_twins_are_noted_where_the_target_tells_them_apart() -> None:
    plan = planned(papers(b"A.txt", b"x/a.txt", NFC, NFD))
    assert targets(plan) == [b"Docs/A.txt", b"Docs/a.txt", b"Docs/" + NFC, b"Docs/" + NFD]
    assert notes(plan) == [
        None,
        "differs from A.txt only in case or Unicode form",
        None,
        "differs from café.txt only in case or Unicode form",
    ]


@pytest.mark.parametrize(
    ("file", "twin", "numbered"),
    [(b"A.txt", b"a.txt", b"Docs/A (2).txt"), (NFC, NFD, "Docs/café (2).txt".encode())],
    ids=["case", "form"],
)
def test_a_twin_that_exists_in_an_insensitive_target_counts_as_taken(file: bytes, twin: bytes, numbered: bytes) -> None:
    listing = {b"": {b"Docs": Kind.FOLDER}, b"Docs": {twin: Kind.FILE}}
    assert targets(planned(papers(file), listing, policy_of(NO_CASE))) == [numbered]


def test_an_over_long_name_gives_way_to_its_number() -> None:
    long = b"x" * 251 + b".pdf"
    plan = planned(papers(long, b"deep/" + long))
    assert targets(plan) == [b"Docs/" + long, b"Docs/" + b"x" * 247 + b" (2).pdf"]


def test_names_are_repaired_for_the_target_and_say_so() -> None:
    names = NameRules(name_max_bytes=20, ignores_case=True, dos=True)
    plan = planned(papers(b"what?.txt", b"what_.TXT", b"nul", b"x" * 30), policy=policy_of(names))
    assert targets(plan) == [b"Docs/what_.txt", b"Docs/what_ (2).TXT", b"Docs/_nul", b"Docs/" + b"x" * 20]
    assert notes(plan) == [
        "characters that the target's filesystem refuses",
        "what_.txt is there already",
        "characters that the target's filesystem refuses",
        "longer than 20 bytes",
    ]


# Folders


@pytest.mark.parametrize("kind", [Kind.FILE, Kind.SYMLINK, Kind.OTHER])
def test_what_stands_where_a_folder_is_needed_makes_a_conflict(kind: Kind) -> None:
    plan = planned(papers(b"a"), {b"": {b"Docs": kind}})
    assert targets(plan) == [KeepReason.CONFLICT]
    assert (plan.actions[0].target, plan.actions[0].reason, plan.folders) == (
        b"Docs/a",
        "something that is no folder stands on the way",
        (),
    )


def test_a_planned_file_never_takes_the_name_of_a_folder_that_is_needed() -> None:
    dated = replace(proposed("dated"), document_date=date(2024, 1, 1))
    plan = planned([*papers(b"2024"), (scanned(b"a", 2), dated)])
    assert targets(plan) == [b"Docs/2024 (2)", b"Docs/2024/01/a"]


def test_an_existing_folder_is_used_under_its_own_spelling() -> None:
    listing = {b"": {b"dOCS": Kind.FOLDER}, b"dOCS": {b"A": Kind.FILE}}
    plan = planned(papers(b"a"), listing, policy_of(NO_CASE))
    assert (targets(plan), plan.folders) == ([b"dOCS/a (2)"], ())


def test_on_a_sensitive_target_another_spelling_is_another_folder() -> None:
    plan = planned(papers(b"a"), {b"": {b"dOCS": Kind.FOLDER}, b"dOCS": {b"a": Kind.FILE}})
    assert (targets(plan), plan.folders) == ([b"Docs/a"], (b"Docs",))


def test_a_folder_whose_name_had_to_be_repaired_is_looked_into_too() -> None:
    listing = {b"": {b"A_ B": Kind.FOLDER}, b"A_ B": {b"a": Kind.FILE}}
    plan = planned([(scanned(b"a"), proposed("colon"))], listing, policy_of(NameRules(dos=True)))
    assert (targets(plan), plan.folders) == ([b"A_ B/a (2)"], ())


def test_only_folders_that_get_a_file_are_made() -> None:
    listing: dict[bytes, Mapping[bytes, Kind]] = {b"": {b"Kinds": Kind.FOLDER}, b"Kinds": {b"txt": Kind.FILE}}
    files = [(scanned(b"a.txt", 1), proposed("kind")), (scanned(b"b.pdf", 2), proposed("kind"))]
    plan = planned(files, listing)
    assert (targets(plan), plan.folders) == ([KeepReason.CONFLICT, b"Kinds/pdf/b.pdf"], (b"Kinds/pdf",))


# The review folder


@pytest.mark.parametrize(
    ("top", "names", "review_name"),
    [
        ({}, NameRules(), b"To review"),
        ({b"To review": Kind.FILE}, NameRules(), b"To review (2)"),
        ({b"To review": Kind.FOLDER, b"To review (2)": Kind.FOLDER}, NameRules(), b"To review (3)"),
        ({b"to REVIEW": Kind.FOLDER}, NameRules(), b"To review"),
        ({b"to REVIEW": Kind.FOLDER}, NO_CASE, b"To review (2)"),
    ],
    ids=["free", "a file", "two folders", "another case", "the same in another case"],
)
def test_the_review_folder_hides_nothing_of_the_target(
    top: Mapping[bytes, Kind], names: NameRules, review_name: bytes
) -> None:
    assert planned(papers(b"a"), {b"": top}, policy_of(names)).policy.review_name == review_name


def test_the_review_folder_hides_no_planned_folder() -> None:
    plan = planned([(scanned(b"a.To Review"), proposed("top"))], policy=policy_of(NO_CASE))
    assert (targets(plan), plan.policy.review_name) == ([b"to review/a.To Review"], b"To review (2)")


# Projects


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([b"me/.git/config", b"me/a.c"], {b"me"}),
        ([b".git/config", b"a.c"], {b""}),
        ([b"tree/.git", b"tree/a.c"], {b"tree"}),
        ([b"p/.hg/x", b"q/.svn/x", b"r/.bzr/x"], {b"p", b"q", b"r"}),
        ([b"down/Makefile", b"down/photo.jpg"], set()),
        ([b"web/package.json", b"web/photo.jpg"], {b"web"}),
        ([b"py/pyproject.toml", b"py/data.csv"], {b"py"}),
        ([b"package.json", b"photo.jpg"], set()),
        ([b"js/package.json", b"js/src/a.js"], {b"js"}),
        ([b"js/package.json", b"js/index.js"], {b"js"}),
        ([b"py/pyproject.toml", b"py/tool/main.py"], {b"py"}),
        ([b"package.json", b"stray.js"], set()),
        ([b"py/pyproject.toml", b"py/uv.lock"], {b"py"}),
        ([b"docs/a.pdf", b"tests/b.pdf"], set()),
        ([b"a.git/config", b"my.github/x"], set()),
    ],
    ids=[
        "checkout",
        "the root is one",
        "a work tree's file",
        "other systems",
        "a stray file",
        "a project's own file",
        "another project's own file",
        "a stray file at the root",
        "a project's file with its sources",
        "a project's file with code beside it",
        "a project's file with code in a folder beside it",
        "a stray file and a script at the root",
        "a project's file with its lock",
        "companions alone",
        "names that only look so",
    ],
)
def test_projects_are_checkouts_and_marked_folders_with_company(paths: list[bytes], found: set[bytes]) -> None:
    files = [scanned(path, number) for number, path in enumerate(paths)]
    assert find_projects(files) == {(b"/in", folder) for folder in found}


@pytest.mark.parametrize(
    ("unseen", "found"),
    [(b"me/.git", {b"me"}), (b".git", {b""}), (b"me/deep/.hg", {b"me/deep"}), (b"me/cache", set())],
    ids=["checkout", "the root is one", "deep", "anything else"],
)
def test_what_the_scan_left_out_or_could_not_read_still_makes_a_checkout(unseen: bytes, found: set[bytes]) -> None:
    files = [scanned(b"me/a.c", 1), scanned(b"me/deep/b.c", 2)]
    assert find_projects(files, [Place(b"/in", unseen)]) == {(b"/in", folder) for folder in found}


def test_all_of_a_project_stays_and_the_same_path_in_another_root_goes() -> None:
    files = [
        (scanned(b"me/.git/config", 1), proposed("paper")),
        (scanned(b"me/deep/a.c", 2), proposed("paper")),
        (scanned(b"me/deep/a.c", 3, root=b"/in2"), proposed("paper")),
        (scanned(b"meadow.c", 4), proposed("paper")),
    ]
    assert targets(planned(files)) == [KeepReason.PROJECT, KeepReason.PROJECT, b"Docs/a.c", b"Docs/meadow.c"]


# What holds for every plan

file_names = st.sampled_from(
    [
        b"a.txt",
        b"A.TXT",
        b"a (2).txt",
        NFC,
        NFD,
        b"b\xff\n",
        b"?",
        b"_",
        b"x" * 255,
        b"X" * 255,
        b"2024",
        b"txt",
        b"nul. ",
    ]
)
labels = st.sampled_from(["paper", "dated", "kind", "colon", "top", "left", None])
inputs = st.lists(st.tuples(file_names, labels, st.sampled_from([0.3, 0.9]), st.booleans()), max_size=12)
kinds = st.sampled_from(list(Kind))
listings = st.builds(
    lambda top, docs: {b"": top, b"Docs": docs, b"docs": docs},
    st.dictionaries(
        st.sampled_from([b"Docs", b"docs", b"Kinds", b"A_ B", b"To review"]) | file_names, kinds, max_size=4
    ),
    st.dictionaries(file_names | st.sampled_from([b"2023", b"1970"]), kinds, max_size=4),
)
all_rules = st.builds(
    NameRules,
    name_max_bytes=st.sampled_from([40, 255]),
    ignores_case=st.booleans(),
    ignores_form=st.booleans(),
    dos=st.booleans(),
)
policies = st.builds(policy_of, all_rules, st.sampled_from(ConflictStrategy))


def files_of(rows: list[tuple[bytes, str | None, float, bool]]) -> list[tuple[ScannedFile, Proposal]]:
    return [
        (scanned(b"%d/%b" % (number, name), number, kind=Kind.SYMLINK if link else Kind.FILE), proposed(label, score))
        for number, (name, label, score, link) in enumerate(rows, 1)
    ]


def without_equal_names(listing: Mapping[bytes, Mapping[bytes, Kind]], rules: NameRules) -> TargetListing:
    """What a disk with these rules can hold: the first of equal names, and a listing for each folder that is there."""
    seen = {
        path: dict({rules.key(name): (name, kind) for name, kind in names.items()}.values())
        for path, names in listing.items()
    }
    return {path: names for path, names in seen.items() if not path or seen[b""].get(path) is Kind.FOLDER}


@settings(max_examples=200, deadline=None)
@given(inputs, listings, policies)
def test_every_plan_is_one_that_a_disk_can_hold(
    rows: list[tuple[bytes, str | None, float, bool]], whole: dict[bytes, dict[bytes, Kind]], policy: Policy
) -> None:
    rules, files = policy.names, files_of(rows)
    listing = without_equal_names(whole, rules)
    plan = planned(files, listing, policy)

    assert [action.source for action in plan.actions] == [file.path for file, _ in files]
    assert [action.action_id for action in plan.actions] == list(range(1, len(files) + 1))
    vaulted = [action for action in plan.actions if action.kind is ActionKind.VAULT]
    assert len(list(plan.moves())) + len(list(plan.kept())) + len(vaulted) == len(files)

    def key(path: bytes) -> tuple[bytes, ...]:
        return tuple(rules.key(name) for name in components(path))

    moved = [key(action.target or b"") for action in plan.moves()]
    made = [key(folder) for folder in plan.folders]
    there = {
        key(b"/".join(part for part in (folder, name) if part)): kind
        for folder, names in listing.items()
        for name, kind in names.items()
    }
    everything = [*moved, *made, *there]
    assert len(set(everything)) == len(everything)

    for action in plan.moves():
        assert action.target is not None
        for name in components(action.target):
            assert repair(name, rules).reason is None
        for folder in ancestors(action.target):
            assert there.get(key(folder)) is Kind.FOLDER or folder in plan.folders
    for index, folder in enumerate(plan.folders):
        above = split(folder)[0]
        assert not above or above in plan.folders[:index] or there.get(key(above)) is Kind.FOLDER
    assert planned(files, listing, policy) == plan
    tree = PlanTree(plan)
    tree.check_invariants()
    assert [(move.action, move.target) for move in tree.moves()] == [(each, each.target) for each in plan.moves()]
    assert [action for action, _ in tree.kept()] == list(plan.kept())
    assert list(tree.vaulted()) == vaulted


@settings(deadline=None)
@given(inputs, st.randoms(use_true_random=False), all_rules)
def test_the_folders_of_a_plan_do_not_depend_on_the_order_of_the_files(
    rows: list[tuple[bytes, str | None, float, bool]], random: object, rules: NameRules
) -> None:
    files = files_of(rows)
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert planned(shuffled, policy=policy_of(rules)).folders == planned(files, policy=policy_of(rules)).folders
