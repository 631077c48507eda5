"""A model in a folder: `numbers.npz`, `meta.json` and `SHA256SUMS`, written whole or not at all, and believed only after a check.

There is no code in such a folder, so loading one can do nothing but fail: arrays are read without pickle, sizes and shapes are looked
at before anything is made of them. An archive (`.ifmodel`) is a ZIP of the three.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ifmosfs.core.errors import ConfigProblem
from ifmosfs.ml.features import COLUMNS
from ifmosfs.ml.features import VERSION as FEATURES
from ifmosfs.ml.model import FLOAT, LINEAR, NOT_READ, Mixture, Model, check_shapes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ifmosfs.ml.embedding import Embedder

SCHEMA: Final = 1
NUMBERS, META, SUMS = "numbers.npz", "meta.json", "SHA256SUMS"
FILES: Final = (NUMBERS, META, SUMS)
MOST_BYTES: Final = 64 * 1024 * 1024  # of a file of a model; ours are below 10
MOST_UNPACKED: Final = 256 * 1024 * 1024
ID_LENGTH: Final = 12
_ARRAYS: Final = {
    "weights": np.float16,
    "offsets": np.float32,
    "guard_values": np.float16,
    "guard_columns": np.uint16,
    "guard_ends": np.int32,
    "guard_labels": np.int16,
}
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_NO_ZIP: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_NO_ARRAY: Final = (ValueError, KeyError, TypeError, OverflowError, MemoryError, SyntaxError, tokenize.TokenError)
"""What numpy says of bytes that are no array of its format; it has Python read the head of one."""
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class ModelUnusable(ConfigProblem):
    """A folder or archive that is no model, is damaged, or was made for another version of the program."""

    code = "model-unusable"


class EmbedderMeta(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which sentence embeddings a model reads: the digest of their files, how many numbers they give, and where they were found."""

    name: str
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    source: str


class Meta(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a model says of itself. `kind` is "linear", or else there is an `embedder`; `parent` the model that it was refitted from;
    `data` names what it was trained on with a hash over its rows; `figures` were measured on held-back groups; `libraries` are those
    it was trained with."""

    schema: int
    kind: str
    features: int
    columns: int
    labels: tuple[str, ...]
    scale: float
    trust: float
    threshold: _Share
    created: str
    seed: int
    data: dict[str, str]
    figures: dict[str, float]
    libraries: dict[str, str]
    parent: str | None = None
    n_lessons: int = 0
    embedder: EmbedderMeta | msgspec.UnsetType = msgspec.UNSET  # linear models do not even name it

    @property
    def dimensions(self) -> int:
        """Those of the sentence embedding that the model reads, 0 for none."""
        return 0 if isinstance(self.embedder, msgspec.UnsetType) else self.embedder.dimensions


@dataclass(frozen=True, slots=True)
class Guard:
    """Labelled rows that go with a model, a sample of what it was trained on: they are learned again at a refit, and guard it."""

    columns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    ends: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]

    def matrix(self) -> csr_matrix:
        """The rows as one sparse matrix."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.columns, self.ends), shape=(len(self.labels), COLUMNS))


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as it is kept. `model_id` is the beginning of a hash over all that its answers depend on, but not over when and of what
    it was made; `guard` the rows that guard it at a refit (none
    where it reads embeddings); `embedder` what it reads texts with, where it does and that was looked for."""

    model_id: str
    meta: Meta
    model: Model
    guard: Guard = field(repr=False)
    embedder: Embedder | None = field(default=None, repr=False)


def pack_model(model: Model, guard: Guard, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a model by their names. `facts` are the fields of `Meta` that do not follow from the model. The same model gives
    the same bytes."""
    numbers = _packed_numbers(model, guard)
    meta = Meta(
        schema=SCHEMA,
        features=FEATURES,
        columns=COLUMNS + model.dimensions,
        labels=model.labels,
        scale=model.mixture.scale,
        trust=model.mixture.trust,
        threshold=model.threshold,
        **facts,
    )
    described = json.dumps(msgspec.to_builtins(meta), indent=1, sort_keys=True).encode() + b"\n"
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in ((NUMBERS, numbers), (META, described))
    )
    return {NUMBERS: numbers, META: described, SUMS: sums.encode()}


def unpack_model(files: Mapping[str, bytes], where: bytes) -> StoredModel:
    """The model that some files hold; `where` is named in errors.

    Raises: ModelUnusable for what is damaged, is no model, or was made for other features than this version of the program has.
    """
    missing = [name for name in FILES if name not in files]
    if missing:
        raise ModelUnusable(f"not a model: no {' and no '.join(missing)}", path=where, hint=_HINT)
    _check_sums(files, where)
    meta = _meta(files[META], where)
    with _understood(where):
        arrays = _unpacked_numbers(files[NUMBERS])
        model = Model(
            meta.labels,
            arrays["weights"].astype(FLOAT),
            arrays["offsets"].astype(FLOAT),
            Mixture(meta.scale, meta.trust),
            meta.threshold,
            meta.kind,
            meta.dimensions,
        )
        guard = _guard(arrays, len(meta.labels))
    trouble = check_shapes(model)
    if trouble is not None:
        raise ModelUnusable(f"not a usable model: {trouble}", path=where, hint=_HINT)
    return StoredModel(_id_of(files[NUMBERS], meta), meta, model, guard)


def _id_of(numbers: bytes, meta: Meta) -> str:
    embedder = "" if isinstance(meta.embedder, msgspec.UnsetType) else meta.embedder.name
    judging = [meta.kind, meta.labels, meta.scale, meta.trust, meta.threshold, embedder]
    about = json.dumps(judging, ensure_ascii=True).encode()
    return hashlib.sha256(hashlib.sha256(numbers).digest() + about).hexdigest()[:ID_LENGTH]


