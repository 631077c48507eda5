"""The classifier that ships: rules and a trained model heard together, and what each would say alone kept apart.

Certain evidence outranks the model: a place that can only be one thing (inside `.git`), and a format that the rules are sure of. What
nothing is known of, or what looks like no category, gets no label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.classifier import LOWEST_SCORE, Evidence, RulesClassifier, opinion_of
from ifmosfs.ml.evidence import OUTSIDE, Verdict, is_settled
from ifmosfs.ml.features import Features, Group, Tokens, piece_of, tokens_of
from ifmosfs.ml.model import Floats, Model
from ifmosfs.ml.sketch import sketched
from ifmosfs.ml.stopwatch import JUDGING, MODEL, Stopwatch
from ifmosfs.ml.token_words import words_for

if TYPE_CHECKING:
    from ifmosfs.ml.embedding import Embedder

LEAST: Final = 0.25  # a label that is wrong three times in four is no label; a review may still ask about it
SHOWN: Final = 3
BATCH: Final = 16  # files whose texts are embedded at once


class ModelAlone:
    """The model without a word of the rules, to compare with (`core.proposal.Classifier` as far as an evaluation goes)."""

    def __init__(self, rules: RulesClassifier, model: Model, embedder: Embedder | None = None) -> None:
        self._rules = rules
        self._model = model
        self._embedder = embedder

    def propose_all(
        self, files: Iterable[ScannedFile], *, watch: Stopwatch | None = None
    ) -> Generator[Proposal, None, None]:
        """The best label by what is seen of each file, as if the rules had found nothing."""
        nothing = self._rules.frame.judge(())
        with closing(self._rules.evidence_all(files, with_texts=True, watch=watch)) as seen:
            for batch in _batches(seen, self._embedder):
                vectors = iter(_embedded(self._embedder, [each for each in batch if each.settled is None]))
                for evidence in batch:
                    evidence.lap.begin()
                    proposal = evidence.settled or self._proposal(evidence, nothing, next(vectors))
                    evidence.lap.end(MODEL)
                    yield proposal

    def close(self) -> None:
        """End the workers."""
        self._rules.close()

    def _proposal(self, evidence: Evidence, nothing: Verdict, vector: Floats | None) -> Proposal:
        features = self._model.features(tokens_of(evidence, nothing), vector, frozenset({Group.RULES}))
        probabilities = self._model.alone(self._model.scores(features))
        at = int(probabilities.argmax())
        label, score = self._model.labels[at], round(float(probabilities[at]), 3)
        said = Opinion(None if label == OUTSIDE else label, score)
        return Proposal(
            said.label,
            score if said.label else 0.0,
            "the model alone",
            model=said,
            document_date=evidence.dated,
            decided_by=Decider.MODEL,
        )


class LearnedClassifier:
    """Proposes categories by rules and model (`core.proposal.Classifier`); `model_id` is part of its name. A model that reads sentence
    embeddings needs the `embedder` that it was trained with."""

    def __init__(self, rules: RulesClassifier, model: Model, model_id: str, embedder: Embedder | None = None) -> None:
        if (model.dimensions > 0) != (embedder is not None):
            raise ValueError("a model that reads embeddings, and no other, needs an embedder")
        self.rules = rules
        self._embedder = embedder
        self._model = model
        self._model_id = model_id
        known = [label if label in rules.categories else OUTSIDE for label in model.labels]
        self._names = sorted({*known, OUTSIDE})
        self._places = np.array([self._names.index(label) for label in known])

    @property
    def name(self) -> str:
        """That of the rules and the model's id: another one whenever either has changed."""
        return f"{self.rules.name}-m{self._model_id}"

    def propose(self, file: ScannedFile) -> Proposal:
        """See `core.proposal.Classifier`."""
        (proposal,) = self.propose_all([file])
        return proposal

    def propose_all(
        self, files: Iterable[ScannedFile], *, watch: Stopwatch | None = None
    ) -> Generator[Proposal, None, None]:
        """See `core.proposal.Classifier`. A `watch` is told what each stage of each file takes."""
        with closing(self.rules.evidence_all(files, with_texts=True, watch=watch)) as seen:
            for batch in _batches(seen, self._embedder):
                for evidence, proposal in zip(batch, self._judged(batch), strict=True):
                    yield sketched(proposal, evidence)

    def explain(self, file: ScannedFile) -> Explanation:
        """See `core.proposal.Classifier`."""
        with closing(self.rules.evidence_all([file], with_texts=True)) as seen:
            evidence = next(seen)
        proposal = sketched(self.judge(evidence), evidence)
        if evidence.settled is not None or proposal.decided_by is Decider.RULE:
            return Explanation(proposal, self.rules.frame.strongest(proposal.label, evidence.findings))
        label = OUTSIDE if proposal.label is None else proposal.label
        return Explanation(proposal, self._strongest(label, evidence))

    def close(self) -> None:
        """See `core.proposal.Classifier`."""
        self.rules.close()

    def judge(self, evidence: Evidence) -> Proposal:
        """The decision on one file."""
        (proposal,) = self._judged([evidence])
        return proposal

    def _judged(self, batch: Sequence[Evidence]) -> Iterator[Proposal]:
        """The decisions on some files, in their order. Only those that rules cannot settle are embedded, all at once."""
        begun = [self._begun(evidence) for evidence in batch]
        undecided = [each for each, known in zip(batch, begun, strict=True) if isinstance(known, Verdict)]
        vectors = iter(_embedded(self._embedder, undecided))
        for evidence, known in zip(batch, begun, strict=True):
            if isinstance(known, Proposal):
                yield known
                continue
            evidence.lap.begin()
            proposal = self._mixed(evidence, known, next(vectors))
            evidence.lap.end(MODEL)
            yield proposal

    def _begun(self, evidence: Evidence) -> Proposal | Verdict:
        """What the rules settle by themselves, else their word."""
        if evidence.settled is not None:
            return evidence.settled
        evidence.lap.begin()
        verdict = self.rules.frame.judge(evidence.findings)
        known = self.rules.judged(evidence) if _is_certain(evidence, verdict) else verdict
        evidence.lap.end(JUDGING)
        return known

    def _mixed(self, evidence: Evidence, verdict: Verdict, vector: Floats | None) -> Proposal:
        tokens = tokens_of(evidence, verdict)
        features = self._model.features(tokens, vector)
        scores = self._model.scores(features)
        alone, together = self._model.alone(scores), self._model.together(scores, verdict)
        return self._proposal(evidence, verdict, alone, together, tokens, features)

    def _proposal(
        self,
        evidence: Evidence,
        verdict: Verdict,
        alone: Floats,
        together: Floats,
        tokens: Tokens,
        features: Features,
    ) -> Proposal:
        rule, model = opinion_of(verdict), self._opinion(alone)
        ranked = self._ranking(together)
        label, score = ranked[0]
        second, second_score = ranked[1] if len(ranked) > 1 else (None, 0.0)  # no label is one of the taxonomy's
        trouble = evidence.extract.trouble
        about = "" if trouble is None else f"; unreadable by the extractor: {trouble}"
        said = Proposal(None, 0.0, "", document_date=evidence.dated, rule=rule, model=model)
        if (label != OUTSIDE and score < LEAST) or not _tells(evidence, verdict):
            guess, its_score = (second, second_score) if label == OUTSIDE else (label, score)
            reason = f"{verdict.reason}; too little to tell what it is for{about}"
            return replace(said, reason=reason, runner_up=guess, runner_up_score=its_score)
        reason = self._reason(label, rule, verdict, tokens, features) + about
        decider = _decider(label, rule, model)
        if label == OUTSIDE:
            return replace(said, reason=reason, runner_up=second, runner_up_score=second_score, decided_by=decider)
        runner_up, runner_up_score = ranked[2] if second == OUTSIDE and len(ranked) > 2 else (second, second_score)
        return replace(
            said,
            label=label,
            score=score,
            reason=reason,
            runner_up=runner_up,
            runner_up_score=runner_up_score,
            decided_by=decider,
        )

    def _ranking(self, probabilities: Floats) -> list[tuple[str, float]]:
        """The best three labels; one that the taxonomy does not have (any more) counts as belonging to no category."""
        shares = np.bincount(self._places, probabilities, len(self._names))
        best = np.argsort(-shares, kind="stable")[:3]
        return [(self._names[at], round(float(shares[at]), 3)) for at in best]

    def _opinion(self, probabilities: Floats) -> Opinion:
        label, score = self._ranking(probabilities)[0]
        return Opinion(None if label == OUTSIDE else label, score)

    def _reason(self, label: str, rule: Opinion, verdict: Verdict, tokens: Tokens, features: Features) -> str:
        """What the rules found, where they say the same; else what the model goes by."""
        agreed = rule.label == label or (rule.label is None and label == OUTSIDE)
        if agreed and verdict.ranking:
            return verdict.reason
        told = self._told(label, tokens, features, verdict)
        return "; ".join(told[:2]) or verdict.reason

    def _strongest(self, label: str, evidence: Evidence) -> tuple[str, ...]:
        verdict = self.rules.frame.judge(evidence.findings)
        tokens = tokens_of(evidence, verdict)
        by_rules = self.rules.frame.strongest(None if label == OUTSIDE else label, evidence.findings, n=1)
        if not verdict.ranking or verdict.ranking[0][0] != label:
            by_rules = ()
        (vector,) = _embedded(self._embedder, [evidence])
        features = self._model.features(tokens, vector)
        return _told_once([*by_rules, *self._told(label, tokens, features, verdict)])[:SHOWN]

    def _told(self, label: str, tokens: Tokens, features: Features, verdict: Verdict) -> list[str]:
        """What speaks most for a label, in words, the strongest first; tokens that come to the same words count together."""
        if label not in self._model.labels:
            return []
        weighed: defaultdict[str, float] = defaultdict(float)
        for token, weight in self._model.weighed(label, tokens, features).items():
            words = words_for(token, verdict)
            if words:
                weighed[words] += weight
        ranked = sorted(weighed, key=lambda words: (-weighed[words], words))
        return [words for words in ranked[: 2 * SHOWN] if weighed[words] > 0]


