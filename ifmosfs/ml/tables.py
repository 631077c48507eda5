"""Whether lines are the rows of a table, and what its columns are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_DELIMITERS: Final = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"\n]*"')
_NUMBER_ROW = re.compile(r"\s*(?:[-+]?\d[\d.]*(?:[eE][-+]?\d+)?(?:[ \t]+|$)){2,}")
_ROWS_TO_TELL: Final = 12
_PREAMBLE_ROWS: Final = 15  # banks write who and when before the columns
_FEWEST_COLUMNS: Final = 3

_DATES: Final = frozenset(
    """date|datum|buchungstag|buchungsdatum|valuta|valutadatum|wertstellung|fecha|data|dato|päivämäärä|dată|booking date|posting date
    |posted date|transaction date|trans date|value date|date opération|date valeur|posted|completed date|started date|effective date
    |process date|processed date|data operazione|datum transakce|run date|trade date|settlement date|order date|close date|post date
    |created""".replace("\n    ", "").split("|")
)
_MONEY: Final = frozenset(
    """amount|betrag|montant|importe|importo|valor|debit|credit|débit|crédit|debet|kredit|soll|haben|umsatz|saldo|solde|balance|bedrag
    |belopp|withdrawal|withdrawals|deposit|deposits|gross|net|fee|charge|charges|iban|payee|kwota|refund|refunds|payments|debit amount
    |credit amount|paid in|paid out|money in|money out|transaction amount|running balance|amount (eur)|amount (usd)|betrag (eur)
    |betrag (€)|total charged|item total|order total|withdrawal amount|deposit amount""".replace("\n    ", "").split(
        "|"
    )
)
_PEOPLE: Final = frozenset(
    """first name|last name|given name|family name|vorname|nachname|prénom|nombre|apellidos|display name|e-mail address
    |e-mail 1 - value|mobile phone|home phone|business phone|home street|birthday|nickname|phone 1 - value|email address|firstname
    |lastname|given_name|family_name|first_name|last_name""".replace("\n    ", "").split("|")
)
_REACHED_AT: Final = ("mail", "phone", "telefon", "téléphone", "mobile", "street")
_LINKS: Final = frozenset({"url", "link", "href", "uri"})
_TITLES: Final = frozenset({"title", "titel", "titre", "folder", "tags", "time_added", "note", "description"})
_VEHICLE: Final = (
    "engine rpm",
    "rpm",
    "coolant",
    "throttle",
    "can id",
    "can_id",
    "arbitration",
    "obd",
    "ecu",
    "vehicle speed",
    "vin",
    "odometer",
    "mileage",
    "torque",
    "pid",
    "dtc",
    "fault code",
    "map (kpa)",
    "boost",
    "fuel",
)
_HEALTH: Final = (
    "heart rate",
    "blood pressure",
    "systolic",
    "diastolic",
    "glucose",
    "hemoglobin",
    "patient",
    "diagnosis",
    "dosage",
    "icd10",
)


def recognise_table(lines: Sequence[str]) -> str | None:
    """`csv` for rows with the same delimiters, `numbers` for columns without any, else `None`."""
    rows = [
        _QUOTED.sub("", line) for line in (lines[:_ROWS_TO_TELL] if len(lines) > _ROWS_TO_TELL else lines[:-1] or lines)
    ]
    if len(rows) < _FEWEST_COLUMNS:
        return None
    for delimiter in _DELIMITERS:
        counts = {row.count(delimiter) for row in rows}
        if len(counts) == 1 and counts != {0} and (counts != {1} or not any(". " in row for row in rows)):
            return "csv"
    n_numbers = sum(bool(_NUMBER_ROW.fullmatch(line[:400])) for line in lines[1:_ROWS_TO_TELL])
    return "numbers" if n_numbers >= max(3, len(rows) - 2) else None


def columns_about(lines: Sequence[str]) -> str | None:
    """What the columns are about that a line near the beginning names and the next one fills; `None` where they do not tell."""
    for line, following in pairwise(lines[: _PREAMBLE_ROWS + 1]):
        for delimiter in _DELIMITERS:
            n_columns, n_filled = line[:2000].count(delimiter) + 1, following[:2000].count(delimiter) + 1
            if n_columns < _FEWEST_COLUMNS or n_filled * 10 < n_columns * 7:
                continue
            columns = [column.strip(" \"'\t\ufeff").lower() for column in line[:2000].split(delimiter)]
            if max(map(len, columns)) > 60:
                continue
            about = _of_columns(columns)
            if about is not None:
                return about
    return None


def _of_columns(columns: Sequence[str]) -> str | None:
    names = frozenset(columns)
    has_date = not names.isdisjoint(_DATES) or any(
        name.startswith(("date ", "datum ", "fecha ", "data ")) for name in names
    )
    if has_date and names & _MONEY and not names & {"open", "high", "low"}:
        return "csv:bank"
    if names & _PEOPLE and sum(any(word in name for word in _REACHED_AT) for name in names) >= 1:
        return "csv:contacts"
    if sum(name.startswith(_VEHICLE) for name in names) >= 2:
        return "csv:vehicle"
    if sum(any(word in name for word in _HEALTH) for name in names) >= 2:
        return "csv:health"
    return "csv:links" if names & _LINKS and names & _TITLES else None


FORMATS: Final = frozenset({"csv", "csv:bank", "csv:contacts", "csv:vehicle", "csv:health", "csv:links", "numbers"})
"""All answers of the two."""
