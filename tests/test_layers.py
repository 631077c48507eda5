"""The arrows between the layers, read from the source; and what the quick commands must not load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ifmosfs

PACKAGE = Path(ifmosfs.__file__).parent
PROJECT = PACKAGE.parent

BELOW: dict[str, set[str]] = {
    "core": set(),
    "view": {"core"},
    "platform": {"core", "view"},
    "store": {"core", "view"},
    "ml": {"core", "view"},
    "app": {"core", "view", "platform", "store", "ml"},
    "cli": {"core", "view", "platform", "store", "ml", "app"},
}
"""What each layer may import besides itself and the names in `ifmosfs` itself, such as its version."""

ONLY_IN: dict[str, set[str]] = {
    "mfusepy": {"platform"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "sqlite3": {"store"},
    "click": {"cli"},
    "rich": {"cli"},
    "platformdirs": {"app"},
    "PIL": {"ml"},
    "filetype": {"ml"},
    "pypdfium2": {"ml"},
    "tinytag": {"ml"},
    "sklearn": {"ml"},
    "fontTools": {"ml", "app"},
}
"""The packages that only some layers may name."""

SAMPLES = {("sqlite3", "ml/synth/formats/databases.py")}
"""Where a package is named all the same: databases that are made as samples to learn from are none of the program's own."""

HEAVY = (
    "fontTools",
    "sqlalchemy",
    "alembic",
    "mfusepy",
    "PIL",
    "rich",
    "sklearn",
    "filetype",
    "msgspec",
    "pypdfium2",
    "tinytag",
)
QUICK = (
    "--help",
    "--version",
    "stage --help",
    "stage create --help",
    "mount --help",
    "model synth --help",
    "commit --help",
    "rollback --help",
)


def modules() -> Iterator[tuple[str, Path]]:
    """Every module with its layer; the two at the top, `__init__` and `__main__`, are the package's own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        layer = path.relative_to(PACKAGE).parts[0]
        if layer in BELOW:
            yield layer, path


@cache
def imported(path: Path) -> frozenset[str]:
    """The full names of what a module imports, wherever in it the import stands."""
    return frozenset(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = (*path.relative_to(PROJECT).parts[:-1],)
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (*package[: len(package) - node.level + 1],) if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_module_belongs_to_a_layer() -> None:
    layers = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")}
    assert layers - {"__init__.py", "__main__.py"} == set(BELOW)


@pytest.mark.parametrize("layer", BELOW)
def test_arrows_point_down(layer: str) -> None:
    upward = {
        (str(path.relative_to(PACKAGE)), name)
        for its, path in modules()
        if its == layer
        for name in imported(path)
        if name.startswith("ifmosfs.")
        and name.split(".")[1] in BELOW
        and name.split(".")[1] not in BELOW[layer] | {layer}
    }
    assert upward == set()


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_named_only_in_the_layer_that_it_serves(package: str) -> None:
    naming = {
        layer
        for layer, path in modules()
        for name in imported(path)
        if name.split(".")[0] == package and (package, path.relative_to(PACKAGE).as_posix()) not in SAMPLES
    }
    assert naming <= ONLY_IN[package]


@pytest.mark.parametrize("arguments", QUICK)
def test_what_only_explains_itself_loads_nothing_heavy(tmp_path: Path, arguments: str) -> None:
    program = (
        "import sys\n"
        "from ifmosfs.cli.main import invoke\n"
        f"status = invoke({arguments.split()!r})\n"
        f"print(status, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={**os.environ, "HOME": str(tmp_path), "IFMOSFS_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stderr, (tmp_path / "state").exists()) == ("0 []\n", False)
