"""Ways of labelling as an evaluation meets them: they may learn from some files, and then give others a label, a confidence and times.

Whatever is a `Method` is evaluated like any other; what is a classifier already becomes one by `ByClassifier`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.proposal import Proposal
from ifmosfs.ml.baselines import Guess, MostFrequent
from ifmosfs.ml.classifier import WINDOW
from ifmosfs.ml.evaluating import NONE
from ifmosfs.ml.stopwatch import JUDGING, Stopwatch

N_TO_WARM_UP: Final = 2 * WINDOW


@dataclass(frozen=True, slots=True)
class Labelled:
    """A file with what it is, and what else could be said of it."""

    file: ScannedFile
    category: str
    also_ok: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """The label of a file (`None`: it is left alone) with its confidence, and the seconds that it took by stage."""

    label: str | None
    confidence: float
    seconds: Mapping[str, float]


class Method(Protocol):
    """A way of labelling; closed when it is not used any more."""

    @property
    def learns(self) -> bool:
        """Whether it makes anything of what it is given to learn from."""
        ...

    @property
    def threshold(self) -> float:
        """From which confidence on the program would move a file, if it labelled in this way."""
        ...

    def learn(self, examples: Sequence[Labelled]) -> None:
        """Learn from these, once, before anything is asked."""
        ...

    def warm_up(self, files: Sequence[ScannedFile]) -> None:
        """Start and load what is needed, so that no file has to wait for it; answers must not be remembered from this."""
        ...

    def answers(self, files: Sequence[ScannedFile]) -> Generator[Answer, None, None]:
        """The answers for files, in their order."""
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...


class ByGuessing:
    """A method that looks at nothing but what was scanned, and learns nothing."""

    learns = False

    def __init__(self, guess: Callable[[ScannedFile], Guess], threshold: float) -> None:
        self._guess = guess
        self.threshold = threshold

    def learn(self, examples: Sequence[Labelled]) -> None:
        """Nothing."""

    def warm_up(self, files: Sequence[ScannedFile]) -> None:
        """See `Method`."""
        for file in files[:1]:
            self._guess(file)

    def answers(self, files: Sequence[ScannedFile]) -> Generator[Answer, None, None]:
        """See `Method`."""
        for file in files:
            before = perf_counter()
            label, confidence = self._guess(file)
            yield Answer(label, confidence, {JUDGING: perf_counter() - before})

    def close(self) -> None:
        """Nothing is held."""


class ByMostFrequent(ByGuessing):
    """Always the category that most of the examples are of."""

    learns = True

    def __init__(self, threshold: float) -> None:
        super().__init__(MostFrequent([]).guess, threshold)

    def learn(self, examples: Sequence[Labelled]) -> None:
        """See `Method`."""
        self._guess = MostFrequent(each.category for each in examples if each.category != NONE).guess


class TimedClassifier(Protocol):
    """A classifier, as far as an evaluation needs one, that tells a stopwatch what it does."""

    def propose_all(
        self, files: Iterable[ScannedFile], *, watch: Stopwatch | None = None
    ) -> Generator[Proposal, None, None]:
        """See `Classifier`."""
        ...

    def close(self) -> None:
        """See `Classifier`."""
        ...


class OwnMemory:
    """Extracts of one method and one evaluation, so that none is quick because of what another has done before."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def load_extracts(self, extractor: str, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """See `ExtractMemory`."""
        del extractor
        return {key: self._kept[key] for key in keys if key in self._kept}

    def save_extracts(self, extractor: str, extracts: Iterable[tuple[bytes, bytes]]) -> None:
        """See `ExtractMemory`."""
        del extractor
        self._kept.update(extracts)

    def forget(self) -> None:
        """Everything."""
        self._kept.clear()


class ByClassifier:
    """A method that is a classifier, as it is. `memory` is what its extractor remembers by, if it has one."""

    learns = False

    def __init__(self, classifier: TimedClassifier, threshold: float, memory: OwnMemory | None = None) -> None:
        self._classifier = classifier
        self.threshold = threshold
        self._memory = memory

    def learn(self, examples: Sequence[Labelled]) -> None:
        """Nothing."""

    def warm_up(self, files: Sequence[ScannedFile]) -> None:
        """Start the workers and read the rules."""
        for _ in self._classifier.propose_all(files[:N_TO_WARM_UP]):
            pass
        if self._memory is not None:
            self._memory.forget()

    def answers(self, files: Sequence[ScannedFile]) -> Generator[Answer, None, None]:
        """See `Method`."""
        watch = Stopwatch()
        with closing(self._classifier.propose_all(files, watch=watch)) as proposals:
            for position, proposal in enumerate(proposals):
                yield Answer(proposal.label, proposal.score, watch.laps[position].seconds)

    def close(self) -> None:
        """End the workers."""
        self._classifier.close()
