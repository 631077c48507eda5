"""Who gets a name: strategies, duplicates, units, in any order of coming; no disk, contents from a literal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.core.files import Fingerprint, Kind, Place, Root, ScannedFile
from ifmosfs.core.layout import parse_layout
from ifmosfs.core.names import NameRules, join
from ifmosfs.core.outcomes import Outcome, count_outcomes
from ifmosfs.core.overlay import Existing, TargetListing, read_listing
from ifmosfs.core.plan import Action, ActionKind, ConflictStrategy, DuplicateRule, KeepReason, Plan, Policy
from ifmosfs.core.planner import PlanHeader, folders_wanted, make_plan, place_files
from ifmosfs.core.proposal import Proposal
from tests.core.plans import proposed, scanned

LAYOUT = parse_layout({"folders": {"paper": "Docs", "photo": "Docs", "film": "Films"}}, None)
ROOTS = (Root(b"/in", "uuid:1"), Root(b"/in2", "uuid:1"))
S, D = ConflictStrategy, DuplicateRule
Pair = tuple[ScannedFile, Proposal]


def print_of(inode: int, size: int, time: int) -> Fingerprint:
    return Fingerprint(inode, size, time, time, inode)


def file(path: bytes, inode: int, size: int = 10, time: int = 100, label: str | None = "paper") -> Pair:
    return replace(scanned(path), fingerprint=print_of(inode, size, time)), proposed(label)


def planned(
    pairs: Sequence[Pair],
    docs: Mapping[bytes, Existing] | None = None,
    contents: Mapping[bytes, bytes] | None = None,
    *,
    changing: frozenset[int] = frozenset(),
    names: NameRules | None = None,
    **policy: object,
) -> Plan:
    """The plan for a target whose `Docs` holds `docs`; files are equal where `contents` names the same for both paths."""
    rules = Policy(names=names or NameRules(), **policy)  # type: ignore[arg-type]
    whole: TargetListing = {b"": {b"Docs": Kind.FOLDER}, b"Docs": docs or {}}
    candidates = place_files(pairs, LAYOUT, rules, lambda _ns: date(2024, 1, 1), ROOTS, changing)
    listing = read_listing(folders_wanted(candidates), rules.names, whole.get)
    header = PlanHeader("p", "s", b"/out", "uuid:1", ROOTS, 7, rules)

    def digest(place: Place) -> bytes | None:
        return (contents or {}).get(place.absolute, place.absolute)

    return make_plan(candidates, listing, header, digest)


def fates(plan: Plan) -> list[object]:
    """For each file where it moves, `(target, replaced inode)` where it replaces, `vault TARGET`, or why it stays."""
    return [_fate(action) for action in plan.actions]


def _fate(action: Action) -> object:
    if action.kind is ActionKind.VAULT:
        return b"vault " + (action.target or b"")
    if action.kind is ActionKind.KEEP:
        return action.keep_reason
    return action.target if action.replaces is None else (action.target, action.replaces.inode)


OLD = print_of(1, 50, 100)


@pytest.mark.parametrize(
    ("strategy", "size", "time", "fate"),
    [
        (S.RENAME, 10, 200, b"Docs/a (2)"),
        (S.SKIP, 10, 200, KeepReason.CONFLICT),
        (S.ASK, 10, 200, KeepReason.CONFLICT),
        (S.REPLACE, 10, 10, (b"Docs/a", 1)),
        (S.NEWEST, 10, 101, (b"Docs/a", 1)),
        (S.NEWEST, 99, 100, b"vault Docs/a"),
        (S.NEWEST, 99, 99, b"vault Docs/a"),
        (S.LARGEST, 51, 10, (b"Docs/a", 1)),
        (S.LARGEST, 50, 200, b"vault Docs/a"),
        (S.LARGEST, 49, 200, b"vault Docs/a"),
    ],
)
def test_a_file_of_the_target_is_met_by_the_strategy(
    strategy: ConflictStrategy, size: int, time: int, fate: object
) -> None:
    plan = planned([file(b"a", 2, size, time)], {b"a": OLD}, strategy=strategy)
    assert fates(plan) == [fate]


@pytest.mark.parametrize("strategy", [S.REPLACE, S.NEWEST, S.LARGEST])
@pytest.mark.parametrize("standing", [Kind.FOLDER, Kind.SYMLINK, Kind.OTHER, Kind.FILE])
def test_only_a_file_that_is_known_can_lose(strategy: ConflictStrategy, standing: Kind) -> None:
    assert fates(planned([file(b"a", 2, 99, 999)], {b"a": standing}, strategy=strategy)) == [KeepReason.CONFLICT]


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Kind.FOLDER, "the name is taken by a, a folder"),
        (OLD, "the name is taken by a (50 bytes, older than this one)"),
        (print_of(1, 1, 300), "the name is taken by a (1 byte, newer than this one)"),
        (print_of(1, 2000, 200), "the name is taken by a (2,000 bytes, from the same moment)"),
    ],
)
def test_a_conflict_says_what_is_there(standing: Existing, words: str) -> None:
    (action,) = planned([file(b"a", 2, 10, 200)], {b"a": standing}, strategy=S.ASK).actions
    assert (action.target, action.reason) == (b"Docs/a", words)


def test_a_category_has_its_own_strategy() -> None:
    pairs = [file(b"a", 2), file(b"b", 3, label="photo")]
    plan = planned(pairs, {b"a": OLD, b"b": OLD}, strategy=S.SKIP, by_category=(("photo", S.REPLACE),))
    assert fates(plan) == [KeepReason.CONFLICT, (b"Docs/b", 1)]


@pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)])
@pytest.mark.parametrize("strategy", [S.NEWEST, S.LARGEST])
def test_of_many_that_want_a_name_the_best_gets_it_in_any_order(
    strategy: ConflictStrategy, order: tuple[int, ...]
) -> None:
    pairs = [file(b"%d/a" % number, 10 + best, 100 + best, 100 + best) for number, best in enumerate(order)]
    plan = planned(pairs, {b"a": OLD}, strategy=strategy)
    assert fates(plan) == [(b"Docs/a", 1) if best == 3 else b"vault Docs/a" for best in order]
    assert count_outcomes(plan.actions) == {Outcome.REPLACING: 1, Outcome.VAULTED: 2}


def test_replace_lets_the_last_one_have_the_name() -> None:
    plan = planned([file(b"1/a", 2), file(b"2/a", 3), file(b"3/a", 4)], {b"a": OLD}, strategy=S.REPLACE)
    assert fates(plan) == [b"vault Docs/a", b"vault Docs/a", (b"Docs/a", 1)]


def test_the_winner_takes_the_name_as_it_is_spelled_there() -> None:
    plan = planned([file(b"REPORT", 2)], {b"Report": OLD}, strategy=S.REPLACE, names=NameRules(ignores_case=True))
    assert fates(plan) == [(b"Docs/Report", 1)]


@pytest.mark.parametrize("rule", list(D))
@pytest.mark.parametrize("strategy", list(S))
def test_nothing_ever_replaces_itself(strategy: ConflictStrategy, rule: DuplicateRule) -> None:
    plan = planned([file(b"a", 1, 50, 100)], {b"a": OLD}, strategy=strategy, duplicates=rule)
    assert fates(plan)[0] == KeepReason.DUPLICATE
    assert plan.actions[0].reason == "it is the same file as /out/Docs/a"


@pytest.mark.parametrize("strategy", [S.REPLACE, S.NEWEST, S.LARGEST])
def test_a_unit_stays_where_one_of_its_names_would_replace_itself(strategy: ConflictStrategy) -> None:
    plan = planned(
        [file(b"1/a", 1, 50, 100), file(b"2/b", 1, 50, 100)], {b"a": OLD, b"b": print_of(9, 1, 1)}, strategy=strategy
    )
    assert fates(plan) == [KeepReason.CONFLICT, KeepReason.CONFLICT]


# Duplicates


@pytest.mark.parametrize(
    ("rule", "fate"), [(D.STAY, KeepReason.DUPLICATE), (D.VAULT, b"vault Docs/a"), (D.CONFLICT, b"Docs/a (2)")]
)
def test_the_same_content_under_the_same_name_is_met_by_its_rule(rule: DuplicateRule, fate: object) -> None:
    plan = planned([file(b"a", 2, 50)], {b"a": OLD}, {b"/in/a": b"x", b"/out/Docs/a": b"x"}, duplicates=rule)
    assert fates(plan) == [fate]


def test_of_two_that_come_with_the_same_content_the_second_is_the_duplicate() -> None:
    contents = {b"/in/1/a": b"x", b"/in/2/a": b"y", b"/in/3/a": b"x", b"/in/4/a": b"y"}
    plan = planned([file(b"%d/a" % number, number) for number in (1, 2, 3, 4)], None, contents)
    assert fates(plan) == [b"Docs/a", b"Docs/a (2)", KeepReason.DUPLICATE, KeepReason.DUPLICATE]
    assert [action.reason for action in plan.kept()] == [
        "the same content is in /in/1/a",
        "the same content is in /in/2/a",
    ]


def test_what_came_under_a_number_before_is_found_there() -> None:
    docs = {b"a": print_of(1, 10, 1), b"a (2)": print_of(5, 10, 1)}
    contents = {b"/in/1/a": b"x", b"/out/Docs/a (2)": b"x"}
    plan = planned([file(b"1/a", 2), file(b"2/a", 3)], docs, contents)
    assert fates(plan) == [KeepReason.DUPLICATE, b"Docs/a (3)"]


def test_what_cannot_be_read_is_no_duplicate_and_other_sizes_are_not_read() -> None:
    asked: list[bytes] = []

    def digest(place: Place) -> None:
        asked.append(place.absolute)

    rules = Policy()
    pairs = [file(b"1/a", 2, 10), file(b"2/a", 3, 11), file(b"3/a", 4, 10)]
    candidates = place_files(pairs, LAYOUT, rules, lambda _ns: date(2024, 1, 1), ROOTS)
    plan = make_plan(candidates, {b"": {}}, PlanHeader("p", "s", b"/out", "u", ROOTS, 7, rules), digest)
    assert fates(plan) == [b"Docs/a", b"Docs/a (2)", b"Docs/a (3)"]
    assert asked == [b"/in/1/a"]  # the third needs no reading once the first cannot be read


def test_any_name_of_one_inode_is_compared_for_all_its_names() -> None:
    linked = [file(b"1/z", 2), file(b"2/a", 2)]
    later = file(b"3/a", 3, 10, 300)
    plan = planned([*linked, later], strategy=S.NEWEST)
    assert fates(plan) == [b"vault Docs/z", b"vault Docs/a", b"Docs/a"]


def test_another_version_is_noted_and_keeps_its_name() -> None:
    plan = planned([file(b"r (1).txt", 2), file(b"r.txt", 3), file(b"r_v2.txt", 4)])
    assert fates(plan) == [b"Docs/r (1).txt", b"Docs/r.txt", b"Docs/r_v2.txt"]
    assert [action.note for action in plan.actions] == ["another version of r.txt", None, "another version of r.txt"]
    assert count_outcomes(plan.actions) == {Outcome.VERSION: 2}


# Units

RAW = [file(b"i.cr2", 2, 10, 200, "photo"), file(b"i.xmp", 3, 10, 200, None)]


def test_the_others_follow_their_lead() -> None:
    plan = planned(RAW)
    assert fates(plan) == [b"Docs/i.cr2", b"Docs/i.xmp"]
    assert [(action.category, action.reason, action.unit) for action in plan.actions] == [
        ("photo", "because", 1),
        ("photo", "belongs with i.cr2", 1),
    ]


def test_a_unit_is_numbered_as_one() -> None:
    assert fates(planned(RAW, {b"i.xmp": OLD})) == [b"Docs/i (2).cr2", b"Docs/i (2).xmp"]


@pytest.mark.parametrize(
    ("docs", "strategy", "expected"),
    [
        ({b"i.xmp": OLD}, S.SKIP, [KeepReason.CONFLICT, KeepReason.CONFLICT]),
        ({b"i.cr2": OLD, b"i.xmp": OLD}, S.NEWEST, [(b"Docs/i.cr2", 1), (b"Docs/i.xmp", 1)]),
        ({b"i.cr2": OLD}, S.NEWEST, [(b"Docs/i.cr2", 1), b"Docs/i.xmp"]),
        ({b"i.cr2": OLD}, S.LARGEST, [b"vault Docs/i.cr2", b"vault Docs/i.xmp"]),
        ({b"i.xmp": OLD}, S.NEWEST, [KeepReason.CONFLICT, KeepReason.CONFLICT]),
        ({b"i.xmp": OLD}, S.REPLACE, [b"Docs/i.cr2", (b"Docs/i.xmp", 1)]),
        ({b"i.cr2": OLD, b"i.xmp": Kind.FOLDER}, S.REPLACE, [KeepReason.CONFLICT, KeepReason.CONFLICT]),
    ],
)
def test_a_unit_wins_loses_or_stays_as_one(
    docs: Mapping[bytes, Existing], strategy: ConflictStrategy, expected: list[object]
) -> None:
    assert fates(planned(RAW, docs, strategy=strategy)) == expected


def test_a_unit_that_loses_to_a_later_one_gives_all_its_names_back() -> None:
    later = [file(b"z/i.cr2", 4, 10, 300, "photo")]
    plan = planned([*RAW, *later], {b"i.cr2": OLD, b"i.xmp": OLD}, strategy=S.NEWEST)
    assert fates(plan) == [b"vault Docs/i.cr2", b"vault Docs/i.xmp", (b"Docs/i.cr2", 1)]


def test_what_keeps_one_of_a_unit_keeps_all() -> None:
    pairs = [RAW[0], (replace(RAW[1][0], readable=False), RAW[1][1])]
    plan = planned(pairs)
    assert fates(plan) == [KeepReason.UNREADABLE, KeepReason.UNREADABLE]
    assert plan.actions[0].reason == "belongs with i.xmp, which stays"
    assert fates(planned([file(b"i.cr2", 2, label=None), file(b"i.xmp", 3)])) == [KeepReason.UNSURE, KeepReason.UNSURE]
    changing = replace(RAW[1][0], file_id=9), RAW[1][1]
    assert fates(planned([RAW[0], changing], changing=frozenset({9}))) == [KeepReason.BUSY, KeepReason.BUSY]


def test_a_unit_is_a_duplicate_only_as_a_whole() -> None:
    docs = {b"i.cr2": print_of(8, 10, 1), b"i.xmp": print_of(9, 10, 1)}
    raw = {b"/in/i.cr2": b"r", b"/out/Docs/i.cr2": b"r"}
    sidecar = {b"/in/i.xmp": b"s", b"/out/Docs/i.xmp": b"s"}
    assert fates(planned(RAW, docs, raw | sidecar)) == [KeepReason.DUPLICATE, KeepReason.DUPLICATE]
    assert fates(planned(RAW, docs, raw)) == [b"Docs/i (2).cr2", b"Docs/i (2).xmp"]


def test_names_of_one_inode_follow_the_first_and_share_its_folder() -> None:
    plan = planned([file(b"1/a", 2), file(b"2/b", 2, label="film"), file(b"3/a", 2)])
    assert fates(plan) == [b"Docs/a", b"Docs/b", b"Docs/a (2)"]
    assert {action.unit for action in plan.actions} == {1}


PAGE = [file(b"p.html", 2), file(b"p_files/a.css", 3, label=None), file(b"p_files/d/b.js", 4, label=None)]


def test_a_saved_page_takes_its_folder_along() -> None:
    plan = planned(PAGE)
    assert (fates(plan), plan.folders) == (
        [b"Docs/p.html", b"Docs/p_files/a.css", b"Docs/p_files/d/b.js"],
        (b"Docs/p_files", b"Docs/p_files/d"),
    )


@pytest.mark.parametrize("taken", [{b"p.html": OLD}, {b"p_files": Kind.FOLDER}], ids=["page", "folder"])
def test_a_saved_page_is_numbered_with_its_folder_or_stays(taken: Mapping[bytes, Existing]) -> None:
    numbered = [b"Docs/p (2).html", b"Docs/p (2)_files/a.css", b"Docs/p (2)_files/d/b.js"]
    assert fates(planned(PAGE, taken)) == numbered
    assert fates(planned(PAGE, {b"p_files": Kind.FOLDER}, strategy=S.REPLACE)) == [KeepReason.CONFLICT] * 3


def test_stems_that_are_too_long_are_cut_alike() -> None:
    pairs = [file(b"x" * 50 + b".cr2", 2, label="photo"), file(b"x" * 50 + b".cr2.xmp", 3)]
    plan = planned(pairs, names=NameRules(name_max_bytes=40))
    assert fates(plan) == [b"Docs/" + b"x" * 32 + b".cr2", b"Docs/" + b"x" * 32 + b".cr2.xmp"]


def test_a_project_stays_as_a_unit() -> None:
    plan = planned([file(b"me/.git/x", 2), file(b"me/a", 3)])
    assert fates(plan) == [KeepReason.PROJECT, KeepReason.PROJECT]
    assert [(unit.number, unit.folder) for unit in plan.units] == [(1, b"me")]


# What holds for every plan

NAMES = st.sampled_from(
    [b"a.txt", b"A.txt", b"i.cr2", b"i.xmp", b"i.cr2.xmp", b"i (2).cr2", b"p.html", b"p_files/c", b"p_files"]
)
small = st.integers(1, 3)
rows = st.lists(
    st.tuples(st.sampled_from([b"", b"d", b"e"]), NAMES, small, small, st.sampled_from(["paper", "photo", None])),
    max_size=14,
    unique_by=lambda row: join(row[0], row[1]),
)
existing = st.sampled_from([Kind.FOLDER, Kind.SYMLINK, OLD, print_of(101, 2, 2)])
docs_held = st.dictionaries(
    st.sampled_from([b"a.txt", b"i.cr2", b"i.xmp", b"p.html", b"p_files"]), existing, max_size=4
)
rules_of = st.builds(NameRules, name_max_bytes=st.sampled_from([40, 255]), ignores_case=st.booleans())
links = st.sets(st.integers(0, 13), max_size=3)


@settings(max_examples=300, deadline=None)
@given(rows, links, docs_held, st.sampled_from(list(S)), st.sampled_from(list(D)), rules_of, st.integers(1, 3))
def test_no_plan_loses_doubles_or_splits_anything(
    rows: list[tuple[bytes, bytes, int, int, str | None]],
    links: set[int],
    docs: dict[bytes, Existing],
    strategy: ConflictStrategy,
    duplicates: DuplicateRule,
    names: NameRules,
    n_contents: int,
) -> None:
    folders = {join(where, b"p_files") for where, *_ in rows if (where, b"p_files") in {row[:2] for row in rows}}
    rows = [row for row in rows if not any(join(row[0], row[1]).startswith(folder + b"/") for folder in folders)]
    pairs = [
        file(join(where, name), 7 if number in links else 100 + number, 1 if number in links else size, time, label)
        for number, (where, name, size, time, label) in enumerate(sorted(rows, key=lambda row: join(row[0], row[1])))
    ]
    pairs = [
        (
            replace(each, fingerprint=replace(each.fingerprint, mtime_ns=1)) if each.fingerprint.inode == 7 else each,
            word,
        )
        for each, word in pairs
    ]
    contents = {b"/in/" + each.path: b"%d" % (each.fingerprint.inode % n_contents) for each, _ in pairs}
    plan = planned(pairs, docs, contents, strategy=strategy, duplicates=duplicates, names=names)

    assert [action.source for action in plan.actions] == [each.path for each, _ in pairs]
    assert [action.action_id for action in plan.actions] == list(range(1, len(pairs) + 1))

    held = {names.key(name): name for name in docs}
    taken = Counter(names.key(action.target or b"") for action in plan.moves())
    made = Counter(names.key(folder) for folder in plan.folders)
    assert max([*(taken + made).values(), 0]) <= 1, "a name is given twice"
    replaced = []
    for action in plan.moves():
        folder, _, name = (action.target or b"").rpartition(b"/")
        there = docs.get(held.get(names.key(name), b"")) if folder == b"Docs" else None
        assert action.replaces == there, "what stands at the target is what the plan says it replaces"
        assert action.replaces is None or isinstance(there, Fingerprint)
        replaced.append(action.replaces)
    for action in plan.actions:
        assert (action.kind is ActionKind.KEEP) == (action.keep_reason is not None)
        assert action.replaces is None or action.kind is ActionKind.MOVE
        if action.kind is ActionKind.VAULT:
            assert strategy in {S.REPLACE, S.NEWEST, S.LARGEST} or duplicates is D.VAULT

    fates_of_units: dict[int, set[ActionKind]] = {}
    for action in plan.actions:
        if action.unit:
            fates_of_units.setdefault(action.unit, set()).add(action.kind)
    assert all(len(kinds) == 1 for kinds in fates_of_units.values()), "a unit is split"
    assert set(fates_of_units) == {unit.number for unit in plan.units}
    assert planned(pairs, docs, contents, strategy=strategy, duplicates=duplicates, names=names) == plan


@settings(deadline=None)
@given(st.lists(st.tuples(small, small), min_size=1, max_size=6), st.booleans(), st.sampled_from([S.NEWEST, S.LARGEST]))
def test_of_all_that_want_one_name_the_best_wins_and_all_others_are_in_the_vault(
    values: list[tuple[int, int]], is_there: bool, strategy: ConflictStrategy
) -> None:
    there = print_of(1, 2, 2)
    pairs = [file(b"%02d/a" % number, 10 + number, size, time) for number, (size, time) in enumerate(values)]
    plan = planned(pairs, {b"a": there} if is_there else None, strategy=strategy, duplicates=D.CONFLICT)
    rank = (lambda print_: print_.mtime_ns) if strategy is S.NEWEST else (lambda print_: print_.size_bytes)
    contenders = ([there] if is_there else []) + [each.fingerprint for each, _ in pairs]
    best = max(contenders, key=rank)  # the first of equals, which has the name
    assert [action.expected for action in plan.moves()] == ([] if best is there else [best])
    assert sum(action.kind is ActionKind.VAULT for action in plan.actions) == len(pairs) - (best is not there)
