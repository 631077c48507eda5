"""`ifmosfs model synth`."""

from __future__ import annotations

import click

from ifmosfs.cli.common import TerminalProgress, as_bytes, counted, json_option, print_json, quoted, sized


@click.command("synth")
@click.option(
    "--per-category", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Files of each category."
)
@click.option(
    "--others",
    type=click.IntRange(0, 100_000),
    default=None,
    help="Files that belong to no category; default: as many.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed makes the same files.")
@click.option("--augment", is_flag=True, help="Change about two thirds of the files: words, ends, slips, noise, names.")
@click.option("--category", "categories", multiple=True, metavar="NAME", help="Only these; may be repeated.")
@click.option("--workers", type=click.IntRange(1, 256), default=None, help="Processes; default: one per processor.")
@click.option("--output", required=True, metavar="DIR", help="A folder that does not exist yet, or is empty.")
@json_option
def synth(
    per_category: int,
    others: int | None,
    seed: int,
    augment: bool,
    categories: tuple[str, ...],
    workers: int | None,
    output: str,
    as_json: bool,
) -> None:
    """Make a corpus of files in real formats, with names as people give them, and a manifest of their categories.

    DIR gets files/ and manifest.csv with path, category, document_type, language, format, seed, sha256, n_bytes, augmentation and
    also_ok. The category __none__ stands for files that belong to none. Nothing is overwritten: a folder with something in it is
    refused.
    """
    from ifmosfs.app.synthesising import make_synthetic_corpus

    progress = TerminalProgress()
    try:
        report = make_synthetic_corpus(output, per_category, others, seed, augment, categories, workers, progress)
    finally:
        progress.close()
    if as_json:
        print_json(
            {"output": output, "files": report.n_files, "bytes": report.n_bytes, "categories": report.by_category}
        )
        return
    n_types = counted(report.n_types, "document type")
    click.echo(
        f"{counted(report.n_files, 'file')} of {counted(len(report.by_category), 'category')} and {n_types}, {sized(report.n_bytes)}"
    )
    click.echo(f"{quoted(as_bytes(output) + b'/manifest.csv')} tells what each one is.")
