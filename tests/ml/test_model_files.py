"""Models on the disk: what comes back, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import model_samples as made
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifmosfs.ml.model_files import (
    META,
    NUMBERS,
    SUMS,
    ModelUnusable,
    pack_model,
    read_archive,
    read_folder,
    unpack_model,
    write_archive,
)

MODEL = made.model({"t:invoice": ("financial_document", 2.5), "t:beach": ("media_photo", 1.5)})
FILES = pack_model(MODEL, made.guard(), made.FACTS)
PLACE = b"/models/x"


def summed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with sums that fit: as somebody would send them who knows the format."""
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in (NUMBERS, META))
    return {**files, SUMS: sums.encode()}


def with_meta(**changed: object) -> dict[str, bytes]:
    meta = {**json.loads(FILES[META]), **changed}
    return summed({**FILES, META: json.dumps(meta).encode()})


def with_array(name: str, array: np.ndarray) -> dict[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILES[NUMBERS])) as before, zipfile.ZipFile(out, "w") as after:
        for each in before.namelist():
            raw = io.BytesIO()
            if each == f"{name}.npy":
                np.save(raw, array, allow_pickle=True)
            after.writestr(each, raw.getvalue() or before.read(each))
    return summed({**FILES, NUMBERS: out.getvalue()})


def with_head(head: str) -> dict[str, bytes]:
    """The files with an array whose head says this of it."""
    line = head.encode() + b"\n"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FILES[NUMBERS])) as before, zipfile.ZipFile(out, "w") as after:
        for each in before.namelist():
            raw = b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line
            after.writestr(each, raw if each == "offsets.npy" else before.read(each))
    return summed({**FILES, NUMBERS: out.getvalue()})


def test_a_model_comes_back_as_it_was() -> None:
    stored = unpack_model(FILES, PLACE)
    assert (stored.model.labels, stored.model.mixture, stored.model.threshold) == (
        MODEL.labels,
        MODEL.mixture,
        MODEL.threshold,
    )
    assert np.array_equal(stored.model.weights, MODEL.weights)
    assert stored.guard.labels.tolist() == [0, 1]
    assert stored.guard.matrix().shape[0] == 2
    assert stored.meta.data == {"set": "by hand"}


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": ["legal_document", *MODEL.labels[1:]]},
        {"threshold": 0.5},
        {"scale": MODEL.mixture.scale / 2},
        {"trust": MODEL.mixture.trust + 0.25},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_model_with_the_same_numbers_that_answers_otherwise_has_another_id(changed: dict[str, object]) -> None:
    assert unpack_model(with_meta(**changed), PLACE).model_id != unpack_model(FILES, PLACE).model_id


def test_a_model_that_was_only_made_at_another_time_has_the_same_id() -> None:
    again = with_meta(created="2031-01-01T00:00:00Z", figures={}, libraries={})
    assert unpack_model(again, PLACE).model_id == unpack_model(FILES, PLACE).model_id


def test_the_same_model_gives_the_same_bytes() -> None:
    assert pack_model(MODEL, made.guard(), made.FACTS) == FILES
    assert write_archive(FILES) == write_archive(dict(reversed(FILES.items())))


def test_folder_and_archive_hold_the_same(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.ifmodel").write_bytes(write_archive(FILES))
    assert read_folder(os.fsencode(tmp_path)) == read_archive(os.fsencode(tmp_path / "a.ifmodel")) == FILES


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([NUMBERS, META, SUMS]), st.data())
def test_no_damage_goes_unnoticed(name: str, data: st.DataObject) -> None:
    content = bytearray(FILES[name])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    damaged = {**FILES, name: bytes(content)}
    try:
        stored = unpack_model(damaged, PLACE)
    except ModelUnusable:
        return
    assert name == SUMS  # white space, or a line that nobody asks for
    assert stored.model_id == unpack_model(FILES, PLACE).model_id


