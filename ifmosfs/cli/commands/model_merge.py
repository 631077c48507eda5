"""`ifmosfs model merge`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ifmosfs.cli.common import counted, json_option, print_json

if TYPE_CHECKING:
    from ifmosfs.ml.labelled import Balance

MOST_CONFLICTS = 20


@click.command("merge")
@click.argument("sets", nargs=-1, required=True, metavar="CSV…")
@click.option("--output", required=True, metavar="CSV", help="The merged set; must not exist yet.")
@json_option
def merge(sets: tuple[str, ...], output: str, as_json: bool) -> None:
    """Make one labelled set of several: each content once, by its hash.

    Contents with different categories are listed and left out. Every row says which set and line it comes from.
    """
    from ifmosfs.app.synthesising import merge_labelled_sets

    merged = merge_labelled_sets(sets, output)
    if as_json:
        conflicts = [
            {"sha256": each.sha256, "claims": [{"category": c, "where": w} for c, w in each.claims]}
            for each in merged.conflicts
        ]
        print_json(
            {
                "output": output,
                "read": merged.n_read,
                "kept": len(merged.rows),
                "duplicates": merged.n_duplicates,
                "missing": merged.n_missing,
                "conflicts": conflicts,
                "before": _balance(merged.before),
                "after": _balance(merged.after),
            }
        )
        return
    click.echo(
        f"{counted(merged.n_read, 'row')} read, {len(merged.rows):,} kept, {counted(merged.n_duplicates, 'duplicate')}"
    )
    if merged.n_missing:
        click.echo(f"{counted(merged.n_missing, 'row')} left out: no hash, and the file cannot be read")
    for each in merged.conflicts[:MOST_CONFLICTS]:
        click.echo(
            f"conflict {each.sha256[:12]}: " + ", ".join(f"{category} ({where})" for category, where in each.claims)
        )
    if len(merged.conflicts) > MOST_CONFLICTS:
        click.echo(f"... and {len(merged.conflicts) - MOST_CONFLICTS:,} more (--json lists all)")
    for when, shown in (("before", merged.before), ("after", merged.after)):
        click.echo(
            f"{when}: {counted(len(shown.by_category), 'category')}, imbalance {shown.imbalance:.2f}, variation {shown.variation:.2f}"
        )
    for category in merged.before.by_category:
        click.echo(
            f"  {category:<24} {merged.before.by_category[category]:>7,} {merged.after.by_category.get(category, 0):>7,}"
        )


def _balance(shown: Balance) -> dict[str, Any]:
    return {
        "categories": dict(shown.by_category),
        "imbalance_ratio": round(shown.imbalance, 4),
        "coefficient_of_variation": round(shown.variation, 4),
    }
