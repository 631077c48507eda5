"""Recordings by tinytag: tags, and how long and how fine they are."""

from __future__ import annotations

from typing import BinaryIO, Final, cast

from ifmosfs.ml.extract.values import Notes, Unreadable
from ifmosfs.ml.sample import Sample, SampleFile

_FIELDS: Final = {"title": "title", "artist": "author", "album": "album", "genre": "genre", "year": "created"}
_NUMBERS: Final = {
    "duration": "duration_s",
    "bitrate": "bitrate_kbps",
    "samplerate": "sample_rate_hz",
    "channels": "n_channels",
}


def read_audio(sample: Sample, notes: Notes) -> None:
    """Note what a recording says. The pictures in it are not read."""
    from tinytag import TinyTag, TinyTagException

    try:
        tag = TinyTag.get(file_obj=cast("BinaryIO", SampleFile(sample)))
    except TinyTagException as error:
        raise Unreadable("a recording in a format that is not known, or damaged") from error
    for attribute, name in _FIELDS.items():
        notes.field(name, getattr(tag, attribute))
    for attribute, name in _NUMBERS.items():
        value = getattr(tag, attribute)
        if value is not None:
            notes.number(name, value)
