"""Extracts of files: from memory of what was extracted before, or from the workers."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from ifmosfs.ml.extract import wire
from ifmosfs.ml.extract.keys import content_key, extractor_name
from ifmosfs.ml.extract.pool import Pool
from ifmosfs.ml.extract.values import Extract

FLUSH_AT: Final = 256
_log: Final = logging.getLogger(__name__)


class ExtractMemory(Protocol):
    """Where extracts are kept from one run to the next; `extractor` names the version that made them."""

    def load_extracts(self, extractor: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """What is kept under these keys."""
        ...

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep these."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """A file to be looked at by a worker. The descriptor stays the asker's, and open until the answer is there."""

    descriptor: int
    size_bytes: int
    format_name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question under way: the extract when it was remembered, else the number that the pool knows it by."""

    key: bytes | None
    number: int | None = None
    known: Extract | None = None


class Extractor:
    """Asks memory first and workers second; close it, or lose what was not yet remembered."""

    def __init__(self, memory: ExtractMemory | None = None, pool: Pool | None = None) -> None:
        self._memory = memory
        self._pool = pool or Pool()
        self._fresh: dict[bytes, bytes] = {}
        self.n_remembered = 0
        self.n_extracted = 0

    @property
    def name(self) -> str:
        """Names the version of what is extracted."""
        return extractor_name()

    def ask(self, questions: Sequence[Question]) -> list[Asked]:
        """Begin with these files; in their order, what `answer` wants."""
        keys = [self._key(question) for question in questions]
        known = self._remembered([key for key in keys if key is not None])
        return [self._asked(question, key, known) for question, key in zip(questions, keys, strict=True)]

    def answer(self, asked: Asked) -> Extract:
        """The extract of a file that was asked about, once."""
        if asked.known is not None:
            return asked.known
        assert asked.number is not None
        answer = self._pool.wait(asked.number)
        self.n_extracted += 1
        if asked.key is not None and answer.lasting:
            self._fresh[asked.key] = zlib.compress(wire.encode(answer.extract), 1)
            if len(self._fresh) >= FLUSH_AT:
                self.flush()
        return answer.extract

    def forget(self, asked: Iterable[Asked]) -> None:
        """The answers to these will not be wanted."""
        self._pool.forget([each.number for each in asked if each.number is not None])

    def flush(self) -> None:
        """Remember what was extracted until now."""
        if self._memory is not None and self._fresh:
            fresh, self._fresh = self._fresh, {}
            self._memory.save_extracts(self.name, fresh.items())

    def close(self) -> None:
        """End the workers. What was not flushed is not remembered."""
        self._pool.close()

    def _key(self, question: Question) -> bytes | None:
        """`None` where nothing is remembered, or the file cannot be read, which the worker will say."""
        if self._memory is None:
            return None
        try:
            return content_key(question.descriptor, question.size_bytes, question.format_name)
        except OSError:
            return None

    def _remembered(self, keys: Sequence[bytes]) -> dict[bytes, Extract]:
        if self._memory is None or not keys:
            return {}
        stored = {key: self._fresh[key] for key in keys if key in self._fresh}
        stored |= self._memory.load_extracts(self.name, [key for key in keys if key not in stored])
        known = {key: extract for key, data in stored.items() if (extract := _decoded(data)) is not None}
        self.n_remembered += len(known)
        return known

    def _asked(self, question: Question, key: bytes | None, known: Mapping[bytes, Extract]) -> Asked:
        if key is not None and key in known:
            return Asked(key, known=known[key])
        return Asked(key, self._pool.ask(question.descriptor, question.size_bytes, question.format_name))


def _decoded(data: bytes) -> Extract | None:
    """`None` where what was kept is damaged: it is made anew, then."""
    try:
        return wire.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as error:
        _log.warning("a stored extract cannot be read and is made anew: %s", error)
        return None
