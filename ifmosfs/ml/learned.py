"""The classifier that ships: rules and a trained model heard together, and what each would say alone kept apart.

Certain evidence outranks the model: a place that can only be one thing (inside `.git`), and a format that the rules are sure of. What
nothing is known of, or what looks like no category, gets no label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Final

from ifmosfs.core.files import ScannedFile
from ifmosfs.core.proposal import Decider, Explanation, Opinion, Proposal
from ifmosfs.ml.classifier import LOWEST_SCORE, Evidence, RulesClassifier, opinion_of
from ifmosfs.ml.evidence import OUTSIDE, Verdict
from ifmosfs.ml.features import Features, Group, Tokens, features_of, tokens_of
from ifmosfs.ml.model import Floats, Model
from ifmosfs.ml.sketch import sketched
from ifmosfs.ml.stopwatch import JUDGING, MODEL, Stopwatch
from ifmosfs.ml.token_words import words_for

CERTAIN: Final = 0.97  # of the rules: places and formats that nothing contradicts
KNOWN_OUTSIDE: Final = 0.5
LEAST: Final = 0.25  # a label that is wrong three times in four is no label; a review may still ask about it
SHOWN: Final = 3


class ModelAlone:
    """The model without a word of the rules, to compare with (`core.proposal.Classifier` as far as an evaluation goes)."""

    def __init__(self, rules: RulesClassifier, model: Model) -> None:
        self._rules = rules
        self._model = model

    def propose_all(
        self, files: Iterable[ScannedFile], *, watch: Stopwatch | None = None
    ) -> Generator[Proposal, None, None]:
        """The best label by what is seen of each file, as if the rules had found nothing."""
        nothing = self._rules.frame.judge(())
        with closing(self._rules.evidence_all(files, with_texts=True, watch=watch)) as seen:
            for evidence in seen:
                evidence.lap.begin()
                proposal = evidence.settled or self._proposal(evidence, nothing)
                evidence.lap.end(MODEL)
                yield proposal

    def close(self) -> None:
        """End the workers."""
        self._rules.close()

    def _proposal(self, evidence: Evidence, nothing: Verdict) -> Proposal:
        features = features_of(tokens_of(evidence, nothing), frozenset({Group.RULES}))
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
    """Proposes categories by rules and model (`core.proposal.Classifier`); `model_id` is part of its name."""

    def __init__(self, rules: RulesClassifier, model: Model, model_id: str) -> None:
        self.rules = rules
        self._model = model
        self._model_id = model_id
        self._known = [label == OUTSIDE or label in rules.categories for label in model.labels]

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
            for evidence in seen:
                evidence.lap.begin()
                proposal = self.judge(evidence)
                evidence.lap.end(MODEL)
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
        if evidence.settled is not None:
            return evidence.settled
        verdict = self.rules.frame.judge(evidence.findings)
        if _is_certain(evidence, verdict):
            return self.rules.judged(evidence)
        evidence.lap.end(JUDGING)
        tokens = tokens_of(evidence, verdict)
        features = features_of(tokens)
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
        (label, score), (second, second_score) = ranked[0], ranked[1]
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
        shares: defaultdict[str, float] = defaultdict(float)
        for label, known, share in zip(self._model.labels, self._known, probabilities.tolist(), strict=True):
            shares[label if known else OUTSIDE] += share
        shares.setdefault(OUTSIDE, 0.0)
        ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
        return [(label, round(share, 3)) for label, share in ranked]

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
        return tuple(dict.fromkeys((*by_rules, *self._told(label, tokens, features_of(tokens), verdict))))[:SHOWN]

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


def _tells(evidence: Evidence, verdict: Verdict) -> bool:
    """Whether anything is known of a file but its name: of bytes that nobody understands, no name makes a photograph."""
    found = evidence.extract
    known = bool(verdict.ranking) and verdict.ranking[0][1] >= LOWEST_SCORE
    return known or bool(found.text or found.members or found.fields or found.keys)


def _is_certain(evidence: Evidence, verdict: Verdict) -> bool:
    """Whether the rules need not be doubted: by a place, or a format that nothing contradicts. That a format is known and no category
    is meant for it needs less: a model knows nothing of formats that it has not seen, and a file that stays does no harm."""
    if not evidence.format_name or not verdict.ranking:
        return not evidence.format_name
    label, share = verdict.ranking[0]
    return share >= (KNOWN_OUTSIDE if label == OUTSIDE else CERTAIN)


def _decider(label: str, rule: Opinion, model: Opinion) -> Decider:
    said = None if label == OUTSIDE else label
    if rule.label == said and model.label == said:
        return Decider.TOGETHER
    if rule.label == said and rule.score > 0:
        return Decider.RULE
    return Decider.MODEL if model.label == said else Decider.TOGETHER
