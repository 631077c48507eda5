r"""Journal values as JSON and back: the lines of the sidecar, and the folder attributes in the database.

A line is ``crc32 of the JSON as 8 hex digits, a space, the JSON, a newline``. The JSON is pure ASCII: a name that is not UTF-8
keeps its bytes as lone surrogates (``"\udcff"``), so any JSON reader gets it whole. Absent means `None`.
"""

from __future__ import annotations

import base64
import functools
import json
import zlib
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from ifmosfs.core.files import Fingerprint, Place, Root
from ifmosfs.core.journal import FolderMeta, Operation, OpKind, OpState, Outcome, Run, RunKind, RunState
from ifmosfs.core.names import from_text, to_text
from ifmosfs.core.values import quick

_encode: Final = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode
_KINDS: Final = {kind: kind.value for kind in OpKind}  # the property `value` takes as long as the rest of a small line
_STATES: Final = {state: state.value for state in OpState}


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run; a run that is taken up again may end more than once."""

    state: RunState
    at_ns: int
    message: str | None


@dataclass(frozen=True, slots=True)
class PlanHead:
    """What a sidecar says of its run's plan, so that the plan can be told again without the catalogue.

    `policy` is JSON (`core.plan.Policy`); the rest is as in `core.plan.Plan`.
    """

    plan_id: str
    target: bytes
    target_filesystem: str
    roots: tuple[Root, ...]
    created_ns: int
    policy: bytes


@quick
@dataclass(frozen=True, slots=True)
class Arrivals:
    """The outcomes of operations `first`, `first` + 1, … that are all DONE, with what was expected at the target but for the time of
    the rename. Nearly all outcomes of a commit are of this kind, and ten times as short in this form."""

    first: int
    ctimes_ns: tuple[int, ...]


Record = Run | PlanHead | Operation | Outcome | Finished
Line = Record | Arrivals
"""What stands on a line of a sidecar; who reads one is given the outcomes of arrivals one by one."""


def to_line(record: Line) -> bytes:
    """The record as one line with its checksum."""
    text = _text(record).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def from_line(line: bytes) -> Line:
    """The inverse of `to_line`, with or without the newline. Raises ValueError for anything that `to_line` cannot have made."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        raise ValueError("the checksum is wrong")
    try:
        return _record(json.loads(text))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a journal record: {error!r}") from error


def _text(record: Line) -> str:
    match record:
        case Operation():
            return _operation_text(record)
        case Arrivals():
            return f'{{"r":"arrived","first":{record.first},"ctimes":[{",".join(map(str, record.ctimes_ns))}]}}'
        case Outcome():
            return _outcome_text(record)
        case Run():
            return _encode(_run_fields(record))
        case PlanHead():
            return _encode(_head_fields(record))
        case Finished():
            fields = {"r": "finish", "state": record.state.value, "at_ns": record.at_ns, "message": record.message}
            return _encode(fields)


def _run_fields(run: Run) -> dict[str, Any]:
    return {
        "r": "run",
        "run_id": run.run_id,
        "kind": run.kind.value,
        "plan_id": run.plan_id,
        "target": to_text(run.target),
        "state": run.state.value,
        "started_ns": run.started_ns,
        "boot_id": run.boot_id,
        "pid": run.pid,
        "finished_ns": run.finished_ns,
        "message": run.message,
    }


def _head_fields(head: PlanHead) -> dict[str, Any]:
    return {
        "r": "plan",
        "plan_id": head.plan_id,
        "target": to_text(head.target),
        "target_filesystem": head.target_filesystem,
        "roots": [(to_text(root.path), root.filesystem) for root in head.roots],
        "created_ns": head.created_ns,
        "policy": json.loads(head.policy),
    }


# A commit writes two lines for each file. Put together by hand they take a quarter of the time that the encoder takes for a
# dictionary, and are the same to the byte.


def _operation_text(operation: Operation) -> str:
    text = f'{{"r":"intent","seq":{operation.seq},"kind":"{_KINDS[operation.kind]}"'
    if operation.source is not None:
        text += f',"source":{_place(operation.source)}'
    if operation.target is not None:
        text += f',"target":{_place(operation.target)}'
    if operation.expected is not None:
        text += f',"expected":{_print(operation.expected)}'
    if operation.action_id:
        text += f',"action":{operation.action_id}'
    if operation.folder is not None:
        text += f',"folder":{_encode(folder_fields(operation.folder))}'
    if operation.inverse_of is not None:
        run_id, seq = operation.inverse_of
        text += f',"inverse_of":[{_quoted(run_id)},{seq}]'
    if operation.unit:
        text += f',"unit":{operation.unit}'
    return text + "}"


