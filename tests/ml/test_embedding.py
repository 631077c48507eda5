"""Sentence embeddings from a folder: what they come to, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import embedding_samples as tiny
import numpy as np
import pytest

from ifmosfs.core.errors import BackendMissing
from ifmosfs.ml.embedders import mean_of_tokens
from ifmosfs.ml.embedding import (
    Embedder,
    EmbeddingFiles,
    EmbeddingsUnusable,
    LateEmbedder,
    find_embeddings,
    load_embedder,
)

ABSENT = "the extra `transformer` is not installed"
TEXTS = ["invoice total", "", "Return def return unheard", "total"]


def needs(*names: str) -> pytest.MarkDecorator:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{ABSENT}: no {', '.join(missing)}")


static = needs("tokenizers", "safetensors")
network = needs("tokenizers", "onnxruntime")


def loaded(folder: Path) -> Embedder:
    return load_embedder(find_embeddings(str(folder)))


def by_hand(*numbers: int) -> np.ndarray:
    """The mean of rows of the table, at length 1."""
    mean = tiny.TABLE[list(numbers)].mean(axis=0)
    return mean / np.sqrt((mean**2).sum())


BY_HAND = np.array([by_hand(1, 2), np.zeros(3), by_hand(4, 3, 4, 0), by_hand(2)], dtype=np.float32)


@static
def test_static_vectors_come_to_their_mean_at_length_one(tmp_path: Path) -> None:
    embedder = loaded(tiny.static_folder(tmp_path / "e"))
    found = embedder.embed(TEXTS)
    assert (embedder.dimensions, found.dtype) == (3, np.float32)
    np.testing.assert_allclose(found, BY_HAND, atol=1e-6)


@network
@pytest.mark.parametrize("inside", ["", "onnx"])
def test_a_network_comes_to_the_mean_of_its_tokens_without_the_padding(tmp_path: Path, inside: str) -> None:
    embedder = loaded(tiny.network_folder(tmp_path / "e", inside=inside))
    found = embedder.embed(TEXTS)  # of different lengths, so that the shorter ones are padded
    assert (embedder.dimensions, found.dtype) == (3, np.float32)
    np.testing.assert_allclose(found, BY_HAND, atol=1e-6)


@network
def test_what_a_network_has_pooled_itself_is_taken(tmp_path: Path) -> None:
    found = loaded(tiny.network_folder(tmp_path / "e", pooled=True)).embed(["invoice total", "def"])
    # It pools without looking at the mask: the token of padding, number 0, counts in the second text.
    np.testing.assert_allclose(found, [by_hand(1, 2), by_hand(3, 0)], atol=1e-6)


@network
def test_texts_of_many_lengths_keep_their_order(tmp_path: Path) -> None:
    embedder = loaded(tiny.network_folder(tmp_path / "e"))
    texts = [" ".join(["invoice"] * (n % 7) + ["def"] * (n % 5)) for n in range(40)]
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    np.testing.assert_allclose(embedder.embed(texts), alone, atol=1e-6)


@network
def test_a_network_reads_256_tokens(tmp_path: Path) -> None:
    embedder = loaded(tiny.network_folder(tmp_path / "e"))
    found = embedder.embed(["invoice " * 256 + "def " * 1000])
    np.testing.assert_allclose(found, [by_hand(1)], atol=1e-6)


def test_padding_has_no_part_in_the_mean() -> None:
    rows = np.array([[[1, 2], [3, 4], [100, 100]], [[5, 6], [100, 100], [100, 100]]], dtype=np.float32)
    mask = np.array([[1, 1, 0], [1, 0, 0]])
    assert mean_of_tokens(rows, mask).tolist() == [[2.0, 3.0], [5.0, 6.0]]


@static
def test_half_a_surrogate_and_a_zero_are_texts_like_others(tmp_path: Path) -> None:
    found = loaded(tiny.static_folder(tmp_path / "e")).embed(["invoice \ud800", "invoice \0"])
    assert np.isfinite(found).all()


@static
def test_the_name_is_that_of_the_content_wherever_it_lies(tmp_path: Path) -> None:
    first, second = tiny.static_folder(tmp_path / "a"), tiny.static_folder(tmp_path / "b")
    assert find_embeddings(str(first)).name == find_embeddings(str(second)).name
    (second / "tokenizer.json").write_text(json.dumps({**tiny.TOKENIZER, "normalizer": None}))
    assert find_embeddings(str(first)).name != find_embeddings(str(second)).name


@static
def test_files_that_change_between_finding_and_loading_are_refused(tmp_path: Path) -> None:
    folder = tiny.static_folder(tmp_path / "e")
    found = LateEmbedder(find_embeddings(str(folder)), 3)
    (folder / "model.safetensors").write_bytes(tiny.safetensors({"x": tiny.TABLE * 2}))
    with pytest.raises(EmbeddingsUnusable, match="have just been changed"):
        found.embed(["invoice"])


@static
def test_finding_loads_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tokenizers", "safetensors"}]:
        monkeypatch.delitem(sys.modules, name)
    find_embeddings(str(tiny.static_folder(tmp_path / "e")))
    assert not {"tokenizers", "safetensors"} & set(sys.modules)


@pytest.mark.parametrize("library", ["tokenizers", "safetensors"])
def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, package=None: None if name == library else there("json")
    )
    with pytest.raises(BackendMissing, match=f"need {library}, which is not installed") as caught:
        find_embeddings(str(tiny.static_folder(tmp_path / "e")))
    assert caught.value.hint == "pip install 'ifmosfs[transformer]'"


def test_without_the_package_wordllama_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None)
    with pytest.raises(BackendMissing, match="wordllama is not installed"):
        find_embeddings("wordllama")


def changed(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def tokenizer_with(**fields: object) -> Callable[[Path], None]:
    return changed("tokenizer.json", json.dumps({**tiny.TOKENIZER, **fields}).encode())


def as_fifo(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")


def as_giant(folder: Path) -> None:
    with open(folder / "model.safetensors", "wb") as file:
        file.truncate(1 << 40)


TABLE_AND_MORE = {"a": tiny.TABLE, "weights": tiny.TABLE[0]}
BLOW_UP = {"type": "Replace", "pattern": {"Regex": "."}, "content": "aaaaaaaaaa"}
REFUSED_STATIC: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "there is no tokenizer.json"),
    "no vectors": (lambda folder: (folder / "model.safetensors").unlink(), "there are 0 files"),
    "two tables": (changed("b.safetensors", b"x"), "there are 2 files"),
    "not safetensors": (changed("model.safetensors", b"\xff" * 99), "the table of vectors cannot be read"),
    "empty": (changed("model.safetensors", b""), "the table of vectors cannot be read"),
    "cut off": (
        changed("model.safetensors", tiny.safetensors({"a": tiny.TABLE})[:-4]),
        "the table of vectors cannot be read",
    ),
    "more than a table": (changed("model.safetensors", tiny.safetensors(TABLE_AND_MORE)), "there are 2 arrays in it"),
    "a row": (changed("model.safetensors", tiny.safetensors({"a": tiny.TABLE[0]})), "of the shape (3,)"),
    "integers": (
        changed("model.safetensors", tiny.safetensors({"a": np.ones((5, 3), dtype=np.int64)})),
        "it is of type int64",
    ),
    "no numbers": (
        changed("model.safetensors", tiny.safetensors({"a": tiny.TABLE * np.float32(np.nan)})),
        "some of its numbers are none",
    ),
    "too wide": (
        changed("model.safetensors", tiny.safetensors({"a": np.ones((1, 5000), dtype=np.float16)})),
        "of the shape (1, 5000)",
    ),
    "a giant": (as_giant, "no file of a size that embeddings have"),
    "a tokenizer that is a pipe": (as_fifo, "no file of a size that embeddings have"),
    "no JSON": (changed("tokenizer.json", b"\x80\x04pickle"), "the tokenizer cannot be read"),
    "no tokenizer in it": (changed("tokenizer.json", b"{}"), "the tokenizer cannot be read"),
    "deep nesting": (changed("tokenizer.json", b"[" * 100_000), "the tokenizer cannot be read"),
    "unknown model": (tokenizer_with(model={"type": "Shell", "run": "id"}), "the tokenizer cannot be read"),
    "a bomb": (
        tokenizer_with(normalizer={"type": "Sequence", "normalizers": [BLOW_UP] * 12}),
        "it makes texts much longer",
    ),
}


@static
@pytest.mark.parametrize(("spoil", "words"), REFUSED_STATIC.values(), ids=REFUSED_STATIC.keys())
def test_what_holds_no_static_vectors_is_refused_with_a_reason_and_a_remedy(
    tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    folder = tiny.static_folder(tmp_path / "e")
    spoil(folder)
    with pytest.raises(EmbeddingsUnusable) as caught:
        loaded(folder)
    assert words in caught.value.what
    assert (caught.value.path or b"").startswith(os.fsencode(folder))
    assert caught.value.hint is not None


REFUSED_NETWORK: dict[str, tuple[Callable[[Path], object], str]] = {
    "not ONNX": (changed("model.onnx", b"\xff" * 99), "the network cannot be read"),
    "empty": (changed("model.onnx", b""), "the network cannot be read"),
    "other inputs": (changed("model.onnx", tiny.network(wants="pixel_values")), "it asks for pixel_values"),
    "too wide": (
        changed("model.onnx", tiny.network(table=np.ones((5, 5000), dtype=np.float32))),
        "its output has the shape (1, 5000)",
    ),
    "no output": (changed("model.onnx", tiny.network(says_it=False)), "the network cannot be read"),
    "an operator that is no text": (
        changed("model.onnx", tiny.network().replace(b"Gather", b"Gath\xffr")),
        "the network cannot be read",
    ),
    "tokens that it does not know": (
        changed("model.onnx", tiny.network(table=np.ones((0, 3), dtype=np.float32))),
        "the network cannot be",
    ),
}


@network
@pytest.mark.parametrize(("spoil", "words"), REFUSED_NETWORK.values(), ids=REFUSED_NETWORK.keys())
def test_what_holds_no_sentence_transformer_is_refused_with_a_reason(
    tmp_path: Path, spoil: Callable[[Path], object], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tiny.network_folder(tmp_path / "e")
    spoil(folder)
    with pytest.raises(EmbeddingsUnusable) as caught:
        loaded(folder)
    assert words in caught.value.what
    assert capfd.readouterr().out == ""  # where --json writes


@static
def test_tokens_beyond_the_table_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    embedder = loaded(tiny.static_folder(tmp_path / "e", tiny.TABLE[:3]))
    np.testing.assert_allclose(embedder.embed(["invoice return", "return"]), [by_hand(1), np.zeros(3)], atol=1e-6)


@static
@pytest.mark.skipif(importlib.util.find_spec("wordllama") is None, reason="the package wordllama is not installed")
def test_the_vectors_of_wordllama_are_found_in_its_package_and_tell_an_invoice_from_a_zebra() -> None:
    files = find_embeddings("wordllama")
    assert isinstance(files, EmbeddingFiles)
    bill, invoice, zebra = load_embedder(files).embed(
        ["please pay this bill", "invoice, total due", "a zebra at a lake"]
    )
    assert len(bill) == 256
    assert bill @ invoice > bill @ zebra + 0.05
    assert "wordllama" not in sys.modules
