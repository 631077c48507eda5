"""Sound: WAV, AIFF and AU with samples, MP3 and FLAC with frames and tags, Ogg, MP4, MIDI."""

from __future__ import annotations

import io
import math
import struct
import wave
from array import array

from ifmosfs.ml.synth.pen import Pen

Tags = dict[str, str]


def choose_tags(pen: Pen) -> Tags:
    """Who plays what."""
    return {
        "title": pen.slot("song", ""),
        "artist": pen.slot("artist", ""),
        "album": pen.slot("song", ""),
        "genre": pen.slot("genre", ""),
        "year": pen.slot("year", ""),
        "track": str(pen.whole(1, 20)),
    }


def samples(pen: Pen, n: int, rate: int) -> array[int]:
    """Tones that come and go, and some noise."""
    tones = [(pen.rng.uniform(60, 1800), pen.rng.uniform(500, 6000)) for _ in range(pen.whole(1, 3))]
    rough = pen.whole(0, 900)
    out = array("h")
    for at in range(n):
        value = sum(height * math.sin(6.2832 * pitch * at / rate) for pitch, height in tones)
        out.append(int(max(-32000, min(32000, value + (pen.rng.random() - 0.5) * rough))))
    return out


def write_wav(pen: Pen) -> bytes:
    """A short recording."""
    rate = pen.pick((8000, 11025, 16000, 22050, 44100))
    channels = pen.pick((1, 1, 2))
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples(pen, pen.size(400, 9000) * channels, rate).tobytes())
    return out.getvalue()


def write_aiff(pen: Pen) -> bytes:
    """The same as AIFF, as Macs record."""
    data = samples(pen, pen.size(400, 6000), 22050)
    data.byteswap()
    rate = b"\x40\x0d\xac\x44" + bytes(6)
    common = b"COMM" + struct.pack(">IhIh", 18, 1, len(data), 16) + rate
    sound = b"SSND" + struct.pack(">III", len(data) * 2 + 8, 0, 0) + data.tobytes()
    return b"FORM" + struct.pack(">I", 4 + len(common) + len(sound)) + b"AIFF" + common + sound


def write_au(pen: Pen) -> bytes:
    """Sun's format."""
    data = samples(pen, pen.size(400, 5000), 8000)
    data.byteswap()
    return b".snd" + struct.pack(">IIIII", 24, len(data) * 2, 3, 8000, 1) + data.tobytes()


def write_mp3(pen: Pen) -> bytes:
    """Frames of 32 kHz to 48 kHz, with tags before, behind or nowhere."""
    tags = choose_tags(pen)
    index = pen.pick((5, 7, 9, 9, 11))
    rate = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192)[index]
    length = 144 * rate * 1000 // 44100
    head = bytes([0xFF, 0xFB, index << 4, pen.pick((0x00, 0x40, 0xC0))])
    side = bytes(32)
    frames = b"".join(head + side + pen.noise(24) + bytes(length - 60) for _ in range(pen.size(12, 90)))
    front = _id3(tags, pen) if pen.chance(0.8) else b""
    back = _id3v1(tags) if pen.chance(0.4) else b""
    return front + frames + back


def _id3(tags: Tags, pen: Pen) -> bytes:
    names = {"title": b"TIT2", "artist": b"TPE1", "album": b"TALB", "genre": b"TCON", "year": b"TYER", "track": b"TRCK"}
    kept = [(names[key], value) for key, value in tags.items() if pen.chance(0.85)]
    kept.append((b"TSSE", pen.pick(("LAME 64bits version 3.100", "Lavf58.29.100", "iTunes 12.9", "Audacity"))))
    body = b"".join(
        name + struct.pack(">IH", len(raw) + 1, 0) + b"\x01" + raw
        for name, value in kept
        for raw in (b"\xff\xfe" + value.encode("utf-16-le"),)
    )
    body += bytes(pen.pick((0, 128, 512)))
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + body


