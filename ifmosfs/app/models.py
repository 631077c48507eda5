"""The user's models: the one that ships, those that were trained, refitted or imported, and which of them is in use."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from ifmosfs.core.errors import Ambiguous, BackendMissing, IfmosfsError, NotFound, TargetProblem, WrongState
from ifmosfs.ml.model_files import (
    FILES,
    EmbedderMeta,
    ModelUnusable,
    StoredModel,
    read_archive,
    read_folder,
    unpack_model,
    write_archive,
)

SHIPPED: Final = "shipped"
RULES: Final = "rules"
_CURRENT: Final = "current"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A line of the list: a model, or what is wrong with it. `name` is what `model use` takes."""

    name: str
    is_current: bool
    stored: StoredModel | None
    trouble: str | None = None


class Models:
    """The models of a state folder. Changes are whole or not at all: a model is made beside its place and renamed into it."""

    def __init__(self, state_folder: Path, embeddings: str | None = None) -> None:
        self._folder = state_folder / "models"
        self._embeddings = embeddings

    @property
    def current(self) -> str:
        """What is in use: `SHIPPED`, `RULES`, or the id of a model."""
        try:
            return (self._folder / _CURRENT).read_text("ascii").strip() or SHIPPED
        except (FileNotFoundError, NotADirectoryError):
            return SHIPPED
        except (OSError, UnicodeDecodeError) as error:
            raise IfmosfsError(
                "which model is in use cannot be read",
                path=os.fsencode(self._folder / _CURRENT),
                hint="choose one: ifmosfs model use shipped",
            ) from error

    def load(self, name: str) -> StoredModel | None:
        """A model by its name or the beginning of its id; `None` for the rules alone. One that reads embeddings has its embedder.

        Raises: ModelUnusable where it is damaged, made for another version, or its embeddings are not here; NotFound, Ambiguous.
        """
        if name == RULES:
            return None
        if name == SHIPPED:
            where = os.fsencode(str(_shipped_folder()))
            return unpack_model(_shipped_files(), where)
        folder = os.fsencode(self._folder / self._found(name))
        return _with_embedder(unpack_model(read_folder(folder), folder), self._embeddings, folder)

    def listed(self) -> Iterator[ListedModel]:
        """All there are, the shipped one and the rules alone first."""
        current = self.current
        yield self._line(SHIPPED, current)
        yield ListedModel(RULES, current == RULES, None)
        for model_id in self._ids():
            yield self._line(model_id, current)

    def save(self, files: Mapping[str, bytes]) -> StoredModel:
        """Keep a model; one that is there already stays as it is, if it can be used.

        Raises: ModelUnusable, IfmosfsError where it cannot be written.
        """
        stored = unpack_model(files, os.fsencode(self._folder))
        place = self._folder / stored.model_id
        if not _is_usable(place):
            self._remove(place)
            try:
                write_folder(place, files)
            except IfmosfsError:
                if not _is_usable(place):  # nobody else has kept the same one in the meantime
                    raise
        return stored

    def use(self, name: str) -> str:
        """Put a model into use, from the next classification on; returns its whole name. Raises as `load` does."""
        if name not in {SHIPPED, RULES}:
            name = self._found(name)
        self.load(name)
        _write_whole(self._folder / _CURRENT, f"{name}\n".encode("ascii"))
        return name

    def export(self, name: str, path: str) -> StoredModel:
        """Write a model as an archive to a file that must not exist. Raises: TargetProblem, and as `load` does."""
        if name == RULES:
            raise WrongState(
                "the rules come with the program and are no model", hint="name a model: ifmosfs model list"
            )
        files = _shipped_files() if name == SHIPPED else read_folder(os.fsencode(self._folder / self._found(name)))
        stored = unpack_model(files, os.fsencode(name))
        try:
            _write_synced(Path(path), write_archive(files))
        except OSError as error:
            raise TargetProblem(
                f"the model cannot be written ({error.strerror})",
                path=os.fsencode(path),
                hint="name a file that does not exist yet, in a folder you can write to",
            ) from error
        return stored

    def import_(self, path: str) -> StoredModel:
        """Keep a model from an archive or a folder. It is not in use yet. Raises: ModelUnusable."""
        place = os.fsencode(path)
        files = read_folder(place) if os.path.isdir(place) else read_archive(place)
        unpack_model(files, place)
        return self.save(files)

    def delete(self, name: str) -> str:
        """Let a model go; returns its id. Raises: WrongState for the one in use and for what ships; NotFound, Ambiguous."""
        if name in {SHIPPED, RULES}:
            raise WrongState(f"{name!r} comes with the program and stays", hint="use another: ifmosfs model use ID")
        found = self._found(name)
        if found == self.current:
            raise WrongState(f"the model {found} is in use", hint="first use another one: ifmosfs model use shipped")
        self._remove(self._folder / found)
        return found

    def _remove(self, place: Path) -> None:
        """Take a model's folder away, at once for those who look; nothing where there is none."""
        if not os.path.lexists(place):
            return
        gone = self._folder / f".{place.name}-{secrets.token_hex(4)}"
        try:
            os.rename(place, gone)
            shutil.rmtree(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            why = error.strerror or error  # shutil makes errors without a number
            hint = "see that its folder may be written to, then run the command again"
            raise IfmosfsError(f"the model cannot be deleted ({why})", path=os.fsencode(place), hint=hint) from error

    def _line(self, name: str, current: str) -> ListedModel:
        try:
            return ListedModel(name, name == current, self.load(name))
        except ModelUnusable as error:
            return ListedModel(name, name == current, None, error.what)

    def _ids(self) -> list[str]:
        try:
            return sorted(
                each.name for each in self._folder.iterdir() if each.is_dir() and not each.name.startswith(".")
            )
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _found(self, name: str) -> str:
        """The id that begins so."""
        ids = self._ids()
        matching = [name] if name in ids else [each for each in ids if name and each.startswith(name)]
        if not matching:
            raise NotFound(f"no such model: {name}", hint="there are: " + ", ".join((SHIPPED, RULES, *ids)))
        if len(matching) > 1:
            raise Ambiguous(f"{name} begins several ids: {', '.join(matching)}", hint="name more of it")
        return matching[0]


def _with_embedder(stored: StoredModel, elsewhere: str | None, where: bytes) -> StoredModel:
    """The model with the embedder that it was trained with, looked for `elsewhere` or where it was then; loaded at the first text."""
    if not stored.meta.dimensions:
        return stored
    from ifmosfs.ml.embedding import EmbeddingsUnusable, LateEmbedder, find_embeddings

    wanted = stored.meta.embedder
    assert isinstance(wanted, EmbedderMeta)  # there are dimensions
    hint = "set IFMOSFS_EMBEDDINGS to their folder, or use another model: ifmosfs model use shipped"
    source = elsewhere or wanted.source
    try:
        files = find_embeddings(source)
    except BackendMissing as error:
        what = f"{error} ({error.hint})"  # a notice has no hint
        raise ModelUnusable(what, path=where, hint=error.hint) from error
    except EmbeddingsUnusable as error:
        raise ModelUnusable(f"the embeddings that it reads are not usable: {error}", path=where, hint=hint) from error
    if files.name != wanted.name:
        raise ModelUnusable(f"the embeddings in {source} are not those that it was trained with", path=where, hint=hint)
    return replace(stored, embedder=LateEmbedder(files, wanted.dimensions))


def _is_usable(folder: Path) -> bool:
    place = os.fsencode(folder)
    try:
        unpack_model(read_folder(place), place)
    except ModelUnusable:
        return False
    return True


def write_folder(place: Path, files: Mapping[str, bytes]) -> None:
    """Write a model's files into a folder that must not exist, whole or not at all. Raises: IfmosfsError."""
    work = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
    try:
        work.mkdir(mode=0o700, parents=True)
        for name in FILES:
            _write_synced(work / name, files[name])
        os.rename(work, place)
    except OSError as error:
        shutil.rmtree(work, ignore_errors=True)
        raise _unwritten(f"the model cannot be written ({error.strerror})", place) from error


def _unwritten(what: str, path: Path) -> IfmosfsError:
    hint = "see that there is room and that it may be written to, then run the command again"
    return IfmosfsError(what, path=os.fsencode(path), hint=hint)


def _shipped_folder() -> Path:
    return Path(str(resources.files("ifmosfs.ml").joinpath("shipped")))


def _shipped_files() -> dict[str, bytes]:
    return read_folder(os.fsencode(_shipped_folder()))


def _write_whole(path: Path, content: bytes) -> None:
    work = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_synced(work, content)
        os.replace(work, path)
    except OSError as error:
        with suppress(OSError):
            work.unlink()
        raise _unwritten(f"cannot be written ({error.strerror})", path) from error


def _write_synced(path: Path, content: bytes) -> None:
    """Write a new file whole, or leave none."""
    with open(path, "xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise
