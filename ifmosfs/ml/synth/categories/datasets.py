"""technical_dataset: arrays, tables and measurements in formats that are no text."""

from __future__ import annotations

import pickle
import struct
import zlib

from ifmosfs.ml.synth.formats.zipped import write_gzip, write_zip
from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft, document

DATA_NAMES = "data|X_train|y_test|features|results_«n:1-40»|«noun»_«n:001-200»|measurement|«isodate»_run«n:1-20»|embeddings|part-0000«n:0-9»-«uuid»|«city»_«year»|sample|dataset|«noun»"
DATA_FOLDERS = "data|datasets/«noun»|results/run«n:1-9»|raw|experiments"


def npy(pen: Pen) -> bytes:
    """An array of NumPy."""
    n, columns = pen.size(4, 400), pen.whole(1, 8)
    kind, code = pen.pick((("<f8", "d"), ("<f4", "f"), ("<i4", "i"), ("|u1", "B")))
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({n}, {columns}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    values = [pen.whole(0, 255) if code in "iB" else pen.rng.gauss(0, 1) for _ in range(n * columns)]
    return (
        b"\x93NUMPY\x01\x00"
        + struct.pack("<H", len(head))
        + head.encode()
        + struct.pack(f"<{n * columns}{code}", *values)
    )


@document("technical_dataset", weight=2)
def numpy_array(pen: Pen) -> Draft:
    """NumPy's own formats."""
    if pen.chance(0.4):
        return Draft(
            write_zip({f"{name}.npy": npy(pen) for name in ("x", "y", "arr_0")[: pen.whole(1, 3)]}),
            "npz",
            DATA_NAMES,
            DATA_FOLDERS,
        )
    return Draft(npy(pen), "npy", DATA_NAMES, DATA_FOLDERS)


def _thrift(fields: list[tuple[int, int, bytes]]) -> bytes:
    """A struct of Thrift's compact protocol: (number, type, value) in rising order."""
    out, last = bytearray(), 0
    for number, kind, value in fields:
        out += bytes([(number - last) << 4 | kind]) + value
        last = number
    return bytes(out) + b"\x00"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _text(text: str) -> bytes:
    return _varint(len(text.encode())) + text.encode()


def parquet(pen: Pen) -> bytes:
    """Required columns of doubles, one page each, in one group of rows."""
    names = pen.sample(pen.lists["noun"], pen.whole(1, 6))
    n = pen.size(4, 300)
    out, chunks, total = bytearray(b"PAR1"), [], 0
    for name in names:
        values = struct.pack(f"<{n}d", *(pen.rng.gauss(0, 10) for _ in range(n)))
        data = _thrift([(1, 5, _zigzag(n)), (2, 5, _zigzag(0)), (3, 5, _zigzag(3)), (4, 5, _zigzag(3))])
        page = _thrift([(1, 5, _zigzag(0)), (2, 5, _zigzag(len(values))), (3, 5, _zigzag(len(values))), (5, 12, data)])
        place, size = len(out), len(page) + len(values)
        out += page + values
        meta = _thrift(
            [
                (1, 5, _zigzag(5)),
                (2, 9, b"\x15" + _zigzag(0)),
                (3, 9, b"\x18" + _text(name)),
                (4, 5, _zigzag(0)),
                (5, 6, _zigzag(n)),
                (6, 6, _zigzag(size)),
                (7, 6, _zigzag(size)),
                (9, 6, _zigzag(place)),
            ]
        )
        chunks.append(_thrift([(2, 6, _zigzag(place)), (3, 12, meta)]))
        total += size
    schema = [_thrift([(4, 8, _text("schema")), (5, 5, _zigzag(len(names)))])] + [
        _thrift([(1, 5, _zigzag(5)), (3, 5, _zigzag(0)), (4, 8, _text(name))]) for name in names
    ]
    group = _thrift(
        [(1, 9, bytes([len(chunks) << 4 | 12]) + b"".join(chunks)), (2, 6, _zigzag(total)), (3, 6, _zigzag(n))]
    )
    footer = _thrift(
        [
            (1, 5, _zigzag(1)),
            (2, 9, bytes([len(schema) << 4 | 12]) + b"".join(schema)),
            (3, 6, _zigzag(n)),
            (4, 9, b"\x1c" + group),
            (
                6,
                8,
                _text(pen.pick(("parquet-cpp-arrow version 8.0.0", "parquet-mr version 1.12.3", "fastparquet-python"))),
            ),
        ]
    )
    return bytes(out) + footer + struct.pack("<I", len(footer)) + b"PAR1"


@document("technical_dataset", weight=2)
def parquet_table(pen: Pen) -> Draft:
    """Parquet."""
    return Draft(parquet(pen), pen.pick(("parquet", "parquet", "pq", "snappy.parquet")), DATA_NAMES, DATA_FOLDERS)


@document("technical_dataset", weight=3, by_format=True)
def scientific_binary(pen: Pen) -> Draft:
    """MATLAB, NetCDF, FITS, HDF5, IDX, NIfTI, EDF, pickles, capture files, shapes."""
    kind = pen.pick(
        (
            "mat",
            "nc",
            "fits",
            "h5",
            "hdf5",
            "idx3-ubyte",
            "nii.gz",
            "edf",
            "pkl",
            "pcap",
            "shp",
            "rds",
            "sav",
            "feather",
            "tfrecord",
            "avro",
            "las",
            "npz",
            "root",
            "dta",
        )
    )
    n = pen.size(20, 900)
    values = struct.pack(f"<{n}d", *(pen.rng.gauss(0, 5) for _ in range(n)))
    name = pen.slot("noun", "")
    return Draft(_scientific(kind, pen, name, values, n), kind, DATA_NAMES, DATA_FOLDERS)


def _scientific(kind: str, pen: Pen, name: str, values: bytes, n: int) -> bytes:
    match kind:
        case "mat":
            return struct.pack("<iiiii", 0, n, 1, 0, len(name) + 1) + name.encode() + b"\x00" + values
        case "nc":
            return _netcdf(name, n, pen)
        case "fits":
            return _fits(n, pen, name)
        case "idx3-ubyte":
            return struct.pack(">IIII", 0x803, 4, 28, 28) + pen.noise(4 * 784)
        case "nii.gz":
            return write_gzip(struct.pack("<i", 348).ljust(344, b"\x00") + b"n+1\x00" + bytes(4) + values)
        case "edf":
            return (
                b"0       "
                + b"X X X X".ljust(80)
                + b"Startdate".ljust(80)
                + b"01.01.1010.00.00512     ".ljust(24)
                + bytes(60)
                + values
            )
        case "pkl":
            return pickle.dumps(
                {
                    name: [round(pen.rng.random(), 4) for _ in range(n)],
                    "labels": [pen.slot("word", "") for _ in range(9)],
                },
                protocol=4,
            )
        case "pcap":
            frames = b"".join(
                struct.pack("<IIII", 1_600_000_000 + at, 0, 60, 60) + pen.noise(60) for at in range(min(n, 90))
            )
            return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + frames
        case "shp":
            body = b"".join(
                struct.pack(">II", at + 1, 10)
                + struct.pack("<Idd", 1, pen.rng.uniform(-9, 20), pen.rng.uniform(40, 60))
                for at in range(min(n, 200))
            )
            return (
                struct.pack(">I20xI", 9994, (100 + len(body)) // 2)
                + struct.pack("<II8d", 1000, 1, -20, 30, 30, 65, 0, 0, 0, 0)
                + body
            )
        case "rds":
            return write_gzip(
                b"X\n\x00\x00\x00\x02\x00\x03\x06\x00\x00\x02\x03\x00\x00\x00\x00\x0e" + struct.pack(">I", n) + values
            )
        case _:
            return _scientific_more(kind, pen, name, values, n)


def _scientific_more(kind: str, pen: Pen, name: str, values: bytes, n: int) -> bytes:
    match kind:
        case "avro":
            schema = f'{{"type":"record","name":"{name}","fields":[{{"name":"x","type":"double"}}]}}'
            sync = pen.noise(16)
            return (
                b"Obj\x01\x04\x16avro.schema"
                + _zigzag(len(schema))
                + schema.encode()
                + b"\x14avro.codec\x08null\x00"
                + sync
                + _zigzag(n)
                + _zigzag(len(values))
                + values
                + sync
            )
        case "dta":
            return (
                b"<stata_dta><header><release>118</release><byteorder>LSF</byteorder><K>"
                + struct.pack("<H", 2)
                + b"</K></header>"
                + values
            )
        case _:
            heads = {
                "h5": _hdf5(),
                "hdf5": _hdf5(),
                "sav": b"$FL2@(#) IBM SPSS STATISTICS 64-bit MS Windows 26.0.0.0          " + struct.pack("<ii", 2, 3),
                "feather": b"ARROW1\x00\x00",
                "las": b"LASF" + bytes(20) + b"\x01\x02",
                "root": b"root\x00\x00\xf2\x6c",
                "tfrecord": struct.pack("<QI", len(values), zlib.crc32(values)),
            }
            return heads.get(kind, npy(pen)) + (values if kind in heads else b"")


def _hdf5() -> bytes:
    """The superblock and an empty root group."""
    undefined = b"\xff" * 8
    block = (
        b"\x89HDF\r\n\x1a\n"
        + bytes([0, 0, 0, 0, 0, 8, 8, 0])
        + struct.pack("<HHI", 4, 16, 0)
        + bytes(8)
        + undefined
        + struct.pack("<Q", 800)
        + undefined
    )
    entry = struct.pack("<QQII", 0, 96, 0, 0) + bytes(16)
    header = (
        struct.pack("<BBHII", 1, 0, 1, 1, 24)
        + bytes(4)
        + struct.pack("<HHB3x", 0x11, 16, 0)
        + struct.pack("<QQ", 136, 680)
    )
    tree = b"TREE" + struct.pack("<BBH", 0, 0, 0) + undefined * 2 + bytes(520)
    heap = b"HEAP" + bytes(4) + struct.pack("<QQQ", 88, 8, 712) + struct.pack("<QQ", 1, 0) + bytes(72)
    return (block + entry + header + tree).ljust(680, b"\x00") + heap.ljust(120, b"\x00")


def _netcdf(name: str, n: int, pen: Pen) -> bytes:
    label = name.encode() + bytes(-len(name) % 4)
    names = struct.pack(">I", len(name)) + label
    head = b"CDF\x01" + struct.pack(">I", 0) + struct.pack(">II", 10, 1) + names + struct.pack(">I", n) + bytes(8)
    head += struct.pack(">II", 11, 1) + names + struct.pack(">II", 1, 0) + bytes(8) + struct.pack(">II", 5, 4 * n)
    return head + struct.pack(">I", len(head) + 4) + struct.pack(f">{n}f", *(pen.rng.gauss(0, 9) for _ in range(n)))


def _fits(n: int, pen: Pen, name: str) -> bytes:
    cards = [
        f"{'SIMPLE':<8}= {'T':>20}",
        f"{'BITPIX':<8}= {16:>20}",
        f"{'NAXIS':<8}= {1:>20}",
        f"{'NAXIS1':<8}= {n:>20}",
        f"{'OBJECT':<8}= '{name.upper():<8}'",
        f"{'TELESCOP':<8}= '{pen.slot('surname', '')[:8]:<8}'",
        "END",
    ]
    head = "".join(f"{card:<80}" for card in cards).encode("ascii", "replace")
    data = struct.pack(f">{n}h", *(pen.whole(0, 3000) for _ in range(n)))
    return head.ljust(-(-len(head) // 2880) * 2880) + data.ljust(-(-len(data) // 2880) * 2880, b"\x00")


@document("technical_dataset")
def zipped_data(pen: Pen) -> Draft:
    """A table, compressed as one file."""
    rows = "\n".join(pen.say("«n:1-9999»,«f:0-99/3»,«f:0-99/3»,«word»") for _ in range(pen.size(20, 900)))
    return Draft(
        write_gzip(("id,x,y,label\n" + rows + "\n").encode()),
        pen.pick(("csv.gz", "tsv.gz", "jsonl.gz", "txt.gz")),
        DATA_NAMES,
        DATA_FOLDERS,
    )