def _id3v1(tags: Tags) -> bytes:
    fields = b"".join(
        tags[key].encode("latin-1", "replace")[:n].ljust(n, b"\x00")
        for key, n in (("title", 30), ("artist", 30), ("album", 30), ("year", 4))
    )
    return b"TAG" + fields + bytes(30) + b"\x0c"


def write_flac(pen: Pen) -> bytes:
    """Frames of constant blocks, which are the shortest that the format has, with comments."""
    n_blocks, size = pen.whole(4, 60), 4096
    info = struct.pack(">HH", size, size) + bytes(6)
    info += ((44100 << 44) | (0 << 41) | (15 << 36) | (n_blocks * size)).to_bytes(8, "big") + pen.noise(16)
    comments = _comments(choose_tags(pen), pen)
    blocks = b"\x00" + len(info).to_bytes(3, "big") + info + b"\x84" + len(comments).to_bytes(3, "big") + comments
    return b"fLaC" + blocks + b"".join(_flac_frame(number, pen) for number in range(n_blocks))


def _flac_frame(number: int, pen: Pen) -> bytes:
    head = b"\xff\xf8\xc9\x08" + bytes([number])
    head += bytes([_crc8(head)])
    body = head + b"\x00" + struct.pack(">h", pen.whole(-300, 300))
    return body + struct.pack(">H", _crc16(body))


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _comments(tags: Tags, pen: Pen) -> bytes:
    vendor = pen.pick((b"reference libFLAC 1.3.3 20190804", b"Lavf59.27.100", b"Xiph.Org libVorbis I 20200704"))
    rows = [f"{key.upper()}={value}".encode() for key, value in tags.items()]
    return (
        struct.pack("<I", len(vendor))
        + vendor
        + struct.pack("<I", len(rows))
        + b"".join(struct.pack("<I", len(row)) + row for row in rows)
    )


def write_ogg(pen: Pen, *, opus: bool) -> bytes:
    """The head pages of Vorbis or Opus, and pages of noise behind them."""
    serial = pen.whole(1, 2**31)
    if opus:
        first, second = (
            b"OpusHead\x01\x02" + struct.pack("<HIhB", 312, 48000, 0, 0),
            b"OpusTags" + _comments(choose_tags(pen), pen),
        )
    else:
        first = b"\x01vorbis" + struct.pack("<IBIiii", 0, 2, 44100, 0, 128000, 0) + b"\xb8\x01"
        second = b"\x03vorbis" + _comments(choose_tags(pen), pen) + b"\x01"
    pages = [_ogg_page(first, 2, 0, 0, serial), _ogg_page(second, 0, 0, 1, serial)]
    n = pen.whole(3, 20)
    pages.extend(
        _ogg_page(pen.noise(240), 4 if at == n - 1 else 0, 48000 * (at + 1), at + 2, serial) for at in range(n)
    )
    return b"".join(pages)


