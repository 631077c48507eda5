"""A sketch of a file: 20 bytes by which files that may be like each other are found without being read again.

The first 16 are a SimHash (Charikar 2002) of some hundred tokens of name, format, structure and text: the share of bits in which two
sketches differ grows with the angle between the files. The last 4 tell the camera, scanner or program that made the file, zeros where
that is not known. A sketch only proposes; what is like what is decided by the features themselves (`ml.likeness`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Final

from ifmosfs.core.names import split, split_extension
from ifmosfs.ml.by_name import as_words
from ifmosfs.ml.extract.values import NOTHING

if TYPE_CHECKING:
    from ifmosfs.core.proposal import Proposal
    from ifmosfs.ml.classifier import Evidence

CERTAIN: Final = 0.97  # from this score on nobody asks what else a file may be like
N_BYTES: Final = 16
N_BITS: Final = 8 * N_BYTES
N_TOKENS: Final = 240  # below 256, so that the count of each bit fits a byte
N_TEXT_WORDS: Final = 120
FEWEST_LETTERS: Final = 5
ON_DEMAND: Final = frozenset(
    {"text", "program"}
)  # extracts that not everybody asks for: sketches must not depend on it

_BIT_OF_EACH: Final = tuple(bytes((byte >> bit) & 1 for byte in range(256)) for bit in range(8))
_WORD: Final = re.compile(r"[^\W\d_]{3,24}")
_DIGITS: Final = re.compile(rb"\d+")
_LETTERS: Final = re.compile(r"[^\W\d_]")


def sketch_of(evidence: Evidence) -> bytes:
    """The sketch of a file of which this was seen."""
    return _simhash(dict.fromkeys(islice(_tokens(evidence), N_TOKENS))) + _maker(evidence)


def sketched(proposal: Proposal, evidence: Evidence) -> Proposal:
    """The proposal with the sketch of its file, where it is not so sure that nobody will ask what the file is like."""
    if proposal.score >= CERTAIN or evidence.settled is not None:
        return proposal
    return replace(proposal, sketch=sketch_of(evidence))


def distance(one: bytes, other: bytes) -> int:
    """In how many of the 128 bits two sketches differ."""
    return (int.from_bytes(one[:N_BYTES], "big") ^ int.from_bytes(other[:N_BYTES], "big")).bit_count()


def maker_in(sketch: bytes) -> bytes | None:
    """What made the file, as four bytes; `None` where that is not known."""
    maker = sketch[N_BYTES:]
    return maker if any(maker) else None


def name_key(name: bytes) -> bytes | None:
    """Equal for names that differ in their numbers only; `None` for names without a word, which say nothing: `IMG_2041.jpg`."""
    stem = split_extension(name)[0].decode("utf-8", "replace")
    if len(_LETTERS.findall(stem)) < FEWEST_LETTERS:
        return None
    return _DIGITS.sub(b"0", name.lower())


def _simhash(tokens: Iterable[str]) -> bytes:
    digests = [blake2b(token.encode("utf-8", "replace"), digest_size=N_BYTES).digest() for token in tokens]
    half, joined = len(digests) / 2, b"".join(digests)
    bits = 0
    for at in range(N_BYTES):
        column = joined[at::N_BYTES]
        for table in _BIT_OF_EACH:
            bits = bits << 1 | (column.translate(table).count(1) > half)
    return bits.to_bytes(N_BYTES, "big")


def _tokens(evidence: Evidence) -> Iterator[str]:
    extract = NOTHING if evidence.extract.kind in ON_DEMAND else evidence.extract
    stem, extension = split_extension(split(evidence.file.path)[1])
    yield f"f:{evidence.format_name}"
    yield f"x:{extension.decode('utf-8', 'replace').lower()}"
    yield f"k:{extract.kind}"
    yield from (f"n:{word}" for word in as_words(stem.decode("utf-8", "replace")).split()[:12] if not word.isdigit())
    yield from (f"r:{finding.what}" for finding in evidence.findings[:20])
    yield from (f"{name}={value.lower()}" for name, value in islice(extract.fields.items(), 12))
    yield from (f"y:{key.lower()}" for key in extract.keys[:24])
    yield from (f"m:{member.rpartition('/')[2].lower()}" for member in extract.members[:16])
    words = islice((match[0].lower() for match in _WORD.finditer(extract.text)), N_TEXT_WORDS)
    yield from (f"t:{word}" for word in words)


def _maker(evidence: Evidence) -> bytes:
    fields = evidence.extract.fields
    camera = [fields[name] for name in ("maker", "model") if name in fields]
    made_by = " ".join(camera) or fields.get("producer", "")
    return zlib.crc32(made_by.lower().encode("utf-8", "replace")).to_bytes(4, "big") if made_by else bytes(4)