def _told_once(told: Iterable[str]) -> tuple[str, ...]:
    """Without what an earlier piece of evidence says, too: rules and model both know the extension."""
    kept: list[str] = []
    for words in told:
        if not any(words in other for other in kept):
            kept.append(words)
    return tuple(kept)


def _batches(seen: Iterator[Evidence], embedder: Embedder | None) -> Iterator[Sequence[Evidence]]:
    """The files one by one, or some at once where texts are embedded: a network is quicker with several."""
    while batch := list(islice(seen, 1 if embedder is None else BATCH)):
        yield batch


def _embedded(embedder: Embedder | None, files: Sequence[Evidence]) -> Sequence[Floats | None]:
    """The sentence embedding of each file, `None` without an embedder."""
    if embedder is None or not files:
        return [None] * len(files)
    before = perf_counter()
    vectors = list(embedder.embed([piece_of(each).words() for each in files]))
    each_took = (perf_counter() - before) / len(files)
    for each in files:
        each.lap.add(MODEL, each_took)
    return vectors


def _tells(evidence: Evidence, verdict: Verdict) -> bool:
    """Whether anything is known of a file but its name: of bytes that nobody understands, no name makes a photograph."""
    found = evidence.extract
    known = bool(verdict.ranking) and verdict.ranking[0][1] >= LOWEST_SCORE
    return known or bool(found.text or found.members or found.fields or found.keys)


def _is_certain(evidence: Evidence, verdict: Verdict) -> bool:
    """Whether the rules need not be doubted: by a place, or a format that nothing contradicts. That a format is known and no category
    is meant for it needs less: a model knows nothing of formats that it has not seen, and a file that stays does no harm."""
    return not evidence.format_name or is_settled(verdict)


def _decider(label: str, rule: Opinion, model: Opinion) -> Decider:
    said = None if label == OUTSIDE else label
    if rule.label == said and model.label == said:
        return Decider.TOGETHER
    if rule.label == said and rule.score > 0:
        return Decider.RULE
    return Decider.MODEL if model.label == said else Decider.TOGETHER