def _ogg_page(body: bytes, flags: int, position: int, number: int, serial: int) -> bytes:
    lacing = [255] * (len(body) // 255) + [len(body) % 255]
    head = b"OggS\x00" + struct.pack("<BqII", flags, position, serial, number)
    tail = bytes([len(lacing), *lacing]) + body
    return head + struct.pack("<I", _ogg_crc(head + bytes(4) + tail)) + tail


def _ogg_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


OGG_TABLE = _ogg_table()


def _ogg_crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ OGG_TABLE[value >> 24 ^ byte]
    return value


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of MP4 and its kin."""
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def write_mp4(pen: Pen, *, sound: bool) -> bytes:
    """A short MP4: brands, a movie header with one track, data. With `sound` an M4A of AAC."""
    brand = b"M4A " if sound else pen.pick((b"isom", b"mp42", b"qt  "))
    seconds = pen.whole(2, 4000)
    header = box(
        b"mvhd",
        bytes(12),
        struct.pack(">II", 1000, seconds * 1000),
        struct.pack(">IH", 0x10000, 0x100),
        bytes(10),
        struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000),
        bytes(24),
        struct.pack(">I", 2),
    )
    size = (0, 0) if sound else pen.pick(((1920, 1080), (1280, 720), (640, 480), (1080, 1920)))
    track_head = box(
        b"tkhd",
        struct.pack(">I", 7),
        bytes(8),
        struct.pack(">II", 1, 0),
        struct.pack(">I", seconds * 1000),
        bytes(16),
        struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000),
        struct.pack(">II", size[0] << 16, size[1] << 16),
    )
    kind = b"soun" if sound else b"vide"
    media = box(
        b"mdia",
        box(b"mdhd", bytes(12), struct.pack(">IIHH", 44100, seconds * 44100, 0x55C4, 0)),
        box(b"hdlr", bytes(8), kind, bytes(12), b"SoundHandler\x00"),
        box(b"minf", _sample_table(sound=sound, size=size)),
    )
    data = box(b"mdat", pen.noise(pen.size(500, 20_000)))
    movie = box(b"moov", header, box(b"trak", track_head, media), _itunes(pen) if sound else b"")
    start = box(b"ftyp", brand, struct.pack(">I", 512), brand, b"isom")
    return start + (movie + data if pen.chance(0.5) else data + movie)


def _sample_table(*, sound: bool, size: tuple[int, int]) -> bytes:
    if sound:
        head = bytes(6) + struct.pack(">H", 1) + bytes(8) + struct.pack(">HHIHH", 2, 16, 0, 44100, 0)
        entry = box(b"mp4a", head, _decoder())
    else:
        entry = box(
            b"avc1",
            bytes(6),
            struct.pack(">H", 1),
            bytes(16),
            struct.pack(">HH", *size),
            struct.pack(">III", 0x480000, 0x480000, 0),
            struct.pack(">H", 1),
            bytes(32),
            struct.pack(">Hh", 24, -1),
        )
    empty = b"".join(box(kind, bytes(8)) for kind in (b"stts", b"stsc", b"stco")) + box(b"stsz", bytes(12))
    return box(b"stbl", box(b"stsd", bytes(4), struct.pack(">I", 1), entry), empty)


def _decoder() -> bytes:
    """What tells a player that it is AAC: nested descriptors of MPEG-4."""

    def descriptor(tag: int, body: bytes) -> bytes:
        return bytes([tag, 0x80, 0x80, 0x80, len(body)]) + body

    config = bytes([0x40, 0x15, 0, 0, 0]) + struct.pack(">II", 128_000, 128_000) + descriptor(5, b"\x12\x10")
    return box(b"esds", bytes(4), descriptor(3, b"\x00\x01\x00" + descriptor(4, config) + descriptor(6, b"\x02")))


def _itunes(pen: Pen) -> bytes:
    tags = choose_tags(pen)
    names = ((b"\xa9nam", "title"), (b"\xa9ART", "artist"), (b"\xa9alb", "album"))
    rows = b"".join(box(name, box(b"data", struct.pack(">II", 1, 0), tags[key].encode())) for name, key in names)
    return box(b"udta", box(b"meta", bytes(4), box(b"hdlr", bytes(8), b"mdirappl", bytes(9)), box(b"ilst", rows)))


def write_midi(pen: Pen) -> bytes:
    """Tracks of notes."""
    tracks = []
    for _ in range(pen.whole(1, 5)):
        name = pen.slot("noun", "").encode()
        events = bytearray(b"\x00\xff\x03" + bytes([len(name)]) + name + b"\x00\xc0" + bytes([pen.whole(0, 127)]))
        note = pen.whole(40, 70)
        for _ in range(pen.size(10, 300)):
            note = max(24, min(100, note + pen.whole(-5, 5)))
            events += bytes(
                [pen.pick((0, 24, 48, 96)), 0x90, note, pen.whole(40, 110), pen.pick((24, 48, 96)), 0x80, note, 0]
            )
        events += b"\x00\xff\x2f\x00"
        tracks.append(b"MTrk" + struct.pack(">I", len(events)) + bytes(events))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), pen.pick((96, 120, 480))) + b"".join(tracks)
