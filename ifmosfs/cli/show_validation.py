"""Validations in words, for programs, and in files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ifmosfs.cli.common import SCHEMA, as_bytes, shown
from ifmosfs.core.names import display, to_text

if TYPE_CHECKING:
    from ifmosfs.core.validation import Finding

F = TypeVar("F", bound=Callable[..., Any])

LEVELS = ["normal", "strict"]
N_NAMED = 100
REPORT = "ifmosfs validation"

level_option = click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="normal",
    show_default=True,
    help="normal: what would stop a file or all; strict: every doubt.",
)
windows_option = click.option("--windows", is_flag=True, help="Names and paths must be possible on Windows, too.")
report_option = click.option(
    "--report", "report_file", metavar="FILE", help="Write all of it to a file: JSON by .json or .jsonl, else text."
)


def finding_fields(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings for programs."""
    return [
        {
            "code": finding.code,
            "path": finding.problem.path,
            "words": finding.problem.words,
            "remedy": finding.problem.remedy,
            "level": finding.level.value,
            "fix": fix_words(finding),
            "fixable": finding.is_fixable,
        }
        for finding in findings
    ]


def fix_words(finding: Finding) -> str:
    """What `stage fix` would do; for nothing, what a person can do instead."""
    if finding.is_fixable or finding.problem.remedy is None:
        return finding.fix.words
    return f"{finding.fix.words}: {finding.problem.remedy}"


def show_findings(findings: Sequence[Finding], n_named: int = N_NAMED) -> None:
    """One line per finding with its fix, and the remedy of each code once."""
    for finding in findings[:n_named]:
        click.echo(_line(finding))
    if len(findings) > n_named:
        click.echo(f"  … {len(findings) - n_named:,} more (--json or --report FILE lists all)")
    for remedy in dict.fromkeys(each.problem.remedy for each in findings if each.problem.remedy):
        click.echo(f"  hint: {remedy}")


def show_warnings(warnings: Sequence[Finding], n_named: int = N_NAMED) -> None:
    """One line per warning, and the remedy of each code once."""
    for warning in warnings[:n_named]:
        click.echo(f"  warning: {warning.code}: {shown(warning.problem.path)}: {warning.problem.words}")
    if len(warnings) > n_named:
        click.echo(f"  … {len(warnings) - n_named:,} more warnings (--json or --report FILE lists all)")
    for remedy in dict.fromkeys(each.problem.remedy for each in warnings if each.problem.remedy):
        click.echo(f"  hint: {remedy}")


def _line(finding: Finding) -> str:
    fix = f" [fix: {finding.fix.words}]" if finding.is_fixable else ""
    return f"  {finding.code}: {shown(finding.problem.path)}: {finding.problem.words}{fix}"


def save_report(
    file: str | None, head: Mapping[str, object], findings: Sequence[Finding], warnings: Sequence[Finding] = ()
) -> None:
    """Write a report where one was asked for; `head` is what is said before the findings. Raises as `write_report`."""
    if file is None:
        return
    from ifmosfs.platform.report_file import write_report

    write_report(os.path.abspath(as_bytes(file)), _content(file, head, findings, warnings), _mark(file))


def _mark(file: str) -> bytes:
    return f'"report": "{REPORT}"'.encode() if file.endswith((".json", ".jsonl")) else _title().encode()


def _title() -> str:
    return REPORT.replace("ifmosfs", "IFMOSFS")


def _content(file: str, head: Mapping[str, object], findings: Sequence[Finding], warnings: Sequence[Finding]) -> bytes:
    top = {"schema": SCHEMA, "report": REPORT, **head}
    rows, warned = finding_fields(findings), finding_fields(warnings)
    if file.endswith(".jsonl"):
        lines = [json.dumps(row, default=_plain) for row in (top, *rows, *({"warning": True, **row} for row in warned))]
    elif file.endswith(".json"):
        lines = [json.dumps({**top, "problems": rows, "warnings": warned}, indent=2, default=_plain)]
    else:
        lines = [_title(), *(f"{key}: {_text(value)}" for key, value in head.items()), ""]
        for finding in findings:
            path = display(finding.problem.path)
            lines += [f"{finding.code}: {path}: {finding.problem.words}", f"  fix: {fix_words(finding)}"]
        for warning in warnings:
            lines.append(f"warning: {warning.code}: {display(warning.problem.path)}: {warning.problem.words}")
        lines += [] if findings else ["Nothing stands against it."]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _plain(value: object) -> object:
    return to_text(value) if isinstance(value, bytes) else str(value)


def _text(value: object) -> str:
    return display(value) if isinstance(value, bytes) else str(value)
