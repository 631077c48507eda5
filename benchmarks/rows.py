"""A row of a benchmark's table, and the table as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

MISSING: Final = "missing here"


class Unit(Enum):
    """What a row's values are counted in. Less is better in all of them."""

    SECONDS = "s"
    MEBIBYTES = "MiB"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured: the program's value and each rival's, all in the same unit.

    A rival that is not installed has `None`. `n_files` is how many files the work was about, 0 where it is not about files.
    """

    what: str
    n_files: int
    value: float
    rivals: Mapping[str, float | None] = field(default_factory=dict)
    unit: Unit = Unit.SECONDS
    goal: str = ""


def table(title: str, rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, each rival with the ratio of the program's value to its own (2.0× is twice as much)."""
    rivals = list(dict.fromkeys(rival for row in rows for rival in row.rivals))
    head = ["work", "files", "ifmosfs", "files/s", *rivals, "goal"]
    lines = [f"### {title}", "", _line(head), _line(["---", *["---:"] * (len(head) - 2), "---"])]
    lines += [_line(_cells(row, rivals)) for row in rows]
    return "\n".join(lines) + "\n"


def _cells(row: Row, rivals: Sequence[str]) -> list[str]:
    timed = row.unit is Unit.SECONDS and row.n_files > 1 and row.value > 0
    rate = f"{row.n_files / row.value:,.0f}" if timed else ""
    compared = [_compared(row, rival) for rival in rivals]
    return [
        row.what,
        f"{row.n_files:,}" if row.n_files else "",
        _quantity(row.value, row.unit),
        rate,
        *compared,
        row.goal,
    ]


def _compared(row: Row, rival: str) -> str:
    if rival not in row.rivals:
        return ""
    value = row.rivals[rival]
    if value is None:
        return MISSING
    ratio = f" ({row.value / value:.2f}×)" if value > 0 else ""
    return _quantity(value, row.unit) + ratio


def _quantity(value: float, unit: Unit) -> str:
    if unit is Unit.MEBIBYTES:
        return f"{value:,.0f} MiB"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
