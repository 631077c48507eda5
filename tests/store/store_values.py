"""Values to store: hypothesis strategies for the hard ones, plain makers for the rest."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from ifmosfs.core.files import Fingerprint, Kind, Place, Root
from ifmosfs.core.journal import FolderMeta, Operation, OpKind, OpState, Outcome
from ifmosfs.core.manifest import FoundFile
from ifmosfs.core.names import NameRules
from ifmosfs.core.plan import (
    Action,
    ActionKind,
    ConflictStrategy,
    DuplicateRule,
    KeepReason,
    Origin,
    Plan,
    Policy,
    Unit,
    UnitKind,
)
from ifmosfs.core.proposal import Decider, Opinion, Proposal

ROOT = Root(b"/home/u/in\xff\nbox", "uuid:4c1d")
OTHER_ROOT = Root(b"/mnt/stick", "fsid:77")
YEAR_2400_NS = 13_569_465_600_000_000_000  # more than 63 bits

HARD_NAMES = [b"\xff\xfe", b"two\nlines", b"x" * 255, "caf\u00e9".encode(), b"'; --", b" ", b"-rf", b"%00?*[a]"]
names = st.sampled_from(HARD_NAMES) | st.binary(min_size=1, max_size=255).map(
    lambda name: name.replace(b"/", b"_").replace(b"\0", b"_")
)
paths = st.lists(names, min_size=1, max_size=4).map(b"/".join)
times_ns = st.integers(-(2**31) * 10**9, 2**63) | st.just(YEAR_2400_NS)
fingerprints = st.builds(
    Fingerprint, st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1), times_ns, times_ns, st.none() | times_ns
)
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
scores = st.floats(0, 1)
modes = st.integers(0, 0o177777)

found_files = st.builds(
    FoundFile, paths, st.sampled_from([Kind.FILE, Kind.SYMLINK]), modes, fingerprints, st.booleans()
)
manifests = st.lists(found_files, unique_by=lambda file: file.path, max_size=8)
opinions = st.builds(Opinion, st.none() | words, scores)
proposals = st.builds(
    Proposal,
    st.none() | words,
    scores,
    words,
    st.none() | words,
    scores,
    st.none() | st.dates(date(1900, 1, 1)),
    st.none() | words,
    st.none() | opinions,
    st.none() | opinions,
    st.none() | st.sampled_from(Decider),
    st.none() | st.integers(1, 2**62),
    st.none() | st.binary(min_size=20, max_size=20),
)
actions = st.builds(
    Action,
    action_id=st.just(0),
    kind=st.sampled_from(ActionKind),
    root=st.sampled_from([ROOT.path, OTHER_ROOT.path]),
    source=paths,
    target=st.none() | paths,
    expected=fingerprints,
    mode=modes,
    entry_kind=st.sampled_from(Kind),
    category=st.none() | words,
    score=scores,
    reason=words,
    origin=st.sampled_from(Origin),
    keep_reason=st.none() | st.sampled_from(KeepReason),
    note=st.none() | words,
    replaces=st.none() | fingerprints,
    unit=st.integers(0, 3),
    planned_at=st.none() | st.builds(Place, st.sampled_from([ROOT.path, OTHER_ROOT.path]), paths),
)
units = st.builds(
    Unit, st.just(0), st.sampled_from(UnitKind), st.sampled_from([ROOT.path, b"/elsewhere"]), st.none() | paths
)
policies = st.builds(
    Policy,
    st.sampled_from(ConflictStrategy),
    st.lists(st.tuples(words, st.sampled_from(ConflictStrategy)), max_size=3).map(tuple),
    st.sampled_from(DuplicateRule),
    scores,
    st.lists(st.tuples(words, scores), max_size=3).map(tuple),
    modes,
    names,
    st.builds(NameRules, st.integers(1, 255), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
places = st.builds(Place, paths.map(lambda path: b"/" + path), paths | st.just(b""))
folder_metas = st.builds(
    FolderMeta,
    modes,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    times_ns,
    times_ns,
    st.lists(st.tuples(names.map(lambda name: name.decode("utf-8", "surrogateescape")), st.binary(max_size=20))).map(
        tuple
    ),
)
operations = st.builds(
    Operation,
    st.just(0),
    st.sampled_from(OpKind),
    st.none() | places,
    st.none() | places,
    st.none() | fingerprints,
    st.integers(0, 2**40),
    st.none() | folder_metas,
    st.none() | st.tuples(words, st.integers(1, 2**40)),
    st.integers(0, 2**31),
)
outcomes = st.builds(
    Outcome,
    st.just(0),
    st.sampled_from(OpState),
    st.none() | fingerprints,
    st.none() | st.binary(min_size=32, max_size=32),
    st.none() | words,
)


def fingerprint(number: int, mtime_ns: int = 1_700_000_000_123_456_789) -> Fingerprint:
    """A fingerprint of a file of 100 bytes."""
    return Fingerprint(number, 100, mtime_ns, mtime_ns + 1, 1_600_000_000_000_000_000)


def found(path: bytes, number: int = 1, **changes: object) -> FoundFile:
    """A regular, readable file."""
    return FoundFile(path, Kind.FILE, 0o100644, fingerprint(number))._replace(**changes)


def plan_of(session_id: str, plan_id: str, *moves: tuple[bytes, bytes], created_ns: int = 1) -> Plan:
    """A plan that moves sources below ROOT to targets."""
    actions_ = tuple(
        Action(
            number, ActionKind.MOVE, ROOT.path, source, target, fingerprint(number), 0o100644, Kind.FILE, "c", 0.9, "r"
        )
        for number, (source, target) in enumerate(moves, 1)
    )
    return Plan(plan_id, session_id, b"/t", "uuid:4c1d", (ROOT,), created_ns, Policy(), (b"a",), actions_)