REFUSED = {
    "no meta": ({NUMBERS: FILES[NUMBERS], SUMS: FILES[SUMS]}, "not a model: no meta.json"),
    "other features": (with_meta(features=999), "the model was made for features 999"),
    "another schema": (with_meta(schema=2), "the model is of format 2 and this version of the program reads 1"),
    "unknown field": (with_meta(run="rm -rf /"), "the model does not say what it is"),
    "labels unsorted": (with_meta(labels=["b", "a", "c", "d"]), "not a usable model: its labels are not a sorted list"),
    "labels missing": (with_meta(labels=["a", "b"]), "not a usable model: its numbers are not of the shape"),
    "threshold beyond 1": (with_meta(threshold=1.5), "the model does not say what it is"),
    "trust below 0": (with_meta(trust=-1.0), "not a usable model: its threshold or its mixture"),
    "scale without end": (with_meta(scale=1e308), "not a usable model: its threshold or its mixture"),
    "trust without end": (with_meta(trust=1e308), "not a usable model: its threshold or its mixture"),
    "offsets without end": (
        with_array("offsets", np.full(4, 3e38, dtype=np.float32)),
        "not a usable model: some of its numbers are too large",
    ),
    "a head that is no Python": (with_head("((((("), "the model's numbers cannot be read"),
    "a head nested too deep": (with_head("-" * 9000 + "1"), "the model's numbers cannot be read"),
    "a shape beyond all numbers": (
        with_head("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999,), }"),
        "the model's numbers cannot be read",
    ),
    "a pickled array": (
        with_array("weights", np.array([{"a": 1}], dtype=object)),
        "the model's numbers cannot be read",
    ),
    "wrong type": (with_array("offsets", np.zeros(4, dtype=np.int64)), "the model's numbers cannot be read"),
    "wrong shape": (with_array("weights", np.zeros((3, 4), dtype=np.float16)), "not a usable model: its numbers"),
    "no numbers": (
        with_array("offsets", np.full(4, np.nan, dtype=np.float32)),
        "not a usable model: some of its numbers are none",
    ),
    "guard that points outside": (with_array("guard_ends", np.array([0, 1, 9], dtype=np.int32)), "the model's numbers"),
    "guard of no label": (with_array("guard_labels", np.array([0, 99], dtype=np.int16)), "the model's numbers"),
    "no zip": (summed({**FILES, NUMBERS: b"PK nothing"}), "the model's numbers cannot be read"),
}


@pytest.mark.parametrize(("files", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_model_is_refused_with_a_reason_and_a_remedy(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(ModelUnusable) as caught:
        unpack_model(files, PLACE)
    assert caught.value.what.startswith(words)
    assert (caught.value.path, caught.value.hint is not None) == (PLACE, True)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("/tmp/ifmosfs-evil-pickle",)


def test_a_foreign_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelUnusable, match="a pickle"):
        read_archive(os.fsencode(tmp_path / "model.joblib"))
    assert not os.path.exists("/tmp/ifmosfs-evil-pickle")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_with_damaged_members_is_refused(tmp_path: Path, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    content = bytearray(out.getvalue())
    for at in range(60, 300):
        content[at] ^= 0xFF
    (tmp_path / "m.ifmodel").write_bytes(content)
    with pytest.raises(ModelUnusable, match="not a model: a pickle"):
        read_archive(os.fsencode(tmp_path / "m.ifmodel"))


def test_links_devices_and_giants_are_refused(tmp_path: Path) -> None:
    (tmp_path / "true").write_bytes(FILES[NUMBERS])
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / NUMBERS).symlink_to(tmp_path / "true")
    with pytest.raises(ModelUnusable, match="cannot be read"):
        read_folder(os.fsencode(folder))
    (folder / NUMBERS).unlink()
    os.mkfifo(folder / NUMBERS)
    with pytest.raises(ModelUnusable, match="no file of a model's size"):
        read_folder(os.fsencode(folder))
    with open(tmp_path / "giant.ifmodel", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelUnusable, match="no file of a model's size"):
        read_archive(os.fsencode(tmp_path / "giant.ifmodel"))


def test_an_archive_that_unpacks_to_a_giant_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.ifmodel", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NUMBERS, bytes(65 * 1024 * 1024))
    with pytest.raises(ModelUnusable, match="too large"):
        read_archive(os.fsencode(tmp_path / "bomb.ifmodel"))


def test_numbers_that_unpack_to_a_giant_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifmosfs.ml.model_files.MOST_UNPACKED", 1000)
    with pytest.raises(ModelUnusable, match="too many of them"):
        unpack_model(FILES, PLACE)
