"""Damaged files of every format: each ends as an extract, with or without trouble, and never as anything else."""

import os
from collections.abc import Iterator

import extract_samples as valid
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifmosfs.ml.extract import limits
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.extract.table import IN_WORKER, extract_here, extract_in_worker
from ifmosfs.ml.extract.values import FIELDS, NUMBERS, Extract
from ifmosfs.ml.sample import Sample

NAMES = sorted(valid.EXPECTED.keys() | {"jpeg", "png", "gif", "webp", "tiff", "bmp", "ico"})
BY_LIBRARIES = {"pdf", "picture", "audio", "mail"}  # whose exceptions nobody can list
quietly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Made once: each example damages another copy."""
    return valid.samples(tmp_path_factory.mktemp("samples"))


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with some bytes changed, a piece taken out, doubled, or put in, and perhaps cut off."""
    data = bytearray(content)
    for at in draw(st.lists(st.integers(0, len(data) - 1), max_size=10)):
        data[at] = draw(st.integers(0, 255))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 64)))
    data[start:end] = draw(st.sampled_from([data[start:end], b"", 2 * data[start:end], b"\xff" * 8, b"\0" * 8]))
    cut = draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    return bytes(data[:cut])


def check(found: Extract) -> None:
    """What holds of every extract, however hostile the file."""
    assert found.fields.keys() <= FIELDS.keys()
    assert found.numbers.keys() <= NUMBERS.keys()
    assert all(isinstance(value, float) and abs(value) < 1e15 for value in found.numbers.values())
    texts = (*found.fields.values(), *found.members, *found.keys, *found.text.split("\n"))
    assert all(text.isprintable() for text in texts)
    assert len(found.text) <= limits.TEXT_CHARACTERS
    assert all(len(value) <= limits.FIELD_CHARACTERS for value in found.fields.values())
    names = (*found.members, *found.keys)
    assert all(len(name) <= limits.NAME_CHARACTERS for name in names)
    assert max(len(found.members), len(found.keys)) <= limits.MOST_NAMES


@pytest.mark.parametrize("name", NAMES)
@quietly
@given(data=st.data())
def test_damaged_file_ends_as_an_extract(pool, samples, tmp_path, name, data):
    format_name, content = samples[name]
    broken = data.draw(damaged(content))
    path = tmp_path / "broken"
    path.write_bytes(broken)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = pool.wait(pool.ask(descriptor, len(broken), format_name)).extract
    finally:
        os.close(descriptor)
    check(found)
    assert found.kind == IN_WORKER[format_name][0]
    assert found.trouble != "it would open something else"
    if found.kind not in BY_LIBRARIES:
        assert not (found.trouble or "").startswith("damaged: "), "what our own code meets, it has words for"


@pytest.mark.parametrize("format_name", sorted(IN_WORKER))
@quietly
@given(content=st.binary(max_size=2_000))
def test_random_bytes_end_as_an_extract(tmp_path, format_name, content):
    path = tmp_path / "random"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        check(extract_in_worker(Sample(descriptor, len(content)), format_name))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "format_name", ["elf", "pe", "macho", "xml", "html", "json", "csv", "vcard", "ini", "rtf", "python"]
)
@quietly
@given(
    content=st.one_of(st.binary(max_size=2_000), st.text(alphabet='<>{}[]":;,=&#!-\n aE', max_size=500).map(str.encode))
)
def test_random_text_or_program_ends_as_an_extract(tmp_path, format_name, content):
    path = tmp_path / "random"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        is_text = format_name not in {"elf", "pe", "macho"}
        check(extract_here(Sample(descriptor, len(content)), format_name, is_text=is_text))
    finally:
        os.close(descriptor)


def test_every_format_of_a_worker_has_a_valid_sample_that_is_damaged(samples):
    kinds = {IN_WORKER[format_name][0] for format_name, _ in samples.values()}
    assert kinds == {kind for kind, _ in IN_WORKER.values()}
    assert samples.keys() == set(NAMES)
