"""Extracts are remembered by content, and the classifier judges by them."""

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import classifier_samples as made
import extract_samples as valid
import pytest
from classifier_disk import OpenOnly, scanned, written

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.classifier import WINDOW, Evidence, RulesClassifier
from ifmosfs.ml.extract import keys, wire
from ifmosfs.ml.extract.extractor import Extractor
from ifmosfs.ml.extract.keys import PIECE_BYTES, WHOLE_BYTES, content_key
from ifmosfs.ml.extract.limits import Limits
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.extract.values import NOTHING, Extract

TODAY = date(2024, 6, 1)


class DictMemory:
    """Remembers in a dictionary, by the extractor's name."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, bytes], bytes] = {}

    def load_extracts(self, extractor: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {key: self.kept[extractor, key] for key in keys if (extractor, key) in self.kept}

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]]) -> None:
        self.kept.update({(extractor, key): data for key, data in extracts})


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.close()


def classifier_of(pool: Pool, memory: DictMemory | None = None) -> tuple[RulesClassifier, Extractor]:
    extractor = Extractor(memory, pool)
    return RulesClassifier(OpenOnly(), today=TODAY, extractor=extractor), extractor


def proposed(pool: Pool, tmp_path, name: bytes, content: bytes) -> Proposal:
    return classifier_of(pool)[0].propose(written(os.fsencode(tmp_path), name, content))


def test_words_of_a_pdf_decide_and_the_reason_says_where_they_stand(pool, tmp_path):
    found = proposed(pool, tmp_path, b"scan0001.pdf", valid.pdf(made.INVOICE))
    assert (found.label, found.score >= 0.6) == ("financial_document", True), found
    assert found.reason.startswith("words on its first pages such as ")
    without = RulesClassifier(OpenOnly(), today=TODAY).propose(scanned(os.fsencode(tmp_path), b"scan0001.pdf"))
    assert without.score < 0.6


def test_date_and_maker_of_a_pdf_count_wherever_they_stand_in_it(pool, tmp_path):
    info = "/Creator (Microsoft PowerPoint) /CreationDate (D:20200203040506Z)"
    found = proposed(pool, tmp_path, b"x.pdf", valid.pdf("word " * 4_000, size=(720, 540), info=info))
    assert (found.label, found.document_date) == ("business_presentation", date(2020, 2, 3))


def test_words_of_an_old_document_decide(pool, tmp_path):
    found = proposed(pool, tmp_path, b"x.doc", valid.ole(text=made.CONTRACT))
    assert (found.label, found.score >= 0.6) == ("legal_document", True), found


def test_tables_tell_a_browsers_bookmarks_wherever_they_stand(pool, tmp_path):
    import sqlite3

    connection = sqlite3.connect(tmp_path / "few")
    connection.execute(f"CREATE TABLE padding (id INTEGER DEFAULT '{'x' * 9_000}')")
    connection.execute("CREATE TABLE moz_bookmarks (id INTEGER)")
    connection.commit()
    connection.close()
    assert proposed(pool, tmp_path, b"x.sqlite", (tmp_path / "few").read_bytes()).label == "web_bookmark"


def test_archive_in_a_compressed_file_is_an_archive_whatever_its_name(pool, tmp_path):
    assert proposed(pool, tmp_path, b"x", made.tar("xz")).label == "archive"


def test_what_cannot_be_extracted_is_judged_by_the_rest_and_the_reason_says_so(pool, tmp_path):
    found = proposed(pool, tmp_path, b"Invoice 2023.pdf", b"%PDF-1.4\n" + b"\xff" * 500)
    assert found.label == "financial_document"
    assert found.reason.endswith("; unreadable by the extractor: not a PDF that can be opened")
    assert found.unreadable is None


def test_file_whose_worker_dies_or_hangs_is_judged_by_the_rest(tmp_path):
    from test_extract_pool import MISBEHAVING

    class Hanging(Pool):
        def ask(self, descriptor: int, size_bytes: int, format_name: str) -> int:
            return super().ask(descriptor, size_bytes, {"zip": "hang", "jpeg": "die"}.get(format_name, format_name))

    pool = Hanging(2, Limits(wall_seconds=1.0), MISBEHAVING)
    names = {b"a.zip": made.zipped(a="x"), b"b.jpg": made.photo(), b"c.pdf": valid.pdf(made.INVOICE)}
    files = [written(os.fsencode(tmp_path), name, content) for name, content in names.items()]
    hung, died, good = classifier_of(pool)[0].propose_all(files)
    pool.close()
    assert (hung.label, hung.reason.rpartition("extractor: ")[2]) == ("archive", "it took longer than 1 s")
    assert died.reason.endswith("the extractor died of it (SIGSEGV)")
    assert good.label == "financial_document"


def many_files(tmp_path, n: int) -> list[ScannedFile]:
    """Documents, texts, empty files, links and files that are gone, in turn."""
    root = os.fsencode(tmp_path)
    contents = (valid.pdf(made.INVOICE), b"some text", b"", made.photo(), made.docx(made.CV))
    files = [written(root, b"f%03d" % number, contents[number % 5] + b" " * (number % 7)) for number in range(n)]
    return [*files, scanned(root, b"gone"), *files[:3]]


def test_files_together_get_the_same_proposals_as_one_by_one_and_in_their_order(pool, tmp_path):
    files = many_files(tmp_path, 3 * WINDOW + 5)
    classifier, _ = classifier_of(pool)
    assert list(classifier.propose_all(files)) == [classifier.propose(file) for file in files]


def test_every_descriptor_is_closed_also_when_nobody_wants_the_rest(pool, tmp_path):
    files = many_files(tmp_path, 3 * WINDOW)
    classifier, _ = classifier_of(pool)
    list(classifier.propose_all(files))  # workers are started
    before = len(os.listdir("/proc/self/fd"))
    assert len(list(classifier.propose_all(files))) == len(files)
    some = classifier.propose_all(files)
    for _ in range(5):
        next(some)
    some.close()
    assert len(os.listdir("/proc/self/fd")) <= before
    assert len(list(classifier.propose_all(files))) == len(files)  # and the workers go on


def test_same_content_is_extracted_once_whatever_it_is_called(pool, tmp_path):
    memory = DictMemory()
    first, extractor = classifier_of(pool, memory)
    root = os.fsencode(tmp_path)
    before = first.propose(written(root, b"a.pdf", valid.pdf(made.INVOICE)))
    assert (extractor.n_extracted, extractor.n_remembered) == (1, 0)
    second, extractor = classifier_of(pool, memory)
    after = second.propose(written(root, b"other name.pdf", valid.pdf(made.INVOICE)))
    assert (extractor.n_extracted, extractor.n_remembered) == (0, 1)
    assert (after.label, after.reason) == (before.label, before.reason)
    second.propose(written(root, b"a.pdf", valid.pdf(made.CV)))
    assert (extractor.n_extracted, extractor.n_remembered) == (1, 1)


def test_another_version_of_the_extractor_remembers_nothing(pool, tmp_path, monkeypatch):
    memory = DictMemory()
    file = written(os.fsencode(tmp_path), b"a.pdf", valid.pdf(made.INVOICE))
    classifier_of(pool, memory)[0].propose(file)
    monkeypatch.setattr("ifmosfs.ml.extract.extractor.extractor_name", lambda: "2/other")
    later, extractor = classifier_of(pool, memory)
    later.propose(file)
    assert (extractor.n_extracted, extractor.n_remembered) == (1, 0)


def test_libraries_are_part_of_the_extractors_version():
    name = keys.extractor_name()
    assert name.count("/") == len(keys.LIBRARIES)
    assert all(part[0].isdigit() for part in name.split("/"))


def test_damaged_memory_is_made_anew(pool, tmp_path, caplog):
    memory = DictMemory()
    file = written(os.fsencode(tmp_path), b"a.pdf", valid.pdf(made.INVOICE))
    good = classifier_of(pool, memory)[0].propose(file)
    for damage in (b"no zlib", zlib.compress(b"no extract")):
        memory.kept = dict.fromkeys(memory.kept, damage)
        classifier, extractor = classifier_of(pool, memory)
        assert classifier.propose(file) == good
        assert extractor.n_extracted == 1
    assert [wire.decode(zlib.decompress(data)).kind for data in memory.kept.values()] == ["pdf"]
    assert len(caplog.records) == 2


def test_what_depends_on_the_machine_is_not_remembered(tmp_path):
    memory = DictMemory()
    pool = Pool(1, command=("-c", "import sys; sys.exit(3)"))
    classifier_of(pool, memory)[0].propose(written(os.fsencode(tmp_path), b"a.pdf", valid.pdf()))
    pool.close()
    assert memory.kept == {}


def key_of(tmp_path, content: bytes, format_name: str = "pdf") -> bytes:
    path = tmp_path / "keyed"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return content_key(descriptor, len(content), format_name)
    finally:
        os.close(descriptor)


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + b"\1" + content[at + 1 :]


def test_key_of_a_small_file_is_that_of_all_its_bytes(tmp_path):
    content = b"\0" * WHOLE_BYTES
    others = [changed(content, at) for at in (0, 1_000, WHOLE_BYTES // 2, WHOLE_BYTES - 1)]
    assert len({key_of(tmp_path, each) for each in (content, content[:-1], *others)}) == 6
    assert key_of(tmp_path, content) == key_of(tmp_path, content) != key_of(tmp_path, content, "zip")


def test_key_of_a_large_file_is_that_of_its_size_and_six_pieces(tmp_path):
    content = b"\0" * 4_000_000
    step = (len(content) - PIECE_BYTES) // 5
    seen = [changed(content, at) for at in (0, step, 2 * step, 3 * step, 4 * step, len(content) - 1)]
    assert len({key_of(tmp_path, each) for each in (content, content[:-1], *seen)}) == 8
    assert key_of(tmp_path, changed(content, PIECE_BYTES + 1)) == key_of(tmp_path, content)


def test_evidence_holds_what_rules_and_a_model_want(pool, tmp_path):
    root = os.fsencode(tmp_path)
    files = [
        written(root, b"a.pdf", valid.pdf("Hello world")),
        written(root, b"b.csv", b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n"),
        written(root, b"c", b""),
    ]
    classifier, _ = classifier_of(pool)
    pdf, table, empty = classifier.evidence_all(files, with_texts=True)
    assert (pdf.format_name, pdf.extract) == ("pdf", valid.EXPECTED["pdf"])
    assert [finding.what for finding in pdf.findings] == ["a PDF document", "the extension .pdf (document)"]
    assert (table.format_name, table.extract.keys, table.extract.numbers["n_columns"]) == ("csv", ("a", "b", "c"), 3)
    assert empty == Evidence(files[2], Proposal(None, 0.0, "empty file"))
    assert [each.extract for each in classifier.evidence_all(files)][1:] == [NOTHING, NOTHING]


def attributes(folder) -> dict[str, tuple[int, ...]]:
    """Every name below a folder with all times and its size."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (
            stat.st_atime_ns,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
            stat.st_size,
            stat.st_mode,
        )
    return found


