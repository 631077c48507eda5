"""`ifmosfs model train`."""

from __future__ import annotations

import time

import click

from ifmosfs.cli.common import (
    as_bytes,
    counted,
    json_option,
    legible,
    opened_app,
    print_json,
    quoted,
    tell_of_the_environment,
)


@click.command("train")
@click.option(
    "--data",
    multiple=True,
    metavar="CSV|DIR",
    help="Labelled files, with path and category; may be repeated. Default: a new synthetic corpus.",
)
@click.option(
    "--per-category",
    type=click.IntRange(2, 10_000),
    default=200,
    show_default=True,
    help="Files of each category in the synthetic corpus.",
)
@click.option(
    "--kind",
    type=click.Choice(["linear", "transformer", "ensemble"]),
    default="linear",
    show_default=True,
    help="What it reads: words and structure; sentence embeddings beside the rules; or both.",
)
@click.option(
    "--embeddings",
    metavar="DIR|wordllama",
    help="For all kinds but linear: a folder with embeddings (tokenizer.json and model.onnx or *.safetensors), or that package's.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed and files make the same model.")
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes; default: one per processor.")
@click.option("--output", metavar="DIR", help="Write the model into this new folder instead of keeping it.")
@click.option("--use", "use_it", is_flag=True, help="Use it from now on.")
@json_option
def train(
    data: tuple[str, ...],
    per_category: int,
    kind: str,
    embeddings: str | None,
    seed: int,
    jobs: int | None,
    output: str | None,
    use_it: bool,
    as_json: bool,
) -> None:
    """Train a model on labelled files, and measure it on kinds of files that it has not seen.

    Nothing that the program itself has proposed is learned from. The model is kept beside the others, and used after
    `ifmosfs model use`.
    """
    from ifmosfs.app.training import train_model
    from ifmosfs.core.errors import UsageProblem

    if use_it and output is not None:
        raise UsageProblem("--output keeps no model that could be used", hint="leave --output or --use out")
    started = time.monotonic()
    with opened_app() as app:
        report = train_model(
            app,
            data,
            per_category=per_category,
            seed=seed,
            n_jobs=jobs,
            output=output,
            kind=kind,
            embeddings=embeddings,
        )
        if use_it:
            app.models.use(report.stored.model_id)
            tell_of_the_environment(app)
    stored, figures = report.stored, report.stored.meta.figures
    if as_json:
        print_json(
            {
                "model": stored.model_id,
                "kind": stored.meta.kind,
                "output": report.output,
                "files": report.n_files,
                "missing": list(report.missing),
                "repeated": report.n_repeated,
                "unknown": report.unknown,
                "figures": figures,
                "threshold": stored.meta.threshold,
                "seconds": round(time.monotonic() - started, 1),
            }
        )
        return
    click.echo(
        f"Trained {stored.model_id} on {counted(report.n_files, 'file')} of {len(stored.model.labels)} labels "
        f"in {time.monotonic() - started:.0f} s"
    )
    if report.missing:
        click.echo(f"{counted(len(report.missing), 'file')} of the set are not there")
    if report.n_repeated:
        click.echo(f"left out: {counted(report.n_repeated, 'row')} that name a file once more")
    if report.unknown:
        unknown = ", ".join(f"{legible(name)} ({n_files:,})" for name, n_files in report.unknown.items())
        click.echo(f"categories that there are not, whose files will get none: {unknown}")
    click.echo(
        f"On kinds of files held back: {figures['accuracy']:.1%} right; from {stored.meta.threshold:.2f} on "
        f"{figures['coverage']:.1%} are decided, {figures['precision']:.1%} of them rightly"
    )
    if report.output is not None:
        to = quoted(as_bytes(report.output))
        click.echo(f"Written to {to}. Next: ifmosfs model import {to}")
    elif use_it:
        click.echo("It is in use from now on. Next: ifmosfs classify")
    else:
        click.echo(f"Next: ifmosfs model use {stored.model_id}")