def read_folder(folder: bytes) -> dict[str, bytes]:
    """The files of a model in a folder; links and what is too large are refused. Raises: ModelUnusable."""
    return {name: content for name in FILES if (content := _read(os.path.join(folder, name.encode()))) is not None}


def read_archive(path: bytes) -> dict[str, bytes]:
    """The files of a model in an archive. Raises: ModelUnusable."""
    content = _read(path)
    if content is None:
        raise ModelUnusable("there is no such file", path=path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [each for each in archive.infolist() if each.filename in FILES]
            if sum(each.file_size for each in inside) > MOST_BYTES:
                raise ModelUnusable("too large to be a model", path=path)
            _check_methods(inside)
            return {each.filename: archive.read(each) for each in inside}
    except _NO_ZIP as error:
        raise ModelUnusable(
            "not a model: a pickle, or anything else than an archive that `model export` made, is not loaded",
            path=path,
            hint="export it again where it comes from: ifmosfs model export",
        ) from error


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """The archive of a model; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in FILES:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), files[name])
    return out.getvalue()


_HINT: Final = "choose another: ifmosfs model list"
_ANOTHER_VERSION: Final = (
    "train it again with this version, or use the one that comes with it: ifmosfs model use shipped"
)


def _read(path: bytes) -> bytes | None:
    """A file's content, `None` where there is none of that name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelUnusable(f"cannot be read ({error.strerror})", path=path, hint=_HINT) from error
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
            raise ModelUnusable("not a model: no file of a model's size", path=path, hint=_HINT)
        try:
            return file.read(MOST_BYTES)
        except OSError as error:
            raise ModelUnusable(f"cannot be read ({error.strerror})", path=path, hint=_HINT) from error


def _check_methods(inside: Iterable[zipfile.ZipInfo]) -> None:
    if not all(each.compress_type in _METHODS for each in inside):
        raise zipfile.BadZipFile("compressed in a way that no model is")


def _check_sums(files: Mapping[str, bytes], where: bytes) -> None:
    lines = (line.partition("  ") for line in files[SUMS].decode("ascii", "replace").splitlines())
    listed = {name: digest for digest, _, name in lines}
    for name in (NUMBERS, META):
        if listed.get(name) != hashlib.sha256(files[name]).hexdigest():
            raise ModelUnusable(f"the model is damaged: {name} is not what {SUMS} says", path=where, hint=_HINT)


def _meta(content: bytes, where: bytes) -> Meta:
    try:
        meta = msgspec.json.decode(content, type=Meta)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelUnusable(f"the model does not say what it is ({error})", path=where, hint=_HINT) from error
    if meta.kind not in NOT_READ or (meta.kind == LINEAR) != (meta.dimensions == 0):
        raise ModelUnusable(f"the model is of a kind that cannot be used ({meta.kind})", path=where, hint=_HINT)
    if meta.schema != SCHEMA:
        raise ModelUnusable(
            f"the model is of format {meta.schema} and this version of the program reads {SCHEMA}",
            path=where,
            hint=_ANOTHER_VERSION,
        )
    if meta.features != FEATURES or meta.columns != COLUMNS + meta.dimensions:
        raise ModelUnusable(
            f"the model was made for features {meta.features} and this version of the program has {FEATURES}",
            path=where,
            hint=_ANOTHER_VERSION,
        )
    return meta


@contextmanager
def _understood(where: bytes) -> Iterator[None]:
    """What numpy and zipfile say of bytes that are no arrays, as an error of ours."""
    try:
        yield
    except (*_NO_ZIP, *_NO_ARRAY) as error:
        raise ModelUnusable(f"the model's numbers cannot be read ({error})", path=where, hint=_HINT) from error


def _packed_numbers(model: Model, guard: Guard) -> bytes:
    arrays: dict[str, npt.NDArray[Any]] = {
        "weights": model.weights,
        "offsets": model.offsets,
        "guard_values": guard.values,
        "guard_columns": guard.columns,
        "guard_ends": guard.ends,
        "guard_labels": guard.labels,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, kind in _ARRAYS.items():
            raw = io.BytesIO()
            np.lib.format.write_array(raw, np.ascontiguousarray(arrays[name].astype(kind)), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), raw.getvalue(), zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def _unpacked_numbers(content: bytes) -> dict[str, npt.NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
            raise ValueError("too many of them")
        _check_methods(archive.infolist())
        found = {}
        for name, kind in _ARRAYS.items():
            array = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
            if array.dtype != kind:
                raise ValueError(f"{name} is of type {array.dtype}")
            found[name] = array
    return found


def _guard(arrays: Mapping[str, npt.NDArray[Any]], n_labels: int) -> Guard:
    guard = Guard(
        arrays["guard_columns"].astype(np.int64),
        arrays["guard_values"].astype(np.float32),
        arrays["guard_ends"].astype(np.int64),
        arrays["guard_labels"].astype(np.int64),
    )
    ends, n_values = guard.ends, len(guard.values)
    fits = (
        ends.ndim == guard.labels.ndim == guard.values.ndim == guard.columns.ndim == 1
        and len(ends) == len(guard.labels) + 1
        and len(guard.columns) == n_values
        and (int(ends[0]), int(ends[-1])) == (0, n_values)
        and bool((np.diff(ends) >= 0).all())
        and bool(((guard.labels >= 0) & (guard.labels < n_labels)).all())
        and bool(np.isfinite(guard.values).all())
    )
    if not fits:
        raise ValueError("the rows that guard it do not fit together")
    return guard
