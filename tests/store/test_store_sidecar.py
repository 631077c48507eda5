"""The lines of the sidecar, torn and damaged ones among them."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_values import operations, outcomes, words

from ifmosfs.core.files import Fingerprint
from ifmosfs.core.journal import Operation, OpKind, OpState, Outcome, RunState
from ifmosfs.store.records import Arrivals, Finished, Line, Record, from_line, to_line
from ifmosfs.store.sidecar import Damage, Sidecar, read_sidecar

RECORDS: list[Record] = [Outcome(seq, OpState.DONE, error="two\nlines \udcff") for seq in range(1, 4)]
arrivals = st.builds(Arrivals, st.integers(1, 10**9), st.lists(st.integers(-(2**63), 2**63), min_size=1).map(tuple))
records = (
    operations
    | outcomes
    | arrivals
    | st.builds(Finished, st.sampled_from(RunState), st.integers(0, 2**63), st.none() | words)
)


def sidecar(folder: Path, run_id: str = "run1") -> Sidecar:
    return Sidecar(os.fsencode(folder / ".ifmosfs"), run_id, lambda _folder, _descriptor: nullcontext())


@given(records)
def test_line_is_one_line_of_ascii_and_comes_back_whole(record: Line) -> None:
    line = to_line(record)
    assert (line.count(b"\n"), line.endswith(b"\n"), line.isascii()) == (1, True, True)
    assert from_line(line) == record


@given(records)
def test_line_is_what_the_json_encoder_would_have_written(record: Line) -> None:
    text = to_line(record)[9:-1].decode("ascii")
    assert json.dumps(json.loads(text), separators=(",", ":")) == text


def test_line_is_a_checksum_and_json_that_any_program_can_read() -> None:
    line = to_line(Outcome(7, OpState.CONFLICT, error="taken"))
    assert line == b'%08x {"r":"outcome","seq":7,"state":"conflict","error":"taken"}\n' % zlib.crc32(line[9:-1])
    assert json.loads(line[9:])["error"] == "taken"


@given(records, st.data())
def test_line_with_one_changed_byte_is_refused(record: Line, data: st.DataObject) -> None:
    line = bytearray(to_line(record)[:-1])
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="checksum"):
        from_line(bytes(line))


@pytest.mark.parametrize("text", [b"{}", b"[]", b"3", b'{"r":"dream"}', b'{"r":"intent","seq":1}', b'{"r":"run"', b""])
def test_line_with_a_right_checksum_that_is_no_record_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each has its own reason
        from_line(b"%08x %s" % (zlib.crc32(text), text))


@pytest.mark.parametrize("n_kept", range(1, len(to_line(RECORDS[2]))))
def test_reader_stops_before_a_torn_last_line(tmp_path: Path, n_kept: int) -> None:
    path = tmp_path / "torn"
    path.write_bytes(b"".join(map(to_line, RECORDS[:2])) + to_line(RECORDS[2])[:n_kept])
    assert list(read_sidecar(path)) == RECORDS[:2]


def test_reader_names_damage_in_the_middle_and_goes_on(tmp_path: Path) -> None:
    lines = [to_line(record) for record in RECORDS]
    path = tmp_path / "damaged"
    path.write_bytes(lines[0] + b"\0\0\xff" + lines[1] + b"\n" + lines[2])
    reason = "the checksum is wrong"
    assert list(read_sidecar(path)) == [RECORDS[0], Damage(2, reason), Damage(3, reason), RECORDS[2]]


@pytest.mark.parametrize("torn", [b"", b"1234", b"x" * 200_000], ids=["none", "short", "longer than a block"])
@pytest.mark.parametrize("n_whole", [0, 2])
def test_reopened_sidecar_goes_on_after_its_last_whole_line(tmp_path: Path, n_whole: int, torn: bytes) -> None:
    first = sidecar(tmp_path)
    first.append(RECORDS[:n_whole], durable=True)
    first.close()
    with Path(os.fsdecode(first.path)).open("ab") as file:
        file.write(torn)
    again = sidecar(tmp_path)
    assert again.is_empty == (n_whole == 0)
    again.append(RECORDS[2:], durable=False)
    again.close()
    assert list(read_sidecar(first.path)) == [*RECORDS[:n_whole], *RECORDS[2:]]


def test_sidecars_of_two_runs_do_not_mix(tmp_path: Path) -> None:
    one, two = sidecar(tmp_path, "run1"), sidecar(tmp_path, "run2")
    one.append(RECORDS[:1], durable=True)
    two.append(RECORDS[1:], durable=True)
    one.close()
    two.close()
    assert (list(read_sidecar(one.path)), list(read_sidecar(two.path))) == (RECORDS[:1], RECORDS[1:])


def test_arrivals_are_told_one_by_one_as_what_was_expected_with_the_time_of_the_rename(tmp_path: Path) -> None:
    intents = [Operation(seq, OpKind.MOVE, None, None, Fingerprint(seq, 2, 3, 4, 5)) for seq in (7, 8, 9)]
    path = tmp_path / "journal-run1.jsonl"
    path.write_bytes(b"".join(map(to_line, [*intents, Arrivals(7, (70, 80)), Arrivals(9, (90,))])))
    arrived = [Outcome(seq, OpState.DONE, Fingerprint(seq, 2, 3, 10 * seq, 5)) for seq in (7, 8, 9)]
    assert list(read_sidecar(path)) == [*intents, *arrived]


def test_the_arrival_of_an_operation_whose_intent_is_damaged_is_not_told(tmp_path: Path) -> None:
    intents = [Operation(seq, OpKind.MOVE, None, None, Fingerprint(seq, 2, 3, 4)) for seq in (1, 2)]
    torn = to_line(intents[0]).replace(b"move", b"mave")
    path = tmp_path / "journal-run1.jsonl"
    path.write_bytes(torn + to_line(intents[1]) + to_line(Arrivals(1, (10, 20))))
    expected = [Damage(1, "the checksum is wrong"), intents[1], Outcome(2, OpState.DONE, Fingerprint(2, 2, 3, 20))]
    assert list(read_sidecar(path)) == expected
