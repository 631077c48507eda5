"""The two kinds of embedders: a table of vectors by token, and a network that onnxruntime runs.

Libraries say all kinds of things about files that they do not like, even by panics of Rust: here they all become one error of ours.
An ONNX network is a program, though a tame one; it runs in this process, without limits of time or memory.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ifmosfs.ml.embedding import HINT, EmbeddingFiles, EmbeddingsUnusable
from ifmosfs.ml.model import Floats

MOST_TOKENS: Final = 256  # of a text that a network reads; its time grows with the square of them
MOST_TABLE_TOKENS: Final = 512
MOST_DIMENSIONS: Final = 4096
MOST_GROWTH: Final = 64  # a tokenizer's replacements may make a text so many times as long
BATCH: Final = 16
FLOAT_KINDS: Final = (np.float16, np.float32)
INPUTS: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
POOLED: Final = "sentence_embedding"  # what sentence-transformers calls the output that is pooled already

Integers = npt.NDArray[np.int64]


class TableEmbedder:
    """The mean of the vectors of a text's tokens."""

    def __init__(self, table: npt.NDArray[Any], tokens: Tokeniser, name: str) -> None:
        self._table = table
        self._tokens = tokens
        self.name = name

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return int(self._table.shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """See `Embedder`."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            numbers = self._tokens.numbers(text)
            if numbers:
                row[:] = self._table[numbers].astype(np.float32).mean(axis=0)
        return of_length_one(rows)


class NetworkEmbedder:
    """What a network makes of a text: what it has pooled itself, else the mean over its tokens."""

    def __init__(self, session: Any, tokens: Tokeniser, files: EmbeddingFiles) -> None:
        self._session = session
        self._tokens = tokens
        self._where = os.fsencode(files.vectors)
        self._inputs = [each.name for each in session.get_inputs()]
        outputs = [each.name for each in session.get_outputs()]
        self._output = POOLED if POOLED in outputs else outputs[0]
        self.name = files.name
        self.dimensions = 0
        self.dimensions = self._run([tokens.numbers("a") or [0]]).shape[1]

    def embed(self, texts: Sequence[str]) -> Floats:
        """See `Embedder`. Raises: EmbeddingsUnusable where the network fails."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        numbers = [self._tokens.numbers(text) if text else [] for text in texts]
        # Texts of like lengths together: all of a batch are as wide as the longest.
        order = sorted((at for at, some in enumerate(numbers) if some), key=lambda at: len(numbers[at]))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            rows[places] = self._run([numbers[at] for at in places])
        return of_length_one(rows)

    def _run(self, numbers: Sequence[Sequence[int]]) -> Floats:
        """The pooled rows of texts with at least one token each."""
        mask = np.zeros((len(numbers), max(map(len, numbers))), dtype=np.int64)
        padded = np.zeros_like(mask)
        for at, some in enumerate(numbers):
            mask[at, : len(some)] = 1
            padded[at, : len(some)] = some
        named = {"input_ids": padded, "attention_mask": mask, "token_type_ids": np.zeros_like(mask)}
        with understood(self._where, "the network cannot be run"):
            (found,) = self._session.run([self._output], {name: named[name] for name in self._inputs})
            return self._pooled(np.asarray(found, dtype=np.float32), mask)

    def _pooled(self, found: Floats, mask: Integers) -> Floats:
        if found.ndim == 3 and found.shape[:2] == mask.shape:
            found = mean_of_tokens(found, mask)
        fits = found.ndim == 2 and len(found) == len(mask) and 0 < found.shape[1] <= MOST_DIMENSIONS
        if not fits or self.dimensions not in {0, found.shape[1]}:
            raise ValueError(f"its output has the shape {found.shape}")
        return found


class Tokeniser:
    """The numbers of a text's tokens, at most so many, all below `n_known` where that is given."""

    def __init__(self, content: bytes, where: str, most: int, *, marks: bool, n_known: int | None = None) -> None:
        self._where = os.fsencode(where)
        self._marks = marks
        self._n_known = n_known
        with understood(self._where, "the tokenizer cannot be read"):
            if _growth(msgspec.json.decode(content)) > MOST_GROWTH:
                raise ValueError("it makes texts much longer")
            self._tokenizer: Any = importlib.import_module("tokenizers").Tokenizer.from_str(content.decode())
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(most)

    def numbers(self, text: str) -> list[int]:
        """The numbers of the tokens, with marks of beginning and end where the network has them."""
        whole = text.encode("utf-8", "replace").decode()  # no half of a surrogate: Rust knows none
        with understood(self._where, "the tokenizer fails"):
            # One by one, not as a batch: that would start threads, which forks of workers do not survive.
            numbers: list[int] = self._tokenizer.encode(whole, add_special_tokens=self._marks).ids
        if self._n_known is None:
            return numbers
        return [number for number in numbers if number < self._n_known]


def load_table(vectors: bytes, tokenizer: bytes, files: EmbeddingFiles) -> TableEmbedder:
    """Static vectors. Raises: EmbeddingsUnusable."""
    with understood(os.fsencode(files.vectors), "the table of vectors cannot be read"):
        arrays = importlib.import_module("safetensors.numpy").load(vectors)
        if len(arrays) != 1:
            raise ValueError(f"there are {len(arrays)} arrays in it, and one is needed")
        (table,) = arrays.values()
        if table.dtype not in FLOAT_KINDS or table.ndim != 2 or not 0 < table.shape[1] <= MOST_DIMENSIONS:
            raise ValueError(f"it is of type {table.dtype} and of the shape {table.shape}")
        if len(table) == 0 or not np.isfinite(table).all():
            raise ValueError("some of its numbers are none")
    tokens = Tokeniser(tokenizer, files.tokenizer, MOST_TABLE_TOKENS, marks=False, n_known=len(table))
    made = TableEmbedder(table, tokens, files.name)
    made.embed(["a"])
    return made


def load_network(vectors: bytes, tokenizer: bytes, files: EmbeddingFiles) -> NetworkEmbedder:
    """A sentence transformer. Raises: EmbeddingsUnusable."""
    tokens = Tokeniser(tokenizer, files.tokenizer, MOST_TOKENS, marks=True)
    with understood(os.fsencode(files.vectors), "the network cannot be read"):
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the same sums in the same order everywhere
        options.log_severity_level = 4
        # From bytes, not by its path: so it cannot name other files that its numbers are in.
        # Without its fallback, which is to try the same again, and to print that.
        session = runtime.InferenceSession(vectors, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        unknown = sorted({each.name for each in session.get_inputs()} - INPUTS)
        if unknown:
            raise ValueError(f"it asks for {unknown[0]}")
        if not session.get_outputs():
            raise ValueError("it has no output")
        return NetworkEmbedder(session, tokens, files)


def mean_of_tokens(rows: Floats, mask: Integers) -> Floats:
    """The mean over the tokens of each text that are not padding."""
    weights = mask[:, :, None].astype(np.float32)
    found: Floats = (rows * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
    return found


def of_length_one(rows: Floats) -> Floats:
    """Rows of Euclidean length 1; those of no length, or with anything but numbers in them, are zeros."""
    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0).astype(np.float32)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    found: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0, casting="unsafe")
    return found


@contextmanager
def understood(where: bytes, what: str) -> Iterator[None]:
    """Whatever a library says of a file, as an error of ours. A panic of Rust is no `Exception`, and no bug of this program."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, EmbeddingsUnusable):
        raise
    except BaseException as error:
        told = " ".join(str(error).split())[:200]
        raise EmbeddingsUnusable(f"{what} ({told})", path=where, hint=HINT) from error


def _growth(described: object) -> int:
    """How many times as long a text may become by a tokenizer's replacements, which its file alone decides about."""
    growth, waiting = 1, [described]
    while waiting and growth <= MOST_GROWTH:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("type") == "Replace":
                growth *= max(1, len(str(each.get("content", ""))))
            elif each.get("type") == "Prepend":
                growth *= max(1, len(str(each.get("prepend", ""))))
            waiting += [part for name, part in each.items() if name not in {"model", "decoder", "added_tokens"}]
        elif isinstance(each, list):
            waiting += each
    return growth