def _outcome_text(outcome: Outcome) -> str:
    text = f'{{"r":"outcome","seq":{outcome.seq},"state":"{_STATES[outcome.state]}"'
    if outcome.arrived is not None:
        text += f',"arrived":{_print(outcome.arrived)}'
    if outcome.digest is not None:
        text += f',"digest":"{outcome.digest.hex()}"'
    if outcome.error is not None:
        text += f',"error":{_quoted(outcome.error)}'
    return text + "}"


def _place(place: Place) -> str:
    return f"[{_root(place[0])},{_quoted(to_text(place[1]))}]"


@functools.lru_cache(maxsize=64)
def _root(root: bytes) -> str:
    return _quoted(to_text(root))


def _print(print_: Fingerprint) -> str:
    birth = "null" if print_.birth_ns is None else print_.birth_ns
    return f"[{print_.inode},{print_.size_bytes},{print_.mtime_ns},{print_.ctime_ns},{birth}]"


def folder_fields(meta: FolderMeta) -> dict[str, Any]:
    """A folder's attributes as JSON takes them; the values of extended attributes in base64."""
    return {
        "mode": meta.mode,
        "uid": meta.uid,
        "gid": meta.gid,
        "atime_ns": meta.atime_ns,
        "mtime_ns": meta.mtime_ns,
        "xattrs": [(name, base64.b64encode(value).decode("ascii")) for name, value in meta.xattrs],
    }


def folder_to_json(meta: FolderMeta) -> bytes:
    """A folder's attributes as ASCII JSON."""
    return _encode(folder_fields(meta)).encode("ascii")


def folder_from_json(text: bytes) -> FolderMeta:
    """The inverse of `folder_to_json`. Raises KeyError, TypeError or ValueError for what that cannot have made."""
    return _folder(json.loads(text))


def _folder(fields: dict[str, Any]) -> FolderMeta:
    xattrs = tuple((name, base64.b64decode(value)) for name, value in fields["xattrs"])
    return FolderMeta(fields["mode"], fields["uid"], fields["gid"], fields["atime_ns"], fields["mtime_ns"], xattrs)


def _record(fields: dict[str, Any]) -> Line:
    what = fields["r"]
    if what == "intent":
        return _operation(fields)
    if what == "arrived":
        return Arrivals(fields["first"], tuple(map(int, fields["ctimes"])))
    if what == "outcome":
        digest = fields.get("digest")
        return Outcome(
            fields["seq"],
            OpState(fields["state"]),
            _print_from(fields.get("arrived")),
            None if digest is None else bytes.fromhex(digest),
            fields.get("error"),
        )
    if what == "finish":
        return Finished(RunState(fields["state"]), fields["at_ns"], fields["message"])
    if what == "run":
        return _run(fields)
    if what == "plan":
        return _head(fields)
    raise ValueError(f"an unknown kind of record: {what!r}")


def _head(fields: dict[str, Any]) -> PlanHead:
    return PlanHead(
        fields["plan_id"],
        from_text(fields["target"]),
        fields["target_filesystem"],
        tuple(Root(from_text(path), filesystem) for path, filesystem in fields["roots"]),
        fields["created_ns"],
        _encode(fields["policy"]).encode("ascii"),
    )


def _run(fields: dict[str, Any]) -> Run:
    return Run(
        fields["run_id"],
        RunKind(fields["kind"]),
        fields["plan_id"],
        from_text(fields["target"]),
        RunState(fields["state"]),
        fields["started_ns"],
        fields["boot_id"],
        fields["pid"],
        fields["finished_ns"],
        fields["message"],
    )


def _operation(fields: dict[str, Any]) -> Operation:
    folder, inverse_of = fields.get("folder"), fields.get("inverse_of")
    return Operation(
        fields["seq"],
        OpKind(fields["kind"]),
        _place_from(fields.get("source")),
        _place_from(fields.get("target")),
        _print_from(fields.get("expected")),
        fields.get("action", 0),
        None if folder is None else _folder(folder),
        None if inverse_of is None else (inverse_of[0], inverse_of[1]),
        fields.get("unit", 0),
    )


def _place_from(pair: list[str] | None) -> Place | None:
    return None if pair is None else Place(from_text(pair[0]), from_text(pair[1]))


def _print_from(numbers: list[Any] | None) -> Fingerprint | None:
    return None if numbers is None else Fingerprint(*numbers)