def test_no_file_and_no_folder_is_changed_and_none_is_added(pool, tmp_path):
    import sqlite3

    from ifmosfs.platform.disk import PosixDisk

    inbox, other = tmp_path / "inbox", tmp_path / "other"
    inbox.mkdir()
    other.mkdir()
    for name, (_, content) in valid.samples(other).items():
        (inbox / name).write_bytes(content)
    database = sqlite3.connect(inbox / "open.db")  # in WAL mode, and not closed in good order
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE things (id INTEGER)")
    database.commit()
    (inbox / "copied.db").write_bytes((inbox / "open.db").read_bytes())
    for path in inbox.iterdir():
        os.utime(path, ns=(1, 2))  # read before it was written: the next read would be noted
    before = attributes(inbox)
    with PosixDisk() as disk:
        classifier = RulesClassifier(disk, extractor=Extractor(DictMemory(), pool))
        found = list(classifier.evidence_all([scanned(os.fsencode(inbox), os.fsencode(name)) for name in before]))
    assert attributes(inbox) == before
    assert {each.extract.kind for each in found} >= {
        "pdf",
        "office",
        "picture",
        "audio",
        "archive",
        "database",
        "font",
        "mail",
        "ole",
    }
    database.close()


def test_extract_is_the_same_after_the_way_to_a_database_and_back():
    extract = Extract("pdf", "a\nü", {"title": "t"}, {"n_pages": 3.0}, ("m",), ("k",), "why")
    assert wire.decode(wire.encode(extract)) == extract
