"""Tiny embeddings, written byte by byte: a table of vectors, a network that looks its rows up, and a tokenizer for five words."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np

WORDS = ("[UNK]", "invoice", "total", "def", "return")
TABLE = np.array([[0, 0, 0.5], [3, 4, 0], [1, 0, 2], [0, -2, 1], [-1, 0.5, 0]], dtype=np.float32)

TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
}


def static_folder(folder: Path, table: np.ndarray = TABLE) -> Path:
    """A folder with static vectors."""
    return _folder(folder, "model.safetensors", safetensors({"embedding.weight": table}))


def network_folder(folder: Path, *, pooled: bool = False, inside: str = "") -> Path:
    """A folder with a sentence transformer whose network looks up the rows of the table; `pooled`: and takes their mean itself."""
    return _folder(folder, os.path.join(inside, "model.onnx"), network(pooled=pooled))


def _folder(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(content)
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    return folder


def safetensors(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays in the format of safetensors."""
    kinds = {"float32": "F32", "float16": "F16", "int64": "I64"}
    header, body = {}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": kinds[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    described = json.dumps(header).encode()
    return struct.pack("<Q", len(described)) + described + body


def network(
    *, pooled: bool = False, wants: str = "attention_mask", table: np.ndarray = TABLE, says_it: bool = True
) -> bytes:
    """An ONNX model: `Gather` of the table by `input_ids`, and with `pooled` also `ReduceMean` over the tokens."""
    rows = "last_hidden_state"
    nodes = [_node("Gather", ["table", "input_ids"], rows)]
    outputs = [_value(rows, 1, ["batch", "tokens", table.shape[1]])]
    if pooled:
        nodes.append(_node("ReduceMean", [rows], "sentence_embedding", axes=[1], keepdims=0))
        outputs.append(_value("sentence_embedding", 1, ["batch", table.shape[1]]))
    inputs = [_value(name, 7, ["batch", "tokens"]) for name in ("input_ids", wants)]
    held = (
        b"".join(_number(1, size) for size in table.shape)
        + _number(2, 1)
        + _bytes(8, b"table")
        + _bytes(9, table.tobytes())
    )
    graph = (
        b"".join(_bytes(1, node) for node in nodes)
        + _bytes(2, b"tiny")
        + _bytes(5, held)
        + b"".join(_bytes(11, each) for each in inputs)
        + b"".join(_bytes(12, each) for each in outputs if says_it)
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def _node(operator: str, inputs: list[str], output: str, **numbers: int | list[int]) -> bytes:
    node = (
        b"".join(_bytes(1, name.encode()) for name in inputs)
        + _bytes(2, output.encode())
        + _bytes(4, operator.encode())
    )
    for name, value in numbers.items():
        if isinstance(value, list):
            held = b"".join(_number(8, each) for each in value) + _number(20, 7)
        else:
            held = _number(3, value) + _number(20, 2)
        node += _bytes(5, _bytes(1, name.encode()) + held)
    return node


def _value(name: str, kind: int, shape: list[str | int]) -> bytes:
    sizes = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size.encode())) for size in shape
    )
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, sizes)))


def _varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def _number(tag: int, number: int) -> bytes:
    return _varint(tag << 3) + _varint(number)


def _bytes(tag: int, content: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(content)) + content
