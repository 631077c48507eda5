"""Changes to files that were made already: other words, noise of names and of recognition, cut ends.

Each change is named in the manifest. About a third of the files stays as it was. What would make a format invalid is only
done to text, of which no reader asks more than letters; names are made wilder by `names`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ifmosfs.ml.synth.pen import Pen
from ifmosfs.ml.synth.registry import Draft

TEXT: Final = frozenset({"txt", "text", "md", "markdown", "rst", "log", "", "htm", "html"})
"""Formats of running text, in which words may change and the end may be missing."""

CONFUSED: Final = {
    "rn": "m",
    "m": "rn",
    "l": "1",
    "I": "l",
    "O": "0",
    "0": "O",
    "e": "c",
    "B": "8",
    "S": "5",
    "ü": "ii",
    "é": "e",
    "g": "q",
    "cl": "d",
}
SYNONYMS: Final = (
    "pay|settle|remit", "amount|sum|total", "contract|agreement", "begin|start|commence", "end|finish|terminate", "big|large",
    "show|display|present", "make|create|produce", "error|failure|fault", "use|employ|apply", "delete|remove|erase",
    "buy|purchase", "help|assist|support", "letter|message|note", "quick|fast|rapid", "car|vehicle", "doctor|physician",
    "work|job|employment", "date|day", "please|kindly", "must|shall|has to", "about|approximately|roughly", "also|too|as well",
    "zahlen|begleichen|überweisen", "Betrag|Summe", "Vertrag|Vereinbarung", "beginnen|anfangen", "Fehler|Störung", "Auto|Fahrzeug",
    "Arzt|Mediziner", "Arbeit|Tätigkeit", "bitte|freundlicherweise", "payer|régler|verser", "montant|somme", "contrat|convention",
    "erreur|défaut", "voiture|véhicule", "médecin|docteur", "pagar|abonar", "contrato|acuerdo", "coche|vehículo", "error|fallo",
)  # fmt: skip


def _synonyms() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for group in SYNONYMS:
        words = tuple(group.split("|"))
        table.update(dict.fromkeys(words, words))
    return table


TABLE: Final = _synonyms()
WORD: Final = re.compile(r"\w+")


def augment(pen: Pen, draft: Draft, raw: bytes) -> tuple[Draft, bytes, tuple[str, ...]]:
    """The draft and its bytes, changed, and the names of the changes."""
    if pen.chance(0.34):
        return draft, raw, ()
    steps = ["names"]
    if isinstance(draft.content, str) and draft.extension.lower() in TEXT and not draft.strict:
        text = raw.decode("utf-8", "surrogateescape")
        for name in pen.sample(list(STEPS), pen.whole(1, 2)):
            text = STEPS[name](pen, text)
            steps.append(name)
        raw = text.encode("utf-8", "surrogateescape")
    return replace(draft, fixed=draft.fixed and pen.chance(0.8)), raw, tuple(steps)


def paraphrase(pen: Pen, text: str) -> str:
    """Other words for some words."""

    def other(match: re.Match[str]) -> str:
        word = match[0]
        choices = TABLE.get(word.lower()) or TABLE.get(word)
        if choices is None or pen.chance(0.4):
            return word
        chosen = pen.pick(choices)
        return chosen.capitalize() if word[:1].isupper() else chosen

    return WORD.sub(other, text)


def cut(pen: Pen, text: str) -> str:
    """Without the end, or the beginning."""
    if len(text) < 80:
        return text
    at = int(len(text) * pen.rng.uniform(0.15, 0.85))
    return text[:at] if pen.chance(0.75) else text[at:]


def recognised(pen: Pen, text: str) -> str:
    """As recognised from a scan: letters confused, blanks lost and added, hyphens at the ends of lines."""
    rate = pen.rng.uniform(0.005, 0.05)
    out, at = [], 0
    while at < len(text):
        if pen.chance(rate):
            for length in (2, 1):
                piece = text[at : at + length]
                if piece in CONFUSED:
                    out.append(CONFUSED[piece])
                    break
            else:
                length = 1
                out.append("" if text[at] == " " else text[at] + pen.pick((" ", "", "", ".", "'")))
            at += length
            continue
        out.append(text[at])
        at += 1
    return "".join(out)


def mistyped(pen: Pen, text: str) -> str:
    """With slips of a hand: letters that changed places."""
    letters = list(text)
    for _ in range(int(len(letters) * pen.rng.uniform(0.001, 0.01))):
        at = pen.whole(0, max(0, len(letters) - 2))
        if at + 1 < len(letters) and letters[at].isalpha() and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


STEPS: Final[dict[str, Callable[[Pen, str], str]]] = {
    "paraphrase": paraphrase,
    "truncation": cut,
    "ocr-noise": recognised,
    "typos": mistyped,
}
