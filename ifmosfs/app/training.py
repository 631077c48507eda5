"""Use case: train a model on labelled files, a synthetic corpus where none are named."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ifmosfs.app.context import App
from ifmosfs.app.labelled_sets import LabelledSet, also_ok_of, each_once, read_labelled
from ifmosfs.app.models import write_folder
from ifmosfs.app.synthesising import make_synthetic_corpus
from ifmosfs.core.errors import ConfigProblem, TargetProblem, UsageProblem
from ifmosfs.core.files import ScannedFile
from ifmosfs.ml.evaluating import NONE
from ifmosfs.ml.evidence import OUTSIDE
from ifmosfs.ml.labelled import Row

if TYPE_CHECKING:
    from ifmosfs.ml.embedding import Embedder
    from ifmosfs.ml.model_files import StoredModel
    from ifmosfs.ml.training import Example, Trained

LINEAR: Final = "linear"
LIBRARIES: Final = ("scikit-learn", "scipy", "numpy")
GROUPS: Final = ("document_type", "source_package", "group")  # columns that say what must not be parted
SYNTHETIC_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class TrainReport:
    """A model that was trained; `output` is where it was written instead of among the user's. `missing`: files that are not there,
    `n_repeated`: rows that name a file once more, which were not learned from. `unknown`: categories that the taxonomy does not have,
    with their files, which count as of no category."""

    stored: StoredModel
    output: str | None
    n_files: int
    missing: tuple[bytes, ...]
    unknown: Mapping[str, int]
    n_repeated: int = 0


def train_model(
    app: App,
    data: Sequence[str],
    *,
    per_category: int = 200,
    seed: int = 0,
    n_jobs: int | None = None,
    output: str | None = None,
    kind: str = LINEAR,
    embeddings: str | None = None,
) -> TrainReport:
    """Train on labelled sets (CSVs, or folders with one), or on a new synthetic corpus, and keep the model; it is not in use yet.

    All kinds but the linear one read `embeddings`, a folder or `wordllama`. Raises: ConfigProblem for a set that cannot be used or has
    fewer than two categories; EmbeddingsUnusable; UsageProblem; BackendMissing where a corpus cannot be made, or embeddings be read;
    TargetProblem for an `output` that is there already.
    """
    embedder = _embedder(kind, embeddings)
    if output is not None:
        _check_new(output)
    with _sets(app, data, per_category, seed) as sets:
        read = _read_all(app, sets)
        files = read.rows
        examples = list(_examples(app, files))
        facts = {**_facts(files, data, per_category, seed), **_facts_of_kind(kind, embedder, embeddings)}
    if len({example.label for example in examples}) < 2:
        raise ConfigProblem("there are fewer than two categories to tell apart", hint="name more files: --data CSV")
    app.progress("Training", 0, None)
    stored_files = _packed(_trained(examples, seed, n_jobs, kind, embedder), facts)
    app.idle()
    from ifmosfs.ml.model_files import unpack_model

    if output is None:
        stored = app.models.save(stored_files)
    else:
        write_folder(Path(output), stored_files)
        stored = unpack_model(stored_files, os.fsencode(output))
    unknown = Counter(row["category"] for row, _ in files if row["category"] not in {*app.taxonomy.names, NONE})
    return TrainReport(stored, output, len(examples), read.missing, dict(sorted(unknown.items())), read.n_repeated)


def _check_new(output: str) -> None:
    """Raise before long work what writing the model would raise after it, as far as that can be told."""
    if os.path.lexists(output):
        raise TargetProblem("there is something already", path=os.fsencode(output), hint="name a folder that is new")
    above = os.path.dirname(os.path.abspath(output))
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.isdir(above) or not os.access(above, os.W_OK | os.X_OK):
        hint = "name a new folder where you can write"
        raise TargetProblem("no folder can be made there", path=os.fsencode(above), hint=hint)


def _embedder(kind: str, embeddings: str | None) -> Embedder | None:
    """What the kind of model reads texts with, loaded before any work is done."""
    if kind == LINEAR:
        if embeddings is not None:
            raise UsageProblem("a linear model reads no embeddings", hint="add: --kind ensemble")
        return None
    if embeddings is None:
        raise UsageProblem(f"a model of kind {kind} reads embeddings", hint="add: --embeddings DIR, or wordllama")
    from ifmosfs.ml.embedding import find_embeddings, load_embedder

    return load_embedder(find_embeddings(embeddings))


def _facts_of_kind(kind: str, embedder: Embedder | None, embeddings: str | None) -> Mapping[str, object]:
    if embedder is None or embeddings is None:
        return {"kind": kind}
    from ifmosfs.ml.embedding import WORDLLAMA
    from ifmosfs.ml.model_files import EmbedderMeta

    source = embeddings if embeddings == WORDLLAMA else os.path.abspath(embeddings)
    return {"kind": kind, "embedder": EmbedderMeta(name=embedder.name, dimensions=embedder.dimensions, source=source)}


@contextmanager
def _sets(app: App, data: Sequence[str], per_category: int, seed: int) -> Iterator[Sequence[str]]:
    """The sets to train on. A synthetic corpus is made in a temporary folder, and taken away at the end."""
    if data:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="ifmosfs-corpus-") as folder:
        corpus = os.path.join(folder, "corpus")
        make_synthetic_corpus(corpus, per_category, None, seed, False, (), None, app.progress)
        yield [corpus]


def _read_all(app: App, sets: Sequence[str]) -> LabelledSet:
    """The sets as one, in which each file is once, too."""
    read = [read_labelled(app, each, None) for each in sets]
    rows = [pair for each in read for pair in each.rows]
    once = each_once(rows)
    missing = dict.fromkeys(path for each in read for path in each.missing)
    return LabelledSet(once, tuple(missing), sum(each.n_repeated for each in read) + len(rows) - len(once))


def _examples(app: App, files: Sequence[tuple[Row, ScannedFile]]) -> Iterator[Example]:
    """What the rules see of each file, as an example. Files with nothing to see (empty, unreadable) are left out."""
    from ifmosfs.ml.features import piece_of, tokens_of
    from ifmosfs.ml.training import Example

    rules = app.new_rules()
    with closing(rules), closing(rules.evidence_all([file for _, file in files], with_texts=True)) as seen:
        for n_done, ((row, _), evidence) in enumerate(zip(files, seen, strict=True), 1):
            app.progress("Looking at files", n_done, len(files))
            if evidence.settled is not None:
                continue
            verdict = rules.frame.judge(evidence.findings)
            also_ok = frozenset(map(_label, also_ok_of(row)))
            tokens, label = tokens_of(evidence, verdict), _label(row["category"])
            yield Example(tokens, verdict, label, group_of(row), also_ok, piece_of(evidence))


def _label(category: str) -> str:
    return OUTSIDE if category == NONE else category


def group_of(row: Row) -> str:
    """What a labelled file must not be parted from when files are held back: its document type, its package, or else its folder."""
    named = next((row[name] for name in GROUPS if row.get(name)), None)
    return f"{row['category']}/{named}" if named else os.path.dirname(row["path"])


def _trained(
    examples: Sequence[Example], seed: int, n_jobs: int | None, kind: str, embedder: Embedder | None
) -> Trained:
    from ifmosfs.ml.training import train

    return train(examples, seed, n_jobs or os.cpu_count() or 1, kind, embedder)


def _facts(
    files: Sequence[tuple[Row, ScannedFile]], data: Sequence[str], per_category: int, seed: int
) -> Mapping[str, object]:
    """What a model says of where it comes from."""
    rows = "\n".join(sorted(f"{row.get('sha256', '')} {row['category']}" for row, _ in files))
    named = {"set": ", ".join(os.path.basename(os.path.abspath(path)) for path in data)} if data else {
        "set": "synthetic", "per_category": str(per_category), "seed": str(seed)
    }  # fmt: skip
    return {
        **made_now(),
        "seed": seed,
        "data": {**named, "n_files": str(len(files)), "sha256": hashlib.sha256(rows.encode()).hexdigest()},
    }


def made_now() -> dict[str, object]:
    """When and with which libraries a model is made, as it says of itself."""
    return {
        "created": datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def _packed(trained: Trained, facts: Mapping[str, object]) -> dict[str, bytes]:
    import numpy as np

    from ifmosfs.ml.model_files import Guard, pack_model

    rows = trained.guard_rows
    guard = Guard(rows.indices.astype(np.int64), rows.data, rows.indptr.astype(np.int64), trained.guard_labels)
    return pack_model(trained.model, guard, {**facts, "figures": dict(trained.figures)})
