"""Makes a synthetic corpus, and merges labelled sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ifmosfs.app.context import Progress
from ifmosfs.core.errors import BackendMissing, NotFound
from ifmosfs.ml.labelled import Merged, merge_sets, write_set


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What was made."""

    n_files: int
    n_bytes: int
    n_types: int
    by_category: dict[str, int]


def make_synthetic_corpus(
    output: str,
    per_category: int,
    n_others: int | None,
    seed: int,
    augmented: bool,
    categories: Sequence[str],
    n_workers: int | None,
    progress: Progress,
) -> CorpusReport:
    """Make the corpus in a new or empty folder.

    Raises: BackendMissing without the libraries of the extra `synth`; NotFound for a category that there is not; TargetProblem for a
    folder that is not empty.
    """
    try:
        import fontTools  # noqa: F401  # asked for here, so that it is missed before anything is made
    except ImportError as error:
        raise BackendMissing(
            "the corpus needs libraries that are not installed", hint="pip install 'ifmosfs[synth]'"
        ) from error
    from ifmosfs.ml.synth.corpus import Order, make_corpus
    from ifmosfs.ml.synth.registry import catalogue

    unknown = sorted(set(categories) - set(catalogue()))
    if unknown:
        raise NotFound(f"no such category: {', '.join(unknown)}", hint=f"there are {', '.join(catalogue())}")
    order = Order(per_category, per_category if n_others is None else n_others, seed, augmented, frozenset(categories))
    rows = make_corpus(order, output, lambda n_done, n_total: progress("making files", n_done, n_total), n_workers)
    return CorpusReport(
        len(rows),
        sum(row.n_bytes for row in rows),
        len({(row.category, row.document_type) for row in rows}),
        dict(sorted(Counter(row.category for row in rows).items())),
    )


def merge_labelled_sets(paths: Sequence[str], output: str) -> Merged:
    """Merge labelled CSVs into a new one.

    Raises: ConfigProblem for a file that is no labelled set; TargetProblem where the output exists already or cannot be written.
    """
    merged = merge_sets(paths)
    write_set(output, merged)
    return merged
