"""media_audio: songs, recordings, sounds and scores that play."""

from __future__ import annotations

import struct

from ifmosfs.ml.synth.formats import audio
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

SONG_NAMES = "«song»|«n:01-20» «song»|«artist» - «song»|«n:01-20» - «artist» - «song»|track«n:01-20»|podcast episode «n:1-200»|audiobook chapter «n:1-40»|demo «isodate»"
SOUND_NAMES = "recording «isodate»|Recording («n:1-30»)|Voice «n:001-300»|New Recording «n:1-40»|beep|click|explosion«n:1-9»|alarm|notification|kick_«n:01-20»|snare|«noun»_loop_«n:80-170»bpm|dialtone|Sprachmemo «n:1-30»|PTT-«ts:%Y%m%d»-WA«n:0001-0080»|sfx_«noun»|memo"
MUSIC_FOLDERS = "Music/«artist»/«Noun»|Musik|iTunes/iTunes Media/Music|Podcasts|Audiobooks/«surname»|mp3"
SOUND_FOLDERS = "sounds|Recordings|samples|assets/audio|Voice Recorder|usr/share/sounds"


@document("media_audio", weight=4)
def song_mp3(pen: Pen) -> Draft:
    """Music or speech as MP3."""
    return Draft(audio.write_mp3(pen), "mp3", SONG_NAMES, MUSIC_FOLDERS)


@document("media_audio", weight=2)
def song_flac(pen: Pen) -> Draft:
    """Music as FLAC."""
    return Draft(audio.write_flac(pen), "flac", SONG_NAMES, MUSIC_FOLDERS)


@document("media_audio", weight=3, by_format=True)
def song_ogg(pen: Pen) -> Draft:
    """Vorbis and Opus."""
    opus = pen.chance(0.5)
    return Draft(
        audio.write_ogg(pen, opus=opus),
        pen.pick(("opus", "ogg")) if opus else pen.pick(("ogg", "oga")),
        SONG_NAMES + "|" + SOUND_NAMES,
        MUSIC_FOLDERS,
    )


@document("media_audio", weight=2)
def song_m4a(pen: Pen) -> Draft:
    """AAC in MP4."""
    return Draft(
        audio.write_mp4(pen, sound=True),
        pen.pick(("m4a", "m4a", "m4b", "m4r")),
        SONG_NAMES + "|" + SOUND_NAMES,
        MUSIC_FOLDERS,
    )


@document("media_audio", weight=4)
def recording_wav(pen: Pen) -> Draft:
    """A recording or an effect as WAV."""
    return Draft(audio.write_wav(pen), "wav", SOUND_NAMES, SOUND_FOLDERS)


@document("media_audio", by_format=True)
def recording_other(pen: Pen) -> Draft:
    """AIFF, AU, AMR."""
    kind = pen.pick(("aiff", "aif", "au", "amr", "snd"))
    raw = (
        b"#!AMR\n" + pen.noise(pen.size(200, 4000))
        if kind == "amr"
        else audio.write_aiff(pen)
        if kind in {"aiff", "aif"}
        else audio.write_au(pen)
    )
    return Draft(raw, kind, SOUND_NAMES, SOUND_FOLDERS)


@document("media_audio", weight=2)
def midi_song(pen: Pen) -> Draft:
    """Notes."""
    return Draft(
        audio.write_midi(pen),
        pen.pick(("mid", "mid", "midi", "kar")),
        "«song»|«noun»|«surname»_«Noun»|jingle|bwv«n:500-1000»",
        "midi|Music/midi|Noten",
    )


@document("media_audio", by_format=True)
def tracker_module(pen: Pen) -> Draft:
    """Modules of trackers, chip tunes, and Windows Media."""
    kind = pen.pick(("mod", "xm", "s3m", "it", "wma", "sid", "nsf"))
    name = pen.slot("noun", "").encode()
    body = pen.noise(pen.size(400, 6000))
    samples = b"".join(
        pen.slot("noun", "").encode().ljust(22, b"\x00") + bytes([0, 9, 0, 64, 0, 0, 0, 1]) for _ in range(31)
    )
    heads = {
        "mod": name.ljust(20, b"\x00") + samples + bytes([4, 127]) + bytes(128) + b"M.K." + bytes(1024) + body,
        "xm": b"Extended Module: "
        + name.ljust(20)
        + b"\x1a"
        + b"FastTracker v2.00   "
        + struct.pack("<HI", 0x104, 276)
        + bytes(16)
        + body,
        "s3m": name.ljust(28, b"\x00") + b"\x1a\x10\x00\x00" + bytes(12) + b"SCRM" + bytes(48) + body,
        "it": b"IMPM" + name.ljust(26, b"\x00") + bytes(34) + body,
        "wma": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
        + struct.pack("<QIBB", 30, 1, 1, 2)
        + bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
        + body,
        "sid": b"PSID\x00\x02\x00\x7c" + bytes(14) + name.ljust(32, b"\x00") * 3 + body,
        "nsf": b"NESM\x1a\x01" + bytes(8) + name.ljust(32, b"\x00") * 3 + body,
    }
    return Draft(heads[kind], kind, "«song»|«noun»|«Noun»", "mods|chiptunes|Music")
