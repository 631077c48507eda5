"""Sentence embeddings from a folder on this disk: what a text is about, as a row of numbers.

What is in the folder says how it is read: `model.onnx` with `tokenizer.json` is a sentence transformer; one `*.safetensors` with a
single table, and `tokenizer.json`, are static vectors. Nothing is ever fetched from anywhere and nothing is unpickled. The libraries
(extra `transformer`) are loaded at the first text.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ifmosfs.core.errors import BackendMissing, ConfigProblem
from ifmosfs.ml.model import Floats

WORDLLAMA: Final = "wordllama"  # instead of a folder: the files in that package, if it is installed
MOST_TOKENIZER_BYTES: Final = 64 * 1024 * 1024
MOST_VECTORS_BYTES: Final = 1024 * 1024 * 1024
TOKENIZER: Final = "tokenizer.json"
NETWORKS: Final = ("model.onnx", os.path.join("onnx", "model.onnx"))
HINT: Final = "name a folder with tokenizer.json and with model.onnx, or one *.safetensors that holds one table"


class EmbeddingsUnusable(ConfigProblem):
    """A folder that holds no embeddings, damaged ones, or such as cannot be read here."""

    code = "embeddings-unusable"


class Embedder(Protocol):
    """Makes rows of numbers of texts. `name` is a digest of the files it comes from: the same name, the same numbers."""

    @property
    def name(self) -> str:
        """The digest."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a text has."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row of Euclidean length 1 for each text; zeros for a text that has no token."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingFiles:
    """Where embeddings lie: a network or a table of vectors, and its tokenizer. `name` is the digest of both."""

    vectors: str
    tokenizer: str
    name: str

    @property
    def is_network(self) -> bool:
        """Whether onnxruntime runs it; else it is a table."""
        return self.vectors.endswith(".onnx")

    @property
    def libraries(self) -> tuple[str, ...]:
        """The modules that reading them takes."""
        return ("tokenizers", "onnxruntime" if self.is_network else "safetensors")


class LateEmbedder:
    """An embedder that is loaded at the first text: most commands know a model and label nothing by it."""

    def __init__(self, files: EmbeddingFiles, dimensions: int) -> None:
        self._files = files
        self._dimensions = dimensions
        self._loaded: Embedder | None = None

    @property
    def name(self) -> str:
        """See `Embedder`."""
        return self._files.name

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Floats:
        """See `Embedder`. Raises: EmbeddingsUnusable."""
        if self._loaded is None:
            self._loaded = load_embedder(self._files)
            if self._loaded.dimensions != self._dimensions:
                what = f"the embeddings have {self._loaded.dimensions} dimensions and not {self._dimensions}"
                raise EmbeddingsUnusable(what, path=os.fsencode(self._files.vectors), hint=HINT)
        return self._loaded.embed(texts)


def find_embeddings(source: str) -> EmbeddingFiles:
    """The embeddings in a folder, or in the package `wordllama`. They are read for their digest; no library is loaded.

    Raises: EmbeddingsUnusable; BackendMissing where a library that reads them, or that package, is not installed.
    """
    vectors, tokenizer = _in_package() if source == WORDLLAMA else _in_folder(source)
    found = EmbeddingFiles(vectors, tokenizer, _digest(*_read_both(vectors, tokenizer)))
    for name in found.libraries:
        if importlib.util.find_spec(name) is None:
            raise BackendMissing(
                f"embeddings need {name}, which is not installed", hint="pip install 'ifmosfs[transformer]'"
            )
    return found


def load_embedder(files: EmbeddingFiles) -> Embedder:
    """The embedder made of exactly the bytes that its name is the digest of, tried on a text. Raises: EmbeddingsUnusable."""
    from ifmosfs.ml.embedders import load_network, load_table

    vectors, tokenizer = _read_both(files.vectors, files.tokenizer)
    if _digest(vectors, tokenizer) != files.name:
        raise EmbeddingsUnusable("the embeddings have just been changed", path=os.fsencode(files.vectors))
    make = load_network if files.is_network else load_table
    return make(vectors, tokenizer, files)


def _digest(vectors: bytes, tokenizer: bytes) -> str:
    return hashlib.sha256(hashlib.sha256(vectors).digest() + hashlib.sha256(tokenizer).digest()).hexdigest()


def _in_folder(folder: str) -> tuple[str, str]:
    """The paths of vectors and tokenizer."""
    if not os.path.isdir(folder):
        raise EmbeddingsUnusable("there is no such folder of embeddings", path=os.fsencode(folder), hint=HINT)
    tokenizer = os.path.join(folder, TOKENIZER)
    if not os.path.lexists(tokenizer):
        raise EmbeddingsUnusable(f"no embeddings: there is no {TOKENIZER}", path=os.fsencode(folder), hint=HINT)
    for name in NETWORKS:
        if os.path.lexists(os.path.join(folder, name)):
            return os.path.join(folder, name), tokenizer
    return _only(folder, ".safetensors"), tokenizer


def _in_package() -> tuple[str, str]:
    """The files that the package has with it. Its own loader is not asked: it may go to the network."""
    spec = importlib.util.find_spec(WORDLLAMA)  # finds the package and runs none of it
    if spec is None or not spec.submodule_search_locations:
        raise BackendMissing("the package wordllama is not installed", hint="pip install --no-deps wordllama")
    (folder, *_) = spec.submodule_search_locations
    return _only(os.path.join(folder, "weights"), ".safetensors"), _only(os.path.join(folder, "tokenizers"), ".json")


def _only(folder: str, suffix: str) -> str:
    """The one file of that extension in a folder."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(suffix))
    except OSError as error:
        raise EmbeddingsUnusable(f"cannot be read ({error.strerror})", path=os.fsencode(folder), hint=HINT) from error
    if len(names) != 1:
        what = f"no embeddings: there are {len(names)} files *{suffix}, and one is needed"
        raise EmbeddingsUnusable(what, path=os.fsencode(folder), hint=HINT)
    return os.path.join(folder, names[0])


def _read_both(vectors: str, tokenizer: str) -> tuple[bytes, bytes]:
    return _read(vectors, MOST_VECTORS_BYTES), _read(tokenizer, MOST_TOKENIZER_BYTES)


def _read(path: str, most: int) -> bytes:
    """A file's content. Links are followed: folders of downloaded models consist of them."""
    place = os.fsencode(path)
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_size > most:
                raise EmbeddingsUnusable("no file of a size that embeddings have", path=place, hint=HINT)
            return file.read(most)
    except OSError as error:
        raise EmbeddingsUnusable(f"cannot be read ({error.strerror})", path=place, hint=HINT) from error
